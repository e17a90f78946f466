"""Document: a config as text, with the place of every value, and errors reported at their places."""

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from nntrain.config.composer import compose
from nntrain.config.place import Place, PlacedError, Text, YamlNode
from nntrain.config.syntax import MISSING_SPACE, unspaced
from nntrain.errors import ConfigError, Keys, Problem, UserError
from nntrain.options import (
    IS_REQUIRED,
    NO_SUCH_OPTION,
    UNKNOWN,
    close_to,
    did_you_mean,
    shown,
    with_suggestion,
)

MOST_BYTES = 10_000_000
STDIN = "standard input"  # what errors call it
EXPECTED = "expected options such as `data: digits`, one per line"


@dataclass(frozen=True)
class Document:
    """The values of a config, each with the place where it was written: this file, a file that it extends, or an override."""

    file: str  # as the user typed it
    raw: bytes  # byte for byte
    root: YamlNode  # a mapping
    piped: bool = False  # read from a pipe or from stdin, which cannot be read again
    home: Path | None = None  # the folder from which its paths count; by default its own
    run: str = ""  # the name of the run whose config it is
    overrides: tuple[str, ...] = ()  # `K=V`, of that run

    @classmethod
    def read(cls, path: str | Path) -> "Document":
        """A config file, or stdin for `-`. Raises UserError when there is no such file, or when it is not a config."""
        file = str(path)
        if file == "-":
            return replace(cls._of(STDIN, limited(STDIN, sys.stdin.buffer)), piped=True)
        return replace(cls._of(file, read_bytes(file)), piped=is_pipe(file))

    @classmethod
    def parse(cls, text: str, file: str = "config.yaml") -> "Document":
        """A document from a string; errors name it `file`. Raises UserError."""
        return cls._of(file, text.encode("utf-8", "surrogatepass"))

    @classmethod
    def _of(cls, file: str, raw: bytes) -> "Document":
        text = Text.of(file, content := decoded(file, raw))
        root = compose(content, text)
        if root is None:
            raise UserError(f"the file is empty: {EXPECTED}", place=file)
        if not isinstance(root.value, dict):
            line = root.place.line
            if column := unspaced(text.lines[line - 1]):
                raise PlacedError([(Place(text, line, column + 1), Problem((), MISSING_SPACE))])
            message = f"{EXPECTED}. Received: {shown(root.tree())}"
            raise PlacedError([(root.place, Problem((), message))])
        return cls(file, raw, root)

    @property
    def folder(self) -> Path:
        """The folder to which its paths are relative: that of the config; for a pipe the current folder."""
        if self.home is not None:
            return self.home
        return Path() if self.piped else Path(self.file).parent

    @property
    def name(self) -> str:
        """The name of the file without its suffix."""
        return "stdin" if self.piped else Path(self.file).stem

    @property
    def tree(self) -> dict[str, Any]:
        """The values without places."""
        return self.root.tree()

    def with_root(self, root: YamlNode) -> "Document":
        return replace(self, root=root)

    def explain(self, error: ConfigError) -> PlacedError:
        """The same errors, each with its place in the text and its source line."""
        if isinstance(error, PlacedError):
            return error
        return PlacedError([(self.place(problem), problem) for problem in error.problems])

    def place(self, problem: Problem) -> Place:
        """The place to report: of an unknown option its name, of a wrong value the value, of a missing option its section.

        A path can lead to an option that is not written, such as the `units` of `dense: 10`: then the place is that of the
        innermost part that is written.
        """
        node, rest = innermost(self.root, problem.path)
        if problem.message.startswith(NO_SUCH_OPTION):
            return node.key
        if problem.message.startswith(IS_REQUIRED):
            is_bare_name = rest and node.value == rest[0]  # a bare `sgd`, without its `lr`
            return node.place if is_bare_name else node.key
        if problem.message.startswith(UNKNOWN) and isinstance(node.value, dict) and len(node.value) == 1:
            (named,) = node.value.values()  # `{sgdd: {lr: 0.1}}`
            return named.key
        several = isinstance(node.value, (dict, list)) and len(node.value) != 1
        on_lines_below = node.place.line != node.key.line
        return node.key if several and (rest or on_lines_below) else node.place


def innermost(node: YamlNode, path: Keys) -> tuple[YamlNode, Keys]:
    """The last node along `path` that is written, and the rest of the path.

    Parts that a short spelling leaves out are skipped: ("data", "source", "csv") of `data: {csv: ...}`.
    """
    for position, part in enumerate(path):
        if has(node, part):
            node = node.value[part]
        elif not any(has(node, later) for later in path[position + 1 : position + 2]):
            return node, path[position:]
    return node, ()


def has(node: YamlNode, part: str | int) -> bool:
    if isinstance(part, int):
        return isinstance(node.value, list) and 0 <= part < len(node.value)
    return isinstance(node.value, dict) and part in node.value


def read_bytes(file: str) -> bytes:
    path = Path(file)
    try:
        if path.is_dir():
            message = with_suggestion("expected a config file. Received: a folder", _config_in(path))
            raise UserError(message, place=file)
        with path.open("rb") as stream:
            return limited(file, stream)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError(with_suggestion("no such file", _files_like(path)), place=file) from None
    except OSError as error:
        raise UserError(f"cannot read the file: {error.strerror}", place=file) from None
    except ValueError:  # a zero byte in the name
        raise UserError("not a valid file name", place=repr(file)) from None


def is_pipe(file: str) -> bool:
    """Whether the file is /dev/stdin, a shell's <(...) or another that has no folder of its own."""
    return file.startswith(("/dev/", "/proc/")) or not Path(file).is_file()


def limited(file: str, stream: BinaryIO) -> bytes:
    """The bytes of the stream. Raises UserError if there are too many for a config."""
    raw = stream.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        message = f"expected a config of at most {MOST_BYTES // 10**6} MB. Received: a larger file"
        raise UserError(message, place=file)
    return raw


def _config_in(folder: Path) -> str:
    """ " Did you mean 'runs/mnist/config.yaml'?", where a folder contains one."""
    inside = folder / "config.yaml"
    return f" Did you mean {str(inside)!r}?" if inside.is_file() else ""


def _files_like(path: Path) -> str:
    """ " Did you mean 'mnist.yaml'?", for the configs in the same folder."""
    if not path.parent.is_dir():
        return f" There is no folder {str(path.parent)!r}"
    names = sorted(
        str(path.parent / entry.name) for entry in path.parent.iterdir() if entry.suffix in (".yaml", ".yml")
    )
    return did_you_mean(str(path), names) if len(names) <= 10 else close_to(str(path), names)


def decoded(file: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError("the text is not UTF-8", "Save the file as UTF-8.", f"{file}:{line}") from None
