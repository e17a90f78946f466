"""Kills a training at each of its writes, resumes it, and compares what it leaves with an uninterrupted run.

`python -m tests.support.killing FOLDER [extended]` prints one line per kill. Everything happens in forks of one process, so that
numba is loaded once; a network this small runs serial kernels only, and forking is safe.
"""

import json
import os
import shutil
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
OF_THE_KILL = (
    "git",
    "started",
    "ended",
    "resumed_from_steps",
    "warnings",
)  # in run.json: of a file that is missing
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


def fit(config: Path, name: str, resume: bool, start: Path | None = None) -> None:
    place = Place(config.parent / "runs", name, policy(resume, overwrite=False))
    train(config, (), place, NeverInterrupted(), start=start, terminal=False)


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
    """Every file but the log, the lock, times.csv and run.json, which tell times; all else of run.json."""
    found = {
        str(path.relative_to(run)): path.read_bytes()
        for path in run.rglob("*")
        if path.is_file() and path.name not in ("train.log", "run.json", "times.csv", ".lock")
    }
    info = json.loads((run / "run.json").read_text())
    same = {key: info[key] for key in sorted(info) if key not in OF_THE_KILL}
    return {**found, "run.json": json.dumps(same).encode()}


def straight(folder: Path, work: Callable[[], None]) -> int:
    """Does the work of a run that nobody kills, in this process or a child of it; returns the number of its writes."""

    def counted() -> None:
        writes = Writes()
        writes.install()
        work()
        (folder / "count").write_text(str(writes.count))

    assert forked(counted) == 0
    return int((folder / "count").read_text())


def kill_at_each(
    folder: Path, writes: int, begin: Callable[[str], None], finish: Callable[[str], None]
) -> None:
    """Kills `begin` at each of its writes, then calls `finish`; prints what differs from runs/straight."""
    expected = contents(folder / "runs/straight")
    for number in range(writes):
        name = f"killed-{number}"

        def killed(number: int = number, name: str = name) -> None:
            Writes(number).install()
            begin(name)

        assert forked(killed) == KILLED, number
        code = forked(lambda name=name: finish(name))
        found = contents(folder / "runs" / name) if code == 0 else {}
        different = sorted(key for key in expected | found if expected.get(key) != found.get(key))
        print(f"{number}: exit code {code}, different: {different}")


def main(folder: Path, extended: bool) -> None:
    """A run that starts from another one's weights; `extended`: one that had ended and is given one more epoch."""
    config, longer, runs = folder / "config.yaml", folder / "longer.yaml", folder / "runs"
    config.write_text(CONFIG)
    longer.write_text(CONFIG.replace("epochs: 2", "epochs: 3"))
    Writes().install()
    fit(config, "first", resume=False)  # in this process, which loads the kernels for all its children
    if not extended:
        start = runs / "first"
        writes = straight(folder, lambda: fit(config, "straight", False, start))
        kill_at_each(
            folder,
            writes,
            lambda name: fit(config, name, False, start),
            lambda name: fit(config, name, True, start),
        )
        return

    def extend(name: str) -> None:
        if not (runs / name).exists():
            shutil.copytree(runs / "first", runs / name)
        fit(longer, name, True)

    writes = straight(folder, lambda: extend("straight"))
    kill_at_each(folder, writes, extend, extend)


if __name__ == "__main__":
    main(Path(sys.argv[1]), "extended" in sys.argv)
