"""Names of other tools in a config: the error names nntrain's own option or component, or says what to do instead."""

import pytest

from nntrain import other_tools
from nntrain.component import Component, _families
from nntrain.config import Document, checked, kinds
from nntrain.config.schema import Config
from nntrain.config.sweep_schema import Sweep
from nntrain.errors import UserError
from nntrain.options import Options

GOOD = """\
data: digits
model:
  layers:
    - dense: {units: 8, activation: relu}
    - dense: 10
loss: cross_entropy
optimizer: {adam: {lr: 0.01}}
train: {epochs: 1}
"""
IMAGE = GOOD.replace("digits", "{source: {digits: {as: image}}}")


def components() -> set[type[Component]]:
    return {member for members in _families.values() for member in members.values()}


def sections(kind: type[Options]) -> set[type[Options]]:
    found = {kind}
    for name in kind.option_names():
        child = kinds.child(kind, name)
        section = kinds.section(child) or kinds.section(kinds.child(child, 0))
        if section and not issubclass(section, Component):
            found |= sections(section)
    return found


def test_every_option_that_the_table_names_exists():
    names = {
        name for owner in components() | sections(Config) | sections(Sweep) for name in owner.option_names()
    }
    for path in {path for paths in other_tools.OPTIONS.values() for path in paths}:
        if "." in path:
            kind = Config
            for part in path.split("."):
                assert part in kinds.section(kind).option_names(), path
                kind = kinds.child(kind, part)
        else:
            assert path in names, path


def test_every_component_that_the_table_names_exists():
    names = {name for members in _families.values() for name in members}
    assert {ours for found in other_tools.COMPONENTS.values() for ours in found} <= names


def refused(text: str) -> str:
    with pytest.raises(UserError) as caught:
        checked(Document.parse(text))
    return str(caught.value)


# (their option, where it is written, nntrain's option)
RENAMED = [
    *((name, "adam", "lr") for name in ("learning_rate", "init_lr", "eta", "base_lr", "learningRate")),
    *((name, "dense", "units") for name in ("out_features", "hidden_size", "hidden_units", "n_units")),
    *((name, "dense", "activation") for name in ("activation_fn", "act", "nonlinearity")),
    *((name, "conv2d", "filters") for name in ("out_channels", "num_output", "nb_filter", "channels")),
    *((name, "conv2d", "kernel_size") for name in ("kernel", "kernel_w", "ksize", "filter_size")),
    ("strides", "conv2d", "stride"),
    ("bias", "dense", "use_bias"),
    ("kernel_initializer", "dense", "weight_initializer"),
    ("p", "dropout", "rate"),
    ("alpha", "leaky_relu", "slope"),
    ("negative_slope", "leaky_relu", "slope"),
    *((name, "top", "loss") for name in ("criterion", "loss_fn")),
    ("optim", "top", "optimizer"),
    *((name, "top", "data") for name in ("dataset", "train_data")),
    *((name, "top", "model") for name in ("network", "net")),
    *((name, "top", "schedule") for name in ("scheduler", "lr_scheduler", "lr_schedule")),
    *((name, "train", "epochs") for name in ("n_epochs", "num_epochs", "max_epochs", "max_epoch", "Epochs")),
    *((name, "train", "batch_size") for name in ("batch", "batchsize", "mini_batch")),
    *((name, "data", "validation") for name in ("val", "val_split", "validation_split")),
]
PLACES = {
    "adam": lambda name: GOOD.replace("lr: 0.01", f"{name}: 1"),
    "dense": lambda name: GOOD.replace("units: 8", f"units: 8, {name}: 1"),
    "conv2d": lambda name: IMAGE.replace("- dense: 10", f"- conv2d: {{padding: same, {name}: 1}}"),
    "dropout": lambda name: GOOD.replace("- dense: 10", f"- dropout: {{{name}: 0.5}}\n    - dense: 10"),
    "leaky_relu": lambda name: GOOD.replace("- dense: 10", f"- leaky_relu: {{{name}: 0.5}}\n    - dense: 10"),
    "lstm": lambda name: GOOD.replace("- dense: 10", f"- lstm: {{units: 4, {name}: 0.5}}\n    - dense: 10"),
    "top": lambda name: GOOD + f"{name}: 1\n",
    "train": lambda name: GOOD.replace("epochs: 1", f"{name}: 1"),
    "data": lambda name: GOOD.replace("digits", f"{{source: digits, {name}: 0.1}}"),
}


