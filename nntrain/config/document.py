"""Document: a config as text, with the place of every value, and mistakes explained at their places."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nntrain.config.composer import compose
from nntrain.config.place import Node, Place, PlacedError, Source
from nntrain.config.syntax import MISSING_SPACE, unspaced
from nntrain.errors import ConfigError, Keys, Problem, UserError
from nntrain.options import did_you_mean, shown

MOST_BYTES = 10_000_000


@dataclass(frozen=True)
class Document:
    """The values of a config, each with the place where it was written: this file, one that it extends, or `--set`."""

    file: str  # as the user typed it
    raw: bytes  # byte for byte
    root: Node  # a mapping

    @classmethod
    def read(cls, path: str | Path) -> "Document":
        """Raises UserError when there is no such file, or it is not a config."""
        file = str(path)
        return cls._of(file, read_bytes(file))

    @classmethod
    def parse(cls, text: str, file: str = "config.yaml") -> "Document":
        """A document that is no file, told of as `file`. Raises UserError."""
        return cls._of(file, text.encode("utf-8", "surrogatepass"))

    @classmethod
    def _of(cls, file: str, raw: bytes) -> "Document":
        source = Source.of(file, text := decoded(file, raw))
        root = compose(text, source)
        if root is None:
            raise UserError(
                f"{file}: the file is empty: expected options such as `data: digits`, one a line."
            )
        if not isinstance(root.value, dict):
            if column := unspaced(source.lines[root.place.line - 1]):
                raise PlacedError([(Place(source, root.place.line, column + 1), Problem((), MISSING_SPACE))])
            message = f"expected options such as `data: digits`, one a line. Received: {shown(root.plain())}."
            raise PlacedError([(root.place, Problem((), message))])
        return cls(file, raw, root)

    @property
    def folder(self) -> Path:
        """Relative paths in the config count from here."""
        return Path(self.file).parent

    @property
    def tree(self) -> dict[str, Any]:
        """The plain values."""
        return self.root.plain()

    def with_root(self, root: Node) -> "Document":
        return replace(self, root=root)

    def explain(self, error: ConfigError) -> PlacedError:
        """The same mistakes, each with its place in the text and the line that it stands on."""
        if isinstance(error, PlacedError):
            return error
        return PlacedError([(self.place(problem), problem) for problem in error.problems])

    def place(self, problem: Problem) -> Place:
        """Where to point: at an unknown option's name, at a wrong value, at the name of what lacks an option.

        A path may name what is only meant: the `units` of `dense: 10`. Then it is the innermost part that is written.
        """
        node, rest = innermost(self.root, problem.path)
        if problem.message.startswith("no such option"):
            return node.key
        if problem.message.startswith("is required"):
            return (
                node.place if rest and node.value == rest[0] else node.key
            )  # a bare `sgd` lacks its own `lr`
        several = isinstance(node.value, (dict, list)) and len(node.value) != 1
        on_lines_below = node.place.line != node.key.line
        return node.key if several and (rest or on_lines_below) else node.place


def innermost(node: Node, path: Keys) -> tuple[Node, Keys]:
    """The last node along `path` that is written, and what of the path is not.

    A part left out by a short spelling is stepped over: ("data", "source", "csv") of `data: {csv: ...}`.
    """
    for position, part in enumerate(path):
        if has(node, part):
            node = node.value[part]
        elif not any(has(node, later) for later in path[position + 1 : position + 2]):
            return node, path[position:]
    return node, ()


def has(node: Node, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(node.value, list) and 0 <= part < len(node.value)
    return isinstance(node.value, dict) and part in node.value


def read_bytes(file: str) -> bytes:
    path = Path(file)
    try:
        if path.is_dir():
            raise UserError(f"{file}: expected a config file. Received: a folder.{in_folder(path)}")
        with path.open("rb") as stream:
            raw = stream.read(MOST_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(f"{file}: no such file.{like(path)}") from None
    except OSError as error:
        raise UserError(f"{file}: cannot read the file: {error.strerror}.") from None
    except ValueError:  # a zero byte in the name
        raise UserError(f"{file!r}: no file can have this name.") from None
    if len(raw) > MOST_BYTES:
        raise UserError(
            f"{file}: expected a config of at most {MOST_BYTES // 10**6} MB. Received: a larger file."
        )
    return raw


def in_folder(folder: Path) -> str:
    """ " Did you mean 'runs/mnist/config.yaml'?", where a folder holds one."""
    inside = folder / "config.yaml"
    return f" Did you mean {str(inside)!r}?" if inside.is_file() else ""


def like(path: Path) -> str:
    """ " Did you mean 'mnist.yaml'?", of the configs in the same folder."""
    if not path.parent.is_dir():
        return f" There is no folder {str(path.parent)!r}."
    names = sorted(
        str(path.parent / entry.name) for entry in path.parent.iterdir() if entry.suffix in (".yaml", ".yml")
    )
    hint = did_you_mean(str(path), names)
    return hint if len(names) <= 10 or "Did you mean" in hint else ""


def decoded(file: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(f"{file}:{line}: the text is not UTF-8. Save it as UTF-8 in your editor.") from None
