"""The article: its commands, run in their order, and its figures, drawn by them.

`python -m tests.support.article` runs every command of docs/article.md in a temporary folder, and renews the figures.
"""

import re
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner
from PIL import Image

from nntrain.cli.main import main

ROOT = Path(__file__).parent.parent.parent
ARTICLE = ROOT / "docs/article.md"
BLOCK = r"```bash\n(?P<commands>.*?)```\n(?:\n!\[(?P<text>[^\]]*)\]\((?P<figure>[^)]+)\))?"
INLINE = r"`(?P<inline>nntrain [^`]+)`"
STEP = re.compile(f"{BLOCK}|{INLINE}", re.DOTALL)
COLOURS = 255  # of a figure in the article: it looks the same, and the file is half as large


@dataclass(frozen=True)
class Step:
    """Commands that stand together, and the figure below them, which the last of them draws."""

    commands: tuple[str, ...]
    figure: str = ""


def steps() -> list[Step]:
    """The blocks of commands and the commands within sentences, in their order."""
    found = STEP.finditer(ARTICLE.read_text(encoding="utf-8"))
    return [
        Step((" ".join(each["inline"].split()),))
        if each["inline"]
        else Step(tuple(each["commands"].strip().splitlines()), each["figure"] or "")
        for each in found
    ]


def run_all(folder: Path) -> Iterator[tuple[Step, Path | None]]:
    """Runs the commands in a folder with the configs, and yields each step with the picture that its last command drew.

    Raises AssertionError where a command fails or its figure is not drawn.
    """
    shutil.copytree(ROOT / "configs", folder / "configs")
    with chdir(folder):
        for step in steps():
            output = ""
            for command in step.commands:
                program, *words = shlex.split(command, comments=True)
                assert program == "nntrain", command
                result = CliRunner().invoke(main, words, prog_name="nntrain", catch_exceptions=False)
                assert result.exit_code == 0, f"{command}\n{result.output}"
                output = result.stdout
            drawn = folder / output.strip().splitlines()[-1].split(maxsplit=1)[-1] if step.figure else None
            assert drawn is None or drawn.is_file(), f"{step.commands[-1]} drew no picture: {output}"
            yield step, drawn


def renew() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for step, drawn in run_all(Path(folder)):
            print("\n".join(step.commands), flush=True)
            if drawn is not None:
                place = ARTICLE.parent / step.figure
                place.parent.mkdir(exist_ok=True)
                if drawn.suffix == ".png":
                    with Image.open(drawn) as picture:
                        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
                    small.save(place, optimize=True)
                else:
                    shutil.copy(drawn, place)
                print(f"  {step.figure}: {place.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    renew()
