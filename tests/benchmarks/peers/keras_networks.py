"""The yardstick networks in Keras 3, as `nntrain bench` has them from the YAML files of the same names.

Keras's batch norm counts its running statistics as parameters that are not trained; its GRU has a second bias, as PyTorch's.
"""

import keras
import numpy as np
from keras import layers

RNG = np.random.default_rng(0)


def perceptron(shape, *units, activation="relu"):
    hidden = [layers.Dense(count, activation=activation) for count in units[:-1]]
    return keras.Sequential([keras.Input(shape), *hidden, layers.Dense(units[-1])])


def lenet():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPool2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPool2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10),
        ]
    )


def lenet5():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, activation="relu"),
            layers.MaxPool2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPool2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10),
        ]
    )


def convolution(x, filters, kernel=3, stride=1):
    """With batch norm, and so without a bias."""
    x = layers.Conv2D(filters, kernel, stride, padding="same", use_bias=False)(x)
    return layers.BatchNormalization(epsilon=1e-5, momentum=0.9)(x)


def vgg():
    x = inputs = keras.Input((32, 32, 3))
    for filters in (64, 128, 256):
        x = layers.ReLU()(convolution(x, filters))
        x = layers.MaxPool2D()(layers.ReLU()(convolution(x, filters)))
    x = layers.Dense(256, activation="relu")(layers.Flatten()(x))
    return keras.Model(inputs, layers.Dense(10)(x))


def resnet20():
    inputs = keras.Input((32, 32, 3))
    x = layers.ReLU()(convolution(inputs, 16))
    for filters, first in ((16, 1), (32, 2), (64, 2)):
        for stride in (first, 1, 1):
            y = convolution(layers.ReLU()(convolution(x, filters, 3, stride)), filters)
            if stride > 1:
                x = convolution(x, filters, 1, stride)
            x = layers.ReLU()(y + x)
    return keras.Model(inputs, layers.Dense(10)(layers.GlobalAveragePooling2D()(x)))


def characters(recurrent):
    return keras.Sequential(
        [
            keras.Input((64,), dtype="int32"),
            layers.Embedding(64, 64),
            recurrent(256, return_sequences=True),
            layers.Dense(64),
        ]
    )


class Positions(layers.Layer):
    def build(self, shape):
        self.weight = self.add_weight(shape=shape[1:], initializer="random_normal")

    def call(self, x):
        return x + self.weight


def transformer(features=128, heads=4):
    inputs = keras.Input((64,), dtype="int32")
    x = Positions()(layers.Embedding(65, features)(inputs))
    for _ in range(4):
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(heads, features // heads, use_bias=False)(
            y, y, use_causal_mask=True
        )
        y = layers.LayerNormalization(epsilon=1e-5)(x)
        y = keras.activations.gelu(layers.Dense(4 * features, use_bias=False)(y), approximate=False)
        x = x + layers.Dense(features, use_bias=False)(y)
    return keras.Model(inputs, layers.Dense(65, use_bias=False)(layers.LayerNormalization(epsilon=1e-5)(x)))


def table(size=8):
    """Numbers, beside a vector of 8 numbers for each category of several columns."""
    numbers, categories = keras.Input((30,)), keras.Input((6,), dtype="int32")
    vectors = [layers.Embedding(16, size)(categories[:, column]) for column in range(6)]
    x = layers.Concatenate()([numbers, *vectors])
    for units in (256, 128):
        x = layers.Dense(units, activation="relu")(x)
    return keras.Model((numbers, categories), layers.Dense(2)(x))


def samples(*shape):
    """Random ones of 10 classes."""
    return lambda: (RNG.standard_normal(shape, np.float32), RNG.integers(10, size=shape[:1]))


def texts(rows=32, vocabulary=64):
    """A batch of so many times 64 characters, and the next of each."""
    return RNG.integers(vocabulary, size=(rows, 64), dtype=np.int32), RNG.integers(
        vocabulary, size=(rows, 64)
    )


def functions():
    """10,000 samples of 4 numbers, and 4 numbers to predict for each."""
    return RNG.standard_normal((10_000, 4), np.float32), RNG.standard_normal((10_000, 4), np.float32)


def columns(rows=256):
    """30 numbers and 6 columns of 16 categories; two classes."""
    categories = RNG.integers(16, size=(rows, 6), dtype=np.int32)
    return (RNG.standard_normal((rows, 30), np.float32), categories), RNG.integers(2, size=rows)


def momentum():
    return keras.optimizers.SGD(0.01, momentum=0.9)


def adam():
    return keras.optimizers.Adam(1e-3)


def adamw():
    return keras.optimizers.AdamW(1e-3, weight_decay=0.1)


# name: (makes the network, makes its batch, makes the optimizer)
NETWORKS = {
    "mlp-digits": (lambda: perceptron((64,), 64, 10), samples(32, 64), momentum),
    "mlp-tiny": (lambda: perceptron((4,), 32, 16, 4, activation="tanh"), functions, adam),
    "mlp-mnist": (lambda: perceptron((784,), 256, 128, 10), samples(128, 784), adam),
    "mlp-wide": (lambda: perceptron((1024,), 2048, 2048, 10), samples(256, 1024), adam),
    "lenet-mnist": (lenet, samples(64, 28, 28, 1), momentum),
    "lenet5-mnist": (lenet5, samples(128, 28, 28, 1), adam),
    "vgg-cifar": (vgg, samples(64, 32, 32, 3), momentum),
    "resnet20-cifar": (resnet20, samples(128, 32, 32, 3), momentum),
    "lstm-char": (lambda: characters(layers.LSTM), texts, adam),
    "gru-char": (lambda: characters(layers.GRU), texts, adam),
    "gpt-char": (transformer, lambda: texts(12, 65), adamw),
    "table": (table, columns, adam),
}
