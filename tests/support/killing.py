"""Kills a training at each of its writes, resumes it, and compares what it leaves with an uninterrupted run.

`python -m tests.support.killing FOLDER` prints one line per kill. Everything happens in forks of one process, so that
numba is loaded once; a network this small runs serial kernels only, and forking is safe.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from nntrain import files
from nntrain.api.fit import policy, train
from nntrain.report.observers import PictureObserver
from nntrain.run import folder as run_folder
from nntrain.run.opening import Place
from nntrain.training.interruption import NeverInterrupted

KILLED = 9
REPLACE, LINK = os.replace, os.link
CONFIG = """
data: {source: {synthetic: {kind: two_moons, samples: 40, noise: 0.1}}, validation: 0.25}
model: {layers: [{dense: {units: 4, activation: tanh}}, {dropout: 0.2}, {dense: 2}]}
loss: cross_entropy
metrics: [accuracy, auc]
optimizer: {adam: {lr: 0.05}}
train: {epochs: 2, batch_size: 10, checkpoint: {every_steps: 2, keep: 2}}
"""


class Writes:
    """Counts every change of a file, and ends the process at one of them, before it, in its middle or after it."""

    def __init__(self, kill_at: int = -1):
        self.count = 0
        self.kill_at = kill_at

    def step(self) -> None:
        if self.count == self.kill_at:
            os._exit(KILLED)
        self.count += 1

    def install(self) -> None:
        replace, append = REPLACE, files.append

        def replacing(*arguments: object) -> None:
            self.step()
            replace(*arguments)
            self.step()

        def appending(path: Path, text: str) -> None:
            self.step()
            append(path, text[: len(text) // 2])
            self.step()
            append(path, text[len(text) // 2 :])
            self.step()

        def linking(*arguments: object) -> None:
            self.step()
            LINK(*arguments)
            self.step()

        os.replace, os.link = replacing, linking
        run_folder.append = appending
        for moment in ("ready", "ended", "_refresh"):  # pictures are drawn by other processes
            setattr(PictureObserver, moment, lambda *_: None)


def fit(config: Path, name: str, resume: bool) -> None:
    place = Place(config.parent / "runs", name, policy(resume, overwrite=False))
    train(config, (), place, NeverInterrupted(), terminal=False)


def forked(work: Callable[[], None]) -> int:
    """Does the work in a child process; returns its exit code."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def contents(run: Path) -> dict[str, bytes]:
    """Every file but the log, the lock and run.json, which tell times; of run.json what must be equal."""
    found = {
        str(path.relative_to(run)): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file() and path.name not in ("train.log", "run.json", ".lock")
    }
    info = json.loads((run / "run.json").read_text())
    same = {key: info[key] for key in ("status", "scores", "seed", "data_sha256", "overrides")}
    return {**found, "run.json": json.dumps(same).encode()}


def main(folder: Path) -> None:
    config = folder / "config.yaml"
    config.write_text(CONFIG)

    def straight() -> None:
        writes = Writes()
        writes.install()
        fit(config, "straight", resume=False)
        (folder / "count").write_text(str(writes.count))

    straight()  # in this process, which loads the kernels for all its children
    Writes().install()
    total, expected = int((folder / "count").read_text()), contents(folder / "runs/straight")
    for number in range(total):
        name = f"killed-{number}"

        def killed(number: int = number, name: str = name) -> None:
            Writes(number).install()
            fit(config, name, resume=False)

        assert forked(killed) == KILLED, number
        resumed = forked(lambda name=name: fit(config, name, resume=True))
        run = folder / "runs" / name
        found = contents(run) if resumed == 0 else {}
        different = sorted(
            key for key in expected.keys() | found.keys() if expected.get(key) != found.get(key)
        )
        print(f"{number}: exit code {resumed}, different: {different}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
