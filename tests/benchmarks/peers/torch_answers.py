"""Times the predictions of a yardstick network in PyTorch or onnxruntime: the class of each row of a NumPy array.

Prints microseconds, peak MB and parameters as JSON. usage: torch_answers.py NAME ROWS [--compile | --tuned | --onnx] [--seconds S]
"""

import argparse
import io
import json
import resource
import statistics
import time

import numpy as np
import torch
from torch_networks import NETWORKS

parser = argparse.ArgumentParser()
parser.add_argument("name")
parser.add_argument("rows", type=int)
parser.add_argument("--compile", action="store_true")
parser.add_argument("--tuned", action="store_true", help="compile with max-autotune")
parser.add_argument("--onnx", action="store_true", help="export to ONNX and run by onnxruntime")
parser.add_argument("--seconds", type=float, default=1.0)
options = parser.parse_args()


def by_torch(model, x):
    run = model
    if options.compile or options.tuned:
        run = torch.compile(model, mode="max-autotune" if options.tuned else None)

    def predict():
        with torch.inference_mode():
            return run(torch.from_numpy(x)).argmax(1).numpy()

    return predict


def by_onnx(model, x):
    import onnxruntime

    file = io.BytesIO()
    torch.onnx.export(model, (torch.from_numpy(x),), file, dynamo=False, input_names=["x"])
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 3
    session = onnxruntime.InferenceSession(file.getvalue(), settings, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"x": x})[0].argmax(1)


def timed():
    make_model, make_batch, _ = NETWORKS[options.name]
    model = make_model().eval()
    shape = make_batch()[0].shape[1:]
    x = np.random.default_rng(0).standard_normal((options.rows, *shape), np.float32)
    predict = (by_onnx if options.onnx else by_torch)(model, x)
    for _ in range(5):
        predict()
    times, end = [], time.perf_counter() + options.seconds
    while time.perf_counter() < end or len(times) < 5:
        begun = time.perf_counter()
        predict()
        times.append(time.perf_counter() - begun)
    return {
        "us": 1e6 * statistics.median(times),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
    }


if __name__ == "__main__":
    torch.manual_seed(0)
    print(json.dumps(timed()))
