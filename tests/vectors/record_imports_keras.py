"""Records small networks that Keras trained, in imports/ next to this file: weights, inputs and outputs.

Run it where Keras is installed, from the repository's root: python -m tests.vectors.record_imports_keras
"""

from pathlib import Path

import keras
import numpy as np
from keras import layers

FOLDER = Path(__file__).parent / "imports"
ROWS, STEPS = 6, 5


def mlp():
    return keras.Sequential(
        [
            layers.Input((7,)),
            layers.Dense(8, activation="relu"),
            layers.Dense(8),
            layers.PReLU(),
            layers.Dense(8, activation="tanh"),
            layers.Dense(4),
        ]
    )


def conv():
    return keras.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(4, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(2),
            layers.SeparableConv2D(6, 3, depth_multiplier=2, activation="relu"),
            layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
            layers.GroupNormalization(3),
            layers.Flatten(),
            layers.Dense(4),
        ]
    )


def recurrent():
    """A functional model: layers of one class are counted in the order in which they are used."""
    x = inputs = layers.Input((STEPS, 4))
    x = layers.MultiHeadAttention(2, 2)(x, x)
    x = layers.LayerNormalization()(x)
    x = layers.Bidirectional(layers.GRU(3, return_sequences=True))(x)
    x = layers.LSTM(5)(x)
    return keras.Model(inputs, layers.Dense(4)(x))


def residual():
    """Two branches, of which the shortcut is defined last."""
    x = inputs = layers.Input((6, 6, 3))
    y = layers.Conv2D(5, 3, padding="same", activation="relu")(x)
    y = layers.Conv2D(5, 3, padding="same")(y)
    x = layers.Add()([y, layers.Conv2D(5, 1)(x)])
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(4)(x))


def record(name, model):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, *model.input_shape[1:])).astype(np.float32)
    plain = keras.models.clone_model(
        model
    )  # without the state of an optimizer, which takes more room than the weights
    model.compile(keras.optimizers.Adam(0.02), "mse")
    model.fit(x, rng.normal(size=(ROWS, 4)), epochs=5, verbose=0)
    plain.set_weights(model.get_weights())
    np.savez_compressed(FOLDER / f"keras_{name}.npz", x=x, y=plain.predict(x, verbose=0))
    plain.save(FOLDER / f"keras_{name}.keras")
    return plain


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    keras.utils.set_random_seed(0)
    record("mlp", mlp()).save(FOLDER / "keras_mlp.h5")  # the format before Keras 3
    record("conv", conv())
    record("recurrent", recurrent())
    record("residual", residual())
