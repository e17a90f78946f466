"""Programs: how nntrain and its peers time a yardstick, each in a process of its own."""

import functools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.benchmarks.rounds import Figures, printed_json
from tests.benchmarks.yardsticks import Yardstick

HERE = Path(__file__).parent
PEERS = HERE / "peers"
BF16 = "bf16"  # in the name of each program that computes products in bfloat16
CPP_WRAPPER = ("env", "TORCHINDUCTOR_CPP_WRAPPER=1")  # with max-autotune: torch "tuned"
Program = Callable[[], Figures]


def nntrain(command: str, name: str, *options: str) -> str:
    """The output of `nntrain COMMAND` for a benchmark network."""
    words = [sys.executable, "-m", "nntrain", command, str(HERE / f"{name}.yaml"), *options]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def ours(name: str, *options: str) -> Figures:
    """Median microseconds of a step, the peak memory in MB, and the number of parameters; peers print the same."""
    timed = json.loads(nntrain("bench", name, "--json", *options))
    parameters = re.search(r"([\d,]+) parameters", nntrain("summary", name))
    assert parameters
    return {
        "us": timed["step_us"],
        "mb": timed["peak_rss_mb"],
        "parameters": int(parameters[1].replace(",", "")),
    }


@functools.cache
def has_bfloat16() -> bool:
    """Whether this version of nntrain computes in bfloat16."""
    words = ["-m", "nntrain", "summary", str(HERE / "mlp-digits.yaml"), "--set", "train.precision=bfloat16"]
    return subprocess.run([sys.executable, *words], capture_output=True, check=False).returncode == 0


def programs(yardstick: Yardstick, interpreters: Mapping[str, str | None]) -> dict[str, Program]:
    """What times the yardstick, by name; interpreters: of torch, jax and keras, where they are given."""
    if yardstick.rows is not None:
        words = [sys.executable, "-m", "tests.benchmarks.answers", yardstick.network, str(yardstick.rows)]
        found: dict[str, Program] = {"nntrain": functools.partial(printed_json, words)}
        commands = answering(yardstick, interpreters)
    else:
        found = {"nntrain": functools.partial(ours, yardstick.network)}
        if has_bfloat16():
            bfloat16 = ("--set", "train.precision=bfloat16")
            found[f"nntrain {BF16}"] = functools.partial(ours, yardstick.network, *bfloat16)
        commands = training(yardstick, interpreters)
    return found | {name: functools.partial(printed_json, command) for name, command in commands.items()}


def training(yardstick: Yardstick, interpreters: Mapping[str, str | None]) -> dict[str, list[str]]:
    commands: dict[str, list[str]] = {}
    if torch := interpreters["torch"]:
        plain = [torch, str(PEERS / "torch_steps.py"), yardstick.network]
        commands["torch"] = plain
        options = {"compile": "--compile", "fused": "--fused"}
        options |= {"nhwc": "--channels-last"} if yardstick.images else {}
        for word, option in options.items():
            commands |= {f"{program} {word}": [*command, option] for program, command in commands.items()}
        rest = [option for word, option in options.items() if word != "compile"]
        commands["torch tuned"] = [*CPP_WRAPPER, *plain, "--tuned", *rest]
        commands[f"torch {BF16}"] = [*plain, "--bf16", *rest]
        commands[f"torch compile {BF16}"] = [*plain, "--bf16", "--compile", *rest]
    if jax := interpreters["jax"]:
        commands["jax"] = [jax, str(PEERS / "jax_steps.py"), yardstick.network]
    if keras := interpreters["keras"]:
        commands["keras"] = [keras, str(PEERS / "keras_steps.py"), yardstick.network]
        commands["keras xla"] = [*commands["keras"], "--xla"]
    return commands


def answering(yardstick: Yardstick, interpreters: Mapping[str, str | None]) -> dict[str, list[str]]:
    if not (torch := interpreters["torch"]):
        return {}
    plain = [torch, str(PEERS / "torch_answers.py"), yardstick.network, str(yardstick.rows)]
    return {
        "torch": plain,
        "torch compile": [*plain, "--compile"],
        "torch tuned": [*CPP_WRAPPER, *plain, "--tuned"],
        "onnxruntime": [*plain, "--onnx"],
    }
