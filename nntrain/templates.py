"""Templates: the configs that travel with the program, each a working example with its expected result."""

from dataclasses import dataclass
from pathlib import Path

import nntrain
from nntrain.errors import UserError
from nntrain.options import did_you_mean


@dataclass(frozen=True)
class Template:
    name: str
    path: Path

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def about(self) -> str:
        """The first comment line."""
        return self.text.split("\n", 1)[0].removeprefix("#").strip()


def templates() -> dict[str, Template]:
    """By name, in alphabetical order."""
    package = Path(nntrain.__file__).parent
    installed, in_checkout = package / "configs", package.parent / "configs"
    folder = installed if installed.is_dir() else in_checkout
    return {path.stem: Template(path.stem, path) for path in sorted(folder.glob("*.yaml"))}


def find(name: str) -> Template:
    """Raises UserError."""
    found = templates()
    if name not in found:
        raise UserError(f"no template is named {name!r}.{did_you_mean(name, found)}")
    return found[name]


def write(path: Path, text: str) -> None:
    """Writes a new file. Raises UserError: what exists is never overwritten."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UserError(f"{path}: this file exists. Name another one with --output.") from None
    except OSError as error:
        raise UserError(f"{path}: cannot write the config: {error.strerror}. Name another place with --output.") from None
