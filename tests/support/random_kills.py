"""Kills trainings with SIGKILL at random moments while they write, resumes them, and compares every file with a straight run.

`python -m tests.support.random_kills FOLDER KILLS` prints one line per run: how often it was killed and at which steps, and which
files differ. Everything happens in forks of one process that has only imported the kernels: after a parallel one it could not fork.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from tests.support.killing import Writes, contents, fit, forked

EACH = 5  # kills of one run, at most: it comes nearer to its end each time
DENSE = "{dense: {units: 16, activation: relu}}"
CONVOLUTION = "{conv2d: {filters: 4, kernel_size: 3, padding: same}}"
PATIENT = "early_stopping: {patience: 9}"
TABLE = "data: {source: {synthetic: {kind: two_moons, samples: 400, noise: 0.2}}, validation: 0.25}"
IMAGES = "data: {source: {random: {input: [8, 8, 1], classes: 3, samples: 200}}, validation: 0.2"
WINDOWS = "data: {source: {random: {input: [5, 3], classes: 3, samples: 200, consecutive: true}}}"
TRAIN = "epochs: 12, batch_size: 10, checkpoint: {every_steps: 7}"
CONFIGS = {
    "dropout": (TABLE, f"{DENSE}, {{dropout: 0.3}}, {{dense: 2}}", "adam: 0.01", "constant", TRAIN),
    "augmentation": (
        f"{IMAGES}, augment: [{{random_crop: 1}}, random_flip, mixup]}}",
        f"{CONVOLUTION}, relu, flatten, {{dense: 3}}",
        "sgd: {lr: 0.05, momentum: 0.9}",
        "cosine: {unit: step}",
        TRAIN,
    ),
    "batch norm and ema": (
        IMAGES + "}",
        f"{CONVOLUTION}, batch_norm, relu, flatten, {{dense: 3}}",
        "rmsprop: 0.003",
        "constant",
        f"{TRAIN}, ema: {{decay: 0.9}}, gradient_noise: {{eta: 0.001}}",
    ),
    "plateau": (
        TABLE,
        f"{DENSE}, {{dense: 2}}",
        "sgd: 0.5",
        "reduce_on_plateau: {factor: 0.5, patience: 1}",
        f"{TRAIN}, {PATIENT}, evaluate_every: {{steps: 11}}",
    ),
    "stateful": (
        WINDOWS,
        "{lstm: {units: 6, stateful: true}}, {dense: 3}",
        "adam: 0.01",
        "exponential: 0.9",
        f"{TRAIN}, monitor: train_loss",
    ),
}


def text(data: str, layers: str, optimizer: str, schedule: str, train: str) -> str:
    schedule = schedule if ":" not in schedule else f"{{{schedule}}}"
    return (
        f"{data}\nmodel: {{layers: [{layers}]}}\nloss: cross_entropy\nmetrics: [accuracy]\n"
        f"optimizer: {{{optimizer}}}\nschedule: {schedule}\ntrain: {{{train}}}\n"
    )


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def killed(config: Path, name: str, whole: int, choose: random.Random) -> bool:
    """Starts or resumes the run, and kills it while it opens, or once steps.csv has a random size; False if it ended before."""
    run = config.parent / "runs" / name
    resume = (run / "checkpoints/last.safetensors").exists()
    steps, start = run / "steps.csv", size(run / "steps.csv")
    moment = start + (whole - start) * choose.uniform(0, 0.6)
    child = os.fork()
    if child == 0:
        try:
            fit(config, name, resume=resume or run.exists())
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    if choose.random() < 0.3:  # while it starts or resumes
        moment = 0.0
        time.sleep(choose.uniform(0, 0.5))
    while size(steps) < moment and os.waitpid(child, os.WNOHANG) == (0, 0):
        time.sleep(0.0002)
    time.sleep(choose.uniform(0, 0.01))
    try:
        os.kill(child, signal.SIGKILL)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    except (ProcessLookupError, ChildProcessError):  # it has ended, and was waited for
        return False


def kill_and_resume(folder: Path, kills: int, choose: random.Random) -> None:
    for number, (kind, parts) in enumerate(CONFIGS.items()):
        config = folder / f"config-{number}.yaml"
        config.write_text(text(*parts))
        straight = folder / "runs" / f"straight-{number}"
        assert forked(lambda config=config, name=straight.name: fit(config, name, resume=False)) == 0, kind
        expected, whole = contents(straight), size(straight / "steps.csv")
        done, run = 0, 0
        while done < kills:
            name, places, run = f"killed-{number}-{run}", [], run + 1
            while len(places) < min(EACH, kills - done) and killed(config, name, whole, choose):
                lines = folder / "runs" / name / "steps.csv"
                places.append(lines.read_text().count("\n") if lines.exists() else 0)
            if not places:
                continue
            done += len(places)
            code = forked(lambda config=config, name=name: fit(config, name, resume=True))
            found = contents(folder / "runs" / name) if code == 0 else {}
            different = sorted(
                key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)
            )
            print(f"{kind}: killed at {places}, exit code {code}, different: {different}", flush=True)


def main(folder: Path, kills: int) -> None:
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    Writes().install()
    kill_and_resume(folder, kills, random.Random(seed))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