@pytest.mark.parametrize(("name", "place", "ours"), RENAMED)
def test_another_name_of_an_option_is_understood(name, place, ours):
    error = refused(PLACES[place](name))
    assert f"{name}: no such option. In nntrain this is {ours!r}" in error


@pytest.mark.parametrize(
    ("name", "place", "hint"),
    [
        *((name, "top", "`train.epochs`") for name in ("epochs", "n_epochs", "max_epoch")),
        ("epochs", "adam", "`train.epochs`"),
        *((name, "top", "`train.batch_size`") for name in ("batch_size", "batch")),
        *((name, place, "sgd: {lr: ...}") for name in ("lr", "learning_rate") for place in ("top", "train")),
        ("layers", "top", "`model.layers`"),
        ("val_split", "top", "`data.validation`"),
        ("patience", "train", "`train.early_stopping.patience`"),
        ("momentum", "adam", "muon, rmsprop, schedule_free_sgd and sgd"),
        ("momentum", "train", "batch_norm, muon, rmsprop, schedule_free_sgd and sgd"),
        ("weight_decay", "train", "optimizers"),
        ("dropout", "lstm", "`model.layers`"),
        ("dropout", "train", "`model.layers`"),
        ("kernel_regularizer", "dense", "`train.regularize.l2`"),
        ("l2", "dense", "`train.regularize.l2`"),
        *((name, "adam", "`train.grad_clip.norm`") for name in ("clipnorm", "max_norm", "clip_grad_norm")),
        ("dtype", "top", "`train.precision`"),
        ("adam", "top", "`optimizer`"),
        *(
            (name, "dense", "infers the input's shape")
            for name in ("in_features", "input_dim", "input_shape")
        ),
        ("num_layers", "lstm", "`repeat: {times: ..., layers: [...]}`"),
        ("shuffle", "train", "shuffles"),
        *((name, "train", "CPU") for name in ("device", "cuda", "gpu")),
        ("num_workers", "data", "threads"),
        ("warmup_steps", "train", "schedule"),
    ],
)
def test_an_option_of_another_place_has_a_hint(name, place, hint):
    error = refused(PLACES[place](name))
    assert f"{name}: no such option" in error
    assert hint in error.partition("\nhint: ")[2].split("\n")[0]


@pytest.mark.parametrize(
    ("family", "names", "ours"),
    [
        ("layer", "Linear Dense fc InnerProduct FullyConnected", "dense"),
        ("layer", "Conv2d Conv2D convolutional Convolution", "conv2d"),
        ("layer", "BatchNorm2d BatchNorm1d BatchNormalization", "batch_norm"),
        ("layer", "MaxPool2d MaxPooling2D", "max_pool2d"),
        ("layer", "LSTM", "lstm"),
        ("layer", "GRU", "gru"),
        ("layer", "RNN SimpleRNN", "simple_rnn"),
        ("layer", "LeakyReLU", "leaky_relu"),
        (
            "loss",
            "CrossEntropyLoss categorical_crossentropy sparse_categorical_crossentropy softmax_loss",
            "cross_entropy",
        ),
        ("loss", "BCEWithLogitsLoss bce", "binary_cross_entropy"),
        ("loss", "MSELoss mean_squared_error l2", "mse"),
        ("loss", "L1Loss", "mae"),
        ("optimizer", "Adam", "adam"),
        ("optimizer", "AdamW", "adamw"),
        ("optimizer", "SGD", "sgd"),
        ("optimizer", "RMSprop", "rmsprop"),
        ("schedule", "StepLR", "step"),
        ("schedule", "MultiStepLR", "multi_step"),
        ("schedule", "CosineAnnealingLR", "cosine"),
        ("schedule", "OneCycleLR", "one_cycle"),
        ("schedule", "ReduceLROnPlateau", "reduce_on_plateau"),
    ],
)
def test_another_name_of_a_component_is_understood(family, names, ours):
    places = {
        "layer": lambda name: GOOD.replace("- dense: 10", f"- {name}: 10"),
        "loss": lambda name: GOOD.replace("cross_entropy", name),
        "optimizer": lambda name: GOOD.replace("adam", name),
        "schedule": lambda name: GOOD + f"schedule: {name}\n",
    }
    for name in names.split():
        assert f"unknown {family} {name!r}. In nntrain this is {ours!r}" in refused(places[family](name))


def test_a_component_of_another_family_has_a_hint():
    assert "hint: `relu` is a layer: add it to `model.layers`" in refused(
        GOOD.replace("cross_entropy", "relu")
    )
    assert "hint: `adam` is an optimizer: set `optimizer`" in refused(GOOD.replace("- dense: 10", "- adam"))
