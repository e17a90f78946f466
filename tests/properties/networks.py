"""Random valid configs: data of a kind, layers that fit its shape, a loss, an optimizer, a schedule and training options."""

from random import Random
from typing import Any

from nntrain.layers.layer import Activation
from nntrain.losses import Loss
from nntrain.optimizers import Optimizer
from nntrain.schedules import Schedule

ACTIVATIONS = sorted(
    name
    for name, kind in Activation.members().items()
    if not kind.normalizes_logits and not any(field.is_required() for field in kind.model_fields.values())
)
INITIALIZERS = ("auto", "glorot_uniform", "he_normal", "lecun_normal", "orthogonal")
CLASS_LOSSES = (
    "cross_entropy",
    {"cross_entropy": {"label_smoothing": 0.1}},
    "mse",
    "sse",
    "kl_div",
    "nll",
)
BINARY_LOSSES = ("binary_cross_entropy", "hinge", "squared_hinge")
REAL_LOSSES = ("mse", "mae", "huber", "log_cosh", "smooth_l1", "sse")
AUGMENTATIONS = (
    "random_flip",
    {"random_crop": 1},
    {"brightness": 0.2},
    {"random_shift": 0.1},
    "mixup",
    "cutmix",
)
SAMPLES = 36
# Rates at which no small random network diverges.
GENTLE = {
    "sgd": {"sgd": {"lr": 0.05, "momentum": 0.9}},
    "schedule_free_sgd": {"schedule_free_sgd": {"lr": 0.05}},
    "sam": {"sam": {"base": {"sgd": {"lr": 0.05, "momentum": 0.9}}}},
}


