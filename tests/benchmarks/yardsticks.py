"""Yardsticks: what the benchmark script times, as the README's table names it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Yardstick:
    """A network of this folder; a step of its training, or with `rows` the answer for so many rows."""

    network: str  # its YAML file
    title: str  # of its row in the README
    images: bool = False
    rows: int | None = None


YARDSTICKS = {
    "mlp-digits": Yardstick("mlp-digits", "64-64-10 (32, sgd with momentum)"),
    "mlp-tiny": Yardstick("mlp-tiny", "4-32-16-4, tanh (10,000, adam)"),
    "mlp-mnist": Yardstick("mlp-mnist", "784-256-128-10 (128, adam)"),
    "mlp-wide": Yardstick("mlp-wide", "1024-2048-2048-10 (256, adam)"),
    "table": Yardstick("table", "table: 30 numbers, 6 categories (256, adam)"),
    "lenet5-mnist": Yardstick("lenet5-mnist", "LeNet-5 on 28×28 (128, adam)", images=True),
    "lenet-mnist": Yardstick("lenet-mnist", "LeNet on 28×28 (64, sgd with momentum)", images=True),
    "vgg-cifar": Yardstick("vgg-cifar", "VGG on 32×32 (64, sgd with momentum)", images=True),
    "resnet20-cifar": Yardstick("resnet20-cifar", "ResNet-20 on 32×32 (128, sgd with momentum)", images=True),
    "lstm-char": Yardstick("lstm-char", "LSTM of 256, 64 characters (32, adam)"),
    "gru-char": Yardstick("gru-char", "GRU of 256, 64 characters (32, adam)"),
    "gpt-char": Yardstick("gpt-char", "GPT of 4 layers, 64 characters (12, adamw)"),
    "mlp-mnist-1": Yardstick("mlp-mnist", "predict 1 row by 784-256-128-10", rows=1),
    "mlp-mnist-1000": Yardstick("mlp-mnist", "predict 1,000 rows by it", rows=1000),
    "lenet-mnist-1": Yardstick("lenet-mnist", "predict 1 image by LeNet", images=True, rows=1),
    "lenet-mnist-1000": Yardstick("lenet-mnist", "predict 1,000 images by it", images=True, rows=1000),
}
