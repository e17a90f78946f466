"""Schedules: the learning rate over a training that has not begun, beside the other schedules."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nntrain.report.formats import count, counted, short
from nntrain.report.pictures.drawing import canvas
from nntrain.report.pictures.drawing.axes import scale, whole_numbers
from nntrain.report.pictures.drawing.curves import drops
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject
from nntrain.report.pictures.training.lr_panel import draw_groups

if TYPE_CHECKING:
    from nntrain.schedules import Schedule

MOST_STEPS = 20_000  # that are computed; of a longer training so many, and both sides of each epoch
SMALL_STEPS = 240  # of the other schedules
COLUMNS = 4
MOST_MARKS = 8  # drops whose epoch is written
LEVELS = 4  # to which a plateau may lower the learning rate, as shown


class Schedules(Picture, name="schedules"):
    title = "The learning rate over the run before it runs, beside the other schedules."
    takes = ("config",)

    scale: Literal["auto", "log", "linear"] = option("auto", "the scale of the learning rate")

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """step and lr (steps,) of the config's schedule; others (schedules, SMALL_STEPS) with the same base rate, and their names."""
        from nntrain.schedules import Schedule
        from nntrain.training.groups import other_rates

        config = subject.setup.config
        per_epoch = len(subject.setup.batches())
        epochs = config.train.schedule_epochs or config.train.epochs
        schedule, base = config.schedule, config.optimizer.lr
        step = steps_of(per_epoch, epochs)
        state = schedule.start()
        kinds = dict.fromkeys(kind for kind in Schedule.members().values() if kind is not type(schedule))
        others = [(kind.yaml_name, example(kind, base)) for kind in kinds]
        warmup = schedule.warmup.length(per_epoch) if schedule.warmup else 0.0
        follows = schedule.yaml_name == "reduce_on_plateau"
        return {
            "step": step,
            "lr": np.array([schedule.lr(base, int(i), per_epoch, epochs, state) for i in step]),
            "per_epoch": np.array(per_epoch),
            "epochs": np.array(epochs),
            "warmup": np.array(min(warmup / per_epoch, epochs)),
            "schedule": np.array(schedule.yaml_name),
            "levels": np.array(levels(schedule, base) if follows else []),
            "plateau": np.array(rule(schedule, subject.setup.monitor.name) if follows else ""),
            "names": np.array([name for name, _ in others]),
            "groups": np.array(list(other_rates(config).items()), dtype=str).reshape(-1, 2),
            "others": np.array([curve(other, base) for _, other in others]),
        }

    def figure(self, drawn: Drawn) -> Any:
        """The config's schedule above, each other one in small below."""
        arrays = drawn.arrays
        names, others = arrays["names"], arrays["others"]
        rows = -(-len(names) // COLUMNS)
        figure = canvas.new_figure(canvas.WIDTH, 4.6 + 0.95 * rows)
        top = canvas.title(figure, drawn.name, legend_rows=0, sentence=sentence(arrays))
        grid = figure.add_gridspec(rows + 1, COLUMNS, height_ratios=[4.4, *[1] * rows])
        main = figure.add_subplot(grid[0, :])
        draw_main(main, arrays, self.is_logarithmic(arrays["lr"]))
        high = 1.15 * others.max() if len(others) else 1.0
        for i, (name, lr) in enumerate(zip(names, others, strict=True)):
            axes = figure.add_subplot(grid[1 + i // COLUMNS, i % COLUMNS])
            note = " (follows the loss)" if name == "reduce_on_plateau" else ""
            axes.plot(np.arange(len(lr)), lr, color=canvas.PALE_INK, linewidth=1.5, drawstyle="steps-post")
            axes.set_title(f"{name}{note}", fontsize=8.6, pad=3, parse_math=False)
            axes.set_ylim(-0.04 * high, high)
            axes.set_xticks([])
            axes.set_yticks([])
        canvas.lay_out(figure, top)
        return figure

    def is_logarithmic(self, lr: np.ndarray) -> bool:
        """Whether the scale is: by default where much of the training has a rate that a linear axis shows as 0."""
        if self.scale != "auto":
            return self.scale == "log" and bool((lr > 0).any())
        return bool(np.mean(lr <= 0.12 * lr.max()) > 0.3 and (lr > 0).all())


def steps_of(per_epoch: int, epochs: int) -> np.ndarray:
    """The steps, from 0, whose learning rates are shown."""
    total = per_epoch * epochs
    if total <= MOST_STEPS:
        return np.arange(total)
    edges = np.linspace(0, epochs, min(epochs, MOST_STEPS) + 1).astype(int) * per_epoch
    even = np.linspace(0, total - 1, MOST_STEPS).astype(int)
    return np.unique(np.concatenate([even, edges[:-1], edges[1:] - 1]))


def example(kind: "type[Schedule]", base: float) -> "Schedule":
    """A schedule of SMALL_STEPS steps with typical options."""
    n = SMALL_STEPS
    options: dict[str, dict[str, Any]] = {
        "step": {"step_size": n // 4, "gamma": 0.5},
        "multi_step": {"milestones": (n // 2, 3 * n // 4), "gamma": 0.3},
        "exponential": {"gamma": 0.05 ** (1 / n)},
        "polynomial": {"power": 2.0},
        "inverse_time": {"gamma": 10 / n},
        "cosine_restarts": {"t_0": n // 7 + 1, "t_mult": 2},
        "one_cycle": {"max_lr": 2 * base},
        "cyclic": {"max_lr": 2 * base, "step_size": n // 6},
        "reduce_on_plateau": {"factor": 0.5},
        "wsd": {"warmup": {"steps": n // 12}},
        "inverse_sqrt": {"warmup": {"steps": n // 12}},
    }
    return kind.model_validate({**(options.get(kind.yaml_name, kind.example)), "unit": "step"})


def curve(schedule: "Schedule", base: float) -> np.ndarray:
    """Its learning rates (SMALL_STEPS,); of one that follows the loss, as if that had stopped falling three times."""
    state = schedule.start()
    found = []
    for step in range(SMALL_STEPS):
        if "drops" in state and step and step % (SMALL_STEPS // 4) == 0:
            state = {**state, "drops": state["drops"] + 1}
        found.append(schedule.lr(base, step, SMALL_STEPS, 1, state))
    return np.array(found)


def levels(schedule: Any, base: float) -> list[float]:
    """The learning rates after each of the first drops of reduce_on_plateau."""
    found = [schedule.value(base, 0, 1, {"drops": n}) for n in range(1, LEVELS)]
    return list(dict.fromkeys(lr for lr in found if lr < base))


def rule(schedule: Any, monitored: str) -> str:
    patience = counted(schedule.patience, "evaluation")
    return f"it is multiplied by {short(schedule.factor)} each time {monitored} does not improve for more than {patience}"


def sentence(arrays: Any) -> str:
    lr, epochs, per_epoch = arrays["lr"], int(arrays["epochs"]), int(arrays["per_epoch"])
    length = f"{counted(epochs, 'epoch')} of {counted(per_epoch, 'step')}"
    others = "below, the other schedules with the same base rate"
    if rule := str(arrays["plateau"]):
        text = f"reduce_on_plateau depends on the training: from {rounded(lr.max())} {rule}, here to the dashed levels"
    elif lr.min() == lr.max():
        text = f"The learning rate stays at {rounded(lr[0])} for {length}"
    else:
        peak = "" if lr.max() <= max(lr[0], lr[-1]) else f" up to {rounded(lr.max())}, then"
        text = (
            f"The learning rate before training, by the schedule {arrays['schedule']}: "
            f"from {rounded(lr[0])}{peak} to {rounded(lr[-1])} over {length}"
        )
    return f"{text}; {others}."


def rounded(lr: float) -> str:
    return short(float(f"{lr:.3g}"))


def draw_main(axes: Any, arrays: Any, logarithmic: bool) -> None:
    """The learning rate of each step, with warmup and drops marked, over epochs below and steps above."""
    per_epoch, epochs = int(arrays["per_epoch"]), int(arrays["epochs"])
    step, lr = arrays["step"], arrays["lr"]
    below = arrays["levels"]
    groups = [(name, float(multiple)) for name, multiple in arrays["groups"].tolist()]
    multiples = [1.0, *(multiple for _, multiple in groups)]
    shown = np.concatenate([lr[lr > 0], below]) if logarithmic else np.concatenate([lr, below])
    low, high = float(shown.min()) * min(multiples), float(shown.max()) * max(multiples)
    margin = max((high / low) ** 0.08, 1.15) if logarithmic else 0.0
    scale(axes, low / margin, high * margin, True) if logarithmic else scale(axes, 0, 1.12 * high, False)
    x = np.append(step, per_epoch * epochs) / per_epoch
    axes.plot(x, np.append(lr, lr[-1]), color=canvas.BLUE, linewidth=2.2, drawstyle="steps-post", zorder=4)
    draw_groups(axes, x[:-1], x[1:], lr, dict(groups))
    axes.set_xlim(0, epochs)
    axes.xaxis.set_major_locator(whole_numbers(epochs))
    axes.set_xlabel("epoch", loc="right")
    axes.set_ylabel("learning rate")
    axes.grid(True)
    above = axes.secondary_xaxis("top", functions=(lambda e: e * per_epoch, lambda s: s / per_epoch))
    above.xaxis.set_major_locator(whole_numbers(per_epoch * epochs))
    above.xaxis.set_major_formatter(lambda value, place: count(value))
    above.set_xlabel("step", loc="right")
    above.tick_params(color=canvas.SPINE)
    above.spines["top"].set_color(canvas.SPINE)
    for level in below:
        axes.axhline(level, color=canvas.BLUE, linewidth=1.4, linestyle=(0, (4, 3)))
    draw_warmup(axes, float(arrays["warmup"]))
    draw_drops(axes, step, lr, per_epoch)


def draw_warmup(axes: Any, end: float) -> None:
    if end:
        axes.axvspan(0, end, color=canvas.SKY, alpha=0.22, linewidth=0, zorder=0)
        place = {"xycoords": "axes fraction", "textcoords": "offset points"}
        axes.annotate("warmup", (0, 0.02), (5, 0), fontsize=8.6, color=canvas.SOFT_INK, **place)


def draw_drops(axes: Any, step: np.ndarray, lr: np.ndarray, per_epoch: int) -> None:
    """A dashed line at each drop of a schedule that holds its rates between drops, with the epoch and the new rate."""
    at = drops(lr)
    if np.count_nonzero(lr[1:] < lr[:-1]) != len(at):
        return
    for i in at:
        epoch = step[i] / per_epoch
        axes.axvline(epoch, color=canvas.PALE_INK, linewidth=1, linestyle=(0, (4, 3)), zorder=1.5)
        if len(at) <= MOST_MARKS:
            text = f"{short(float(lr[i]))} from epoch {short(epoch)}"
            axes.annotate(
                text, (epoch, lr[i]), (5, 5), textcoords="offset points", fontsize=8.6, color=canvas.SOFT_INK
            )
