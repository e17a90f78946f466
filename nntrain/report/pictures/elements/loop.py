"""Loop: data, model, prediction, loss and optimizer of a config, and the arrows of one training step between them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.report.formats import counted, number, short
from nntrain.report.pictures.computing.layer_names import by, described, options_of
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.canvas import BLUE, GREEN, ORANGE, PALE_INK, PINK, RED, SKY, SOFT_INK
from nntrain.report.pictures.drawing.diagram import Box, Diagram
from nntrain.report.pictures.picture import Drawn, Picture
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.training.setup import Setup

LAYERS = 5  # that the model's box lists
OPTIONS = 3  # that a component's box lists
HEIGHT = 5.1
TALL, LOW, TARGET = 1.5, 0.95, 0.7  # heights of boxes
COLUMNS = ((0.3, 1.75), (2.75, 1.9), (5.35, 1.3), (7.1, 1.6))  # left edge and width


class Loop(Picture, name="loop"):
    title = "One training step: data, model, prediction, loss, and the optimizer that changes the parameters."
    takes = ("config",)

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """The lines of text of each box and each arrow, by its name; and what the sentence counts."""
        setup = subject.setup
        batches = setup.batches()
        return {
            **{name: np.array(lines) for name, lines in texts(setup).items()},
            "loss_value": np.array(first_loss(subject)),
            "steps": np.array([len(batches), setup.config.train.epochs]),
        }

    def figure(self, drawn: Drawn) -> Any:
        found = {name: array.tolist() for name, array in drawn.arrays.items()}
        figure = canvas.new_figure(height=HEIGHT)
        steps, epochs = found["steps"]
        total = (
            f"Each of {steps * epochs:,} steps ({steps:,} per epoch, {counted(epochs, 'epoch')})"
            if epochs
            else f"Each step ({steps:,} per epoch)"
        )
        sentence = (
            f"{total} predicts a batch, measures the loss, and moves the parameters so that the loss falls"
        )
        top = canvas.title(figure, drawn.name, sentence=sentence, legend_rows=0)
        diagram = Diagram(figure)
        upper, middle, lower = top + 0.05, top + 1.05, HEIGHT - LOW - 0.12
        (x0, w0), (x1, w1), (x2, w2), (x3, w3) = COLUMNS

        data = diagram.box(Box(x0, middle, w0, TALL), found["data"], BLUE)
        model = diagram.box(Box(x1, middle, w1, TALL), found["model"], ORANGE)
        guess = diagram.box(Box(x2, middle + 0.25, w2, TALL - 0.5), found["prediction"], SKY)
        loss = diagram.box(
            Box(x3, middle, w3, TALL),
            [*found["loss"], f"of this batch: {number(found['loss_value'])}"],
            RED,
        )
        target = diagram.box(Box(x2, upper, w2, TARGET), found["target"], BLUE)
        slope = diagram.box(Box(x2 - 0.15, lower, w2 + 0.3, LOW), found["gradient"], RED)
        update = diagram.box(Box(x1, lower, w1, LOW), found["optimizer"], GREEN)
        schedule = diagram.box(Box(x0, lower, w0, LOW), found["schedule"], PINK)

        diagram.arrow([data.right, model.left], BLUE, width=2)
        diagram.arrow([model.right, guess.left], ORANGE, width=2)
        diagram.arrow([guess.right, loss.left], SKY, width=2)
        diagram.arrow([data.top, (data.top[0], target.left[1]), target.left], BLUE, width=2)
        diagram.arrow([target.right, (loss.top[0], target.right[1]), loss.top], BLUE, width=2)
        diagram.arrow([loss.bottom, (loss.bottom[0], slope.right[1]), slope.right], RED, width=2, dashed=True)
        diagram.arrow([slope.left, update.right], RED, width=2, dashed=True)
        diagram.arrow([update.top, model.bottom], GREEN, width=2)
        diagram.arrow([schedule.right, update.left], PINK, width=2)

        above, gap = -0.13, data.right[1]
        note(diagram, (data.right[0] + model.left[0]) / 2, gap + above, "x", found["x"], up=True)
        note(diagram, (model.right[0] + guess.left[0]) / 2, gap + above, "y", found["y"], up=True)
        note(diagram, loss.bottom[0] + 0.08, (loss.bottom[1] + lower) / 2, "backward", [], ha="left")
        note(diagram, update.top[0] + 0.08, (model.bottom[1] + lower) / 2, "new parameters", [], ha="left")
        note(diagram, data.top[0] + 0.08, (data.top[1] + target.left[1]) / 2, "targets", [], ha="left")
        note(diagram, (data.right[0] + update.left[0]) / 2, schedule.right[1] + above, "lr", [], up=True)
        return figure


def note(
    diagram: Diagram,
    x: float,
    y: float,
    text: str,
    lines: list[str],
    *,
    up: bool = False,
    ha: str = "center",
) -> None:
    """The name of what an arrow carries, and its shape below the arrow."""
    diagram.text(
        x, y, text, size=9, colour=SOFT_INK, ha=ha, fontstyle="italic", va="bottom" if up else "center"
    )
    for row, line in enumerate(lines):
        diagram.text(x, y + 0.26 + 0.14 * row, line, size=7.5, colour=PALE_INK, va="top", width=0.68)


def texts(setup: "Setup") -> dict[str, list[str]]:
    """The lines of each box and arrow; the first line of a box is its name."""
    config, splits, graph = setup.config, setup.splits, setup.graph
    train, rows = splits.train, setup.batches().rows
    sizes = [f"{len(part):,} {name}" for name, part in splits.parts().items()]
    augment = [f"augmented: {', '.join(each.yaml_name for each in config.data.augment)}"]
    layers = [described(layer) for layer in config.model.layers]
    if len(layers) > LAYERS:
        layers = [*layers[: LAYERS - 2], f"… {len(layers) - LAYERS + 1} more …", layers[-1]]
    learning = sum(int(np.prod(param.shape)) for node in graph.layers for param in node.trained.values())
    outputs = by(graph.output.shape)
    targets = len(train.classes) or int(np.prod(train.target_shape))
    kind = f"one of {targets} classes" if train.classes else counted(targets, "number")
    if train.classes and len(train.target_shape) > int(train.per_step):
        kind = f"{targets} classes"
    clip = config.train.grad_clip
    bound = (
        [] if clip is None else [f"norm {short(clip.norm)}" if clip.norm else f"±{short(clip.value or 0)}"]
    )
    return {
        "data": [
            config.data.source.yaml_name,
            *sizes,
            f"sample {by(train.input_shape)}",
            *(augment if config.data.augment else ["standardized"] if config.data.standardize else []),
        ],
        "model": ["model", *layers, counted(learning, "parameter")],
        "prediction": ["prediction", f"{outputs} per sample", f"{rows} samples"],
        "target": ["target", kind, "per step" if train.per_step else "per sample"],
        "loss": [config.loss.yaml_name, *options_of(config.loss, 2), "one number"],
        "gradient": [
            "gradient",
            "one slope for each",
            counted(learning, "parameter"),
            *(f"clipped to {each}" for each in bound),
        ],
        "optimizer": [config.optimizer.yaml_name, *options_of(config.optimizer, OPTIONS)],
        "schedule": [
            f"schedule: {config.schedule.yaml_name}",
            *options_of(config.schedule, 2),
            f"lr starts at {short(config.optimizer.lr)}",
        ],
        "x": batch_of(rows, by(train.input_shape)),
        "y": batch_of(rows, outputs),
    }


def batch_of(rows: int, shape: str) -> list[str]:
    """ "32 × 64", in two lines if it is long."""
    return [f"{rows:,} × {shape}"] if len(shape) <= 3 else [f"{rows:,} ×", shape]


def first_loss(subject: Subject) -> float:
    """The loss of the first samples, before training or, for a run, after it."""
    from nntrain.inference.evaluate import evaluate
    from nntrain.inference.feed import Feeds

    setup, network = subject.setup, subject.network
    train = setup.splits.train
    data = train.select(np.arange(min(setup.batches().rows, network.rows, len(train))))
    return float(evaluate(Feeds(network, data), data, setup.config.loss, ())["loss"])
