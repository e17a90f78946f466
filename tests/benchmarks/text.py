"""Text, as whole programs: configs/char_lstm.yaml from launch to exit, and a plain PyTorch script of the same network in turn.

Both read the same text with the same split, take as many steps with the same batch, optimizer, schedule and clipping, and
validate after each epoch. Each round has another seed.
"""

import argparse
import csv
import itertools
import resource
import sys
import tempfile
from pathlib import Path

import numpy as np

from nntrain.config import load
from nntrain.data.loading import load_splits
from nntrain.data.sequences.tokens import decode
from nntrain.data.sequences.windows import Windows
from tests.benchmarks.program import measured
from tests.benchmarks.rounds import Figures, medians, take_turns

HERE = Path(__file__).parent
CONFIG = HERE.parent.parent / "configs" / "char_lstm.yaml"


def write_parts(folder: Path) -> None:
    """train.txt and validation.txt, each with the windows of that part and the character after the last."""
    config, _ = load(CONFIG)
    splits, _ = load_splits(config.data, CONFIG.parent, config.seed)
    for name in ("train", "validation"):
        part = getattr(splits, name)
        assert isinstance(part.x, Windows)
        assert (np.diff(part.x.starts) == part.x.steps).all()
        stream = part.x.stream[part.x.starts[0] : part.target.ends[-1]]
        (folder / f"{name}.txt").write_text(decode(part, stream))


def last_line(path: Path) -> dict[str, str]:
    with path.open() as file:
        return list(csv.DictReader(file))[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has PyTorch")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_parts(folder)

        def ours(seed: int, epochs: int = options.epochs) -> Figures:
            fit = [
                sys.executable,
                "-m",
                "nntrain",
                "fit",
                str(CONFIG),
                "--runs-dir",
                name,
                "--name",
                "run",
                "--overwrite",
            ]
            figures = measured([*fit, "--quiet", "--set", f"seed={seed}", "--set", f"train.epochs={epochs}"])
            return figures | {"loss": float(last_line(folder / "run" / "metrics.csv")["validation_loss"])}

        def torch(seed: int) -> Figures:
            command = [options.torch, str(HERE / "peers" / "torch_text.py"), name, "--seed", str(seed)]
            return measured([*command, "--epochs", str(options.epochs)], prints=True)

        ours(0, epochs=1)  # compiles the kernels
        our_seeds, torch_seeds = itertools.count(), itertools.count()
        programs = {"nntrain": lambda: ours(next(our_seeds))}
        if options.torch:
            programs["torch"] = lambda: torch(next(torch_seeds))
        found = medians(take_turns(programs, options.rounds))
    for program, figures in found.items():
        time, loss = (found["nntrain"][what] / figures[what] for what in ("wall_s", "loss"))
        print(
            f"{program:10}{figures['wall_s']:8.2f} s{figures['peak_mb']:8.0f} MB    validation loss {figures['loss']:.4f}    "
            f"nntrain takes {time:.2f} of its time to {loss:.4f} of its loss"
        )


if __name__ == "__main__":
    main()
