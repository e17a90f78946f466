"""Plugins: a user's own Python files with components. One is loaded because the command line names it, and only then."""

import hashlib
import importlib.util
import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path

from nntrain.errors import UserError

TERMINAL_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # Numba paints its errors


@dataclass(frozen=True)
class Plugin:
    """A plugin that was loaded."""

    file: Path  # as the user typed it
    path: Path  # absolute
    sha256: str
    module: str  # the name under which Python knows it

    def to_dict(self) -> dict[str, str]:
        """For run.json."""
        return {"path": str(self.path), "sha256": self.sha256}


loaded: dict[Path, Plugin] = {}  # by absolute path, in the order of loading


def load(file: Path) -> Plugin:
    """Runs the file, which registers the components that it defines. Raises UserError, with the line that went wrong."""
    path = file.resolve()
    if path in loaded:
        return loaded[path]
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UserError(f"{file}: cannot read the plugin: {error.strerror}.") from None
    plugin = Plugin(file, path, hashlib.sha256(source).hexdigest(), f"nntrain_plugin_{path.stem}")
    if plugin.module in sys.modules:
        raise UserError(f"{file}: another plugin is called {path.name} too. Rename one of them.")
    specification = importlib.util.spec_from_file_location(plugin.module, path)
    if specification is None:
        raise UserError(f"{file}: expected a Python file, NAME.py.")
    loaded[path] = plugin
    sys.modules[plugin.module] = module = importlib.util.module_from_spec(
        specification
    )  # pydantic looks for types there
    try:
        # Not exec_module, which could take an older version from __pycache__: what runs is what was hashed.
        exec(specification.loader.source_to_code(source, str(path)), module.__dict__)
    except (Exception, SystemExit) as error:
        raise blame(error) or UserError(f"{file}: {described(error)}") from None
    return plugin


def blame(error: BaseException) -> UserError | None:
    """What to tell the user of an error that arose in or below a plugin's code; None where no plugin had a part in it."""
    plugins = {str(plugin.path): plugin for plugin in loaded.values()}
    if isinstance(error, SyntaxError) and error.filename in plugins:
        return UserError(f"{plugins[error.filename].file}:{error.lineno}: {described(error)}")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in plugins]
    if not frames:
        return None
    return UserError(f"{plugins[frames[-1].filename].file}:{frames[-1].lineno}: {described(error)}")


def described(error: BaseException) -> str:
    """`NameError: name 'x' is not defined`; of a long explanation the first paragraph."""
    message = (
        error.msg
        if isinstance(error, SyntaxError)
        else TERMINAL_COLOUR.sub("", str(error)).split("\n\n")[0].strip()
    )
    return f"{type(error).__name__}: {message}" if message else f"{type(error).__name__}."
