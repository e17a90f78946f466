"""Times `model.predict` of a yardstick network on a NumPy array; prints microseconds, peak MB and parameters as JSON.

usage: python -m tests.benchmarks.answers NAME ROWS [--seconds S]
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import numpy as np

import nntrain
from nntrain.bench.measure import peak_rss_mb

HERE = Path(__file__).parent


def timed(name: str, rows: int, seconds: float) -> dict[str, float]:
    model = nntrain.fit(HERE / f"{name}.yaml", runs_dir=None).model
    shape = model.config["data"]["source"]["random"]["input"]
    x = np.random.default_rng(0).standard_normal((rows, *shape), np.float32)
    for _ in range(5):
        model.predict(x)
    times: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 5:
        begun = time.perf_counter()
        model.predict(x)
        times.append(time.perf_counter() - begun)
    return {
        "us": 1e6 * statistics.median(times),
        "mb": peak_rss_mb(),
        "parameters": sum(array.size for array in model.parameters.values()),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("rows", type=int)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    print(json.dumps(timed(options.name, options.rows, options.seconds)))