class ConfigDrawer:
    def __init__(self, choose: Random):
        self.choose = choose

    def config(self) -> dict[str, Any]:
        choose = self.choose
        kind = choose.choice(("table", "image", "sequence", "tokens"))
        per_step = kind in ("sequence", "tokens") and choose.random() < 0.3
        input_shape: list[int] = {
            "table": lambda: [choose.randint(1, 9)],
            "image": lambda: [choose.randint(5, 9), choose.randint(5, 9), choose.choice((1, 2, 3))],
            "sequence": lambda: [choose.randint(3, 6), choose.randint(1, 5)],
            "tokens": lambda: [choose.randint(3, 6)],
        }[kind]()
        classes = choose.random() < 0.6
        outputs = choose.randint(3, 5) if classes else choose.randint(1, 3)
        if classes and not per_step and choose.random() < 0.2:
            outputs = 2
        losses = BINARY_LOSSES if outputs == 2 and classes else CLASS_LOSSES if classes else REAL_LOSSES
        loss = choose.choice(losses)
        source = {"input": input_shape, "samples": SAMPLES, "classes" if classes else "targets": outputs}
        if kind == "tokens":
            source["vocabulary"] = choose.randint(2, 40)
        if per_step:
            source["target_per_step"] = True
        needed = Loss.parse(loss).required_outputs(outputs if classes else None, None if classes else outputs)
        layers = [*getattr(self, kind)(input_shape, per_step), {"dense": needed}]
        if loss == "nll":
            layers.append("log_softmax")
        data: dict[str, Any] = {"source": {"random": source}, "validation": 0.25}
        if kind != "tokens" and choose.random() < 0.3:
            data["standardize"] = True
        if kind == "image" and choose.random() < 0.5:
            augmentations = choose.sample(AUGMENTATIONS, 2)
            hard = loss not in ("cross_entropy", "mse", "sse")
            data["augment"] = [
                entry for entry in augmentations if not (hard and entry in ("mixup", "cutmix"))
            ]
        optimizer = self.component(Optimizer, GENTLE)
        schedule, train = self.component(Schedule, {}), self.train()
        parsed = Optimizer.parse(optimizer)
        if parsed.average_slot:  # which takes the place of both
            train.pop("ema", None)
        if parsed.needs_no_schedule or parsed.adapts_rate:
            schedule = "constant"
        return {
            "seed": choose.randrange(1000),
            "data": data,
            "model": {"initializer": choose.choice(INITIALIZERS), "layers": layers},
            "loss": loss,
            "metrics": choose.sample(("accuracy", "f1", "auc") if classes else ("rmse", "r2", "mae"), 1),
            "optimizer": optimizer,
            "schedule": schedule,
            "train": train,
        }

    def component(self, family: Any, special: dict[str, Any]) -> Any:
        name = self.choose.choice(sorted(family.members()))
        return special.get(name) or {name: family.members()[name].example}

    def train(self) -> dict[str, Any]:
        choose = self.choose
        optional = {
            "regularize": {"l1": 1e-4, "l2": 1e-3},
            "grad_clip": choose.choice(({"norm": 0.5}, {"value": 0.1})),
            "gradient_noise": {"eta": 0.01},
            "ema": {"decay": 0.9},
            "evaluate_every": {"steps": 2},
            "checkpoint": {"every_steps": 1},
            "precision": "float64",
            "record": {"every_steps": choose.choice((1, 2))},
        }
        few = choose.sample(sorted(optional), choose.randint(0, 3))
        return {"epochs": 2, "batch_size": choose.choice((7, 9, 27)), **{key: optional[key] for key in few}}

    def activation(self) -> str:
        return self.choose.choice(ACTIVATIONS)

    def vector_layer(self) -> list[Any]:
        units = self.choose.randint(1, 20)
        return self.choose.choice(
            (
                [{"dense": {"units": units, "activation": self.activation()}}],
                [{"dense": {"units": units, "use_bias": False}}, "batch_norm", self.activation()],
                [{"maxout": {"units": units, "pieces": 2}}],
                [{"dropout": 0.3}],
                ["layer_norm"],
                ["rms_norm", self.activation()],
                [{"gaussian_noise": 0.1}],
                [{"dense": units}, {"residual": {"body": [{"dense": units}, self.activation()]}}],
                [{"repeat": {"times": 2, "layers": [{"dense": {"units": units, "activation": "relu"}}]}}],
            )
        )

    def table(self, shape: list[int], per_step: bool) -> list[Any]:
        return [layer for _ in range(self.choose.randint(0, 3)) for layer in self.vector_layer()]

    def image(self, shape: list[int], per_step: bool) -> list[Any]:
        choose, layers = self.choose, []
        for _ in range(choose.randint(1, 3)):
            kernel = choose.choice((1, 2, 3, [3, 1]))
            convolution = {"filters": choose.randint(1, 17), "kernel_size": kernel, "padding": "same"}
            depthwise = {"kernel_size": 3, "padding": "same"}
            filters = choose.randint(1, 5)
            layers += choose.choice(
                (
                    [{"conv2d": {**convolution, "activation": self.activation()}}],
                    [{"conv2d": {**convolution, "use_bias": False}}, "batch_norm", "relu"],
                    [{"conv2d": {**convolution, "stride": 2}}],
                    [{"conv2d_transpose": {"filters": filters, "kernel_size": 2}}],
                    [{"depthwise_conv2d": depthwise}, self.activation()],
                    [{"conv2d": {**convolution, "filters": 4}}, {"group_norm": 2}, {"spatial_dropout": 0.2}],
                    [{"conv2d": convolution}, "relu", {"max_pool2d": {"pool_size": 2, "padding": "same"}}],
                    [{"avg_pool2d": {"pool_size": 2, "stride": 1, "padding": "same"}}],
                    [{"conv2d": {**convolution, "filters": 4}}, {"residual": {"body": [{"conv2d": {
                        "filters": 4, "kernel_size": 3, "padding": "same"}}, "batch_norm"]}}, "relu"],
                )
            )  # fmt: skip
        end = choose.choice(("flatten", "global_avg_pool", "global_max_pool"))
        return [*layers, end, *self.table(shape, per_step)]

    def sequence(self, shape: list[int], per_step: bool) -> list[Any]:
        choose, layers = self.choose, []
        units = choose.choice((2, 4, 6))
        for _ in range(choose.randint(0, 2)):
            layers += choose.choice(
                (
                    [
                        {
                            "conv1d": {
                                "filters": units,
                                "kernel_size": 2,
                                "padding": "same",
                                "activation": "relu",
                            }
                        }
                    ],
                    [{"dense": units}, "positional_encoding", {"multi_head_attention": {"heads": 2}}],
                    [{"bidirectional": {"layer": {"lstm": {"units": units, "return_sequences": True}}}}],
                    [{"time_distributed": {"layer": {"dense": units}}}, "layer_norm"],
                    [{choose.choice(("lstm", "gru")): {"units": units, "return_sequences": True}}],
                )
            )
        recurrent = choose.choice(("simple_rnn", "lstm", "gru"))
        if per_step:
            return [*layers, {recurrent: {"units": units, "return_sequences": True}}]
        return [*layers, choose.choice(({recurrent: units}, "flatten", "global_avg_pool"))]

    def tokens(self, shape: list[int], per_step: bool) -> list[Any]:
        return [{"embedding": self.choose.randint(1, 6)}, *self.sequence(shape, per_step)]
