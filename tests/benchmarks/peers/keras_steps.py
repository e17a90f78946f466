"""Times training steps of a yardstick network in Keras 3 on TensorFlow; prints microseconds, peak MB and parameters as JSON.

usage: keras_steps.py NAME [--xla] [--seconds S]
"""

import argparse
import json
import os
import resource
import statistics
import time

os.environ["KERAS_BACKEND"] = (
    "tensorflow"  # else keras takes another backend that it finds, or its settings file's
)
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf
from keras_networks import NETWORKS


def timed(name, xla, seconds):
    make_model, make_batch, make_optimizer = NETWORKS[name]
    model, (x, target), optimizer = make_model(), make_batch(), make_optimizer()
    loss_of = (
        keras.losses.MeanSquaredError()
        if target.dtype.kind == "f"
        else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    x, target = tf.nest.map_structure(tf.constant, x), tf.constant(target)
    optimizer.build(model.trainable_variables)

    @tf.function(jit_compile=xla)
    def step(x, target):
        with tf.GradientTape() as tape:
            loss = loss_of(target, model(x, training=True))
        gradient = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradient, model.trainable_variables)
        return loss

    for _ in range(5):
        step(x, target).numpy()
    times, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        begun = time.perf_counter()
        step(x, target).numpy()
        times.append(time.perf_counter() - begun)
    return {
        "us": 1e6 * statistics.median(times),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "parameters": sum(int(weight.shape.num_elements()) for weight in model.trainable_variables),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name", choices=NETWORKS)
    parser.add_argument("--xla", action="store_true", help="compile the step by XLA")
    parser.add_argument("--seconds", type=float, default=2.0)
    options = parser.parse_args()
    print(json.dumps(timed(options.name, options.xla, options.seconds)))
