"""Templates: the configs that are packaged with nntrain, each a working example with its expected result."""

from dataclasses import dataclass
from pathlib import Path

import nntrain
from nntrain.config.document import Document
from nntrain.config.extends import KEY as EXTENDS
from nntrain.errors import UserError
from nntrain.files import write_atomic
from nntrain.options import did_you_mean, with_suggestion


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
        raise UserError(with_suggestion(f"unknown template {name!r}", did_you_mean(name, found)))
    return found[name]


class FileExists(UserError):
    """A config is there already."""


def copy(template: Template, output: Path, overwrite: bool = False) -> list[Path]:
    """Writes the template to `output`, and its base configs to the same folder; returns the paths. Raises UserError."""
    bases, at = [], template
    while named := Document.parse(at.text).tree.get(EXTENDS):
        at = Template(Path(named).stem, at.path.parent / named)
        bases.append((output.parent / named, at.text))
    for path, text in bases:
        if path.exists() and path.read_text(encoding="utf-8") != text:
            raise UserError(
                f"the file exists and differs from the base config of {template.name}",
                "Choose another folder.",
                str(path),
            )
    write(output, template.text, overwrite)
    written = [(path, text) for path, text in bases if not path.exists()]
    for path, text in written:
        write(path, text)
    return [output, *(path for path, _ in written)]


def check_free(path: Path, overwrite: bool = False) -> None:
    """Raises UserError where `write` would."""
    if path.exists() and not (overwrite and path.is_file()):
        raise FileExists("the file exists", "Choose another file name.", str(path))
    if not path.parent.is_dir():
        raise UserError(f"no such folder: {str(path.parent)!r}", place=str(path))


def write(path: Path, text: str, overwrite: bool = False) -> None:
    """Writes a file. Raises UserError where it exists, unless `overwrite`."""
    check_free(path, overwrite)
    try:
        if overwrite:
            write_atomic(path, text.encode())
        else:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        raise UserError(f"cannot write the config: {error.strerror}", place=str(path)) from None
