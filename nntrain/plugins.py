"""Plugins: Python files of the user that define components. A plugin is loaded only when the user names it."""

import hashlib
import importlib.util
import re
import sys
import traceback
from dataclasses import dataclass
from importlib.abc import SourceLoader
from pathlib import Path

from nntrain.errors import UserError

TERMINAL_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # Numba colours its errors


@dataclass(frozen=True)
class Plugin:
    """A loaded plugin."""

    file: Path  # as the user typed it
    path: Path  # absolute
    sha256: str
    module: str  # its name in sys.modules

    def to_dict(self) -> dict[str, str]:
        """For run.json."""
        return {"path": str(self.path), "sha256": self.sha256}


loaded: dict[Path, Plugin] = {}  # by absolute path, in the order of loading


def load(file: Path) -> Plugin:
    """Runs the file, which registers its components. Raises UserError, with the line of an error in the file."""
    path = file.resolve()
    if path in loaded:
        return loaded[path]
    try:
        source = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read the plugin: {error.strerror}", place=str(file)) from None
    plugin = Plugin(file, path, hashlib.sha256(source).hexdigest(), f"nntrain_plugin_{path.stem}")
    if plugin.module in sys.modules:
        raise UserError(f"another plugin has the name {path.name}", "Rename one of the two.", str(file))
    specification = importlib.util.spec_from_file_location(plugin.module, path)
    if specification is None or not isinstance(specification.loader, SourceLoader):
        raise UserError("expected a Python file, NAME.py", place=str(file))
    loaded[path] = plugin
    module = importlib.util.module_from_spec(specification)
    sys.modules[plugin.module] = module  # pydantic resolves types there
    try:
        # Not exec_module, which could run an older version from __pycache__: the code that runs must be the code that was hashed.
        exec(specification.loader.source_to_code(source, str(path)), module.__dict__)
    except (Exception, SystemExit) as error:
        raise blame(error) or UserError(described(error), place=str(file)) from None
    return plugin


def blame(error: BaseException) -> UserError | None:
    """An error raised in or below a plugin's code, with the line in the plugin; None where no plugin is in the traceback."""
    plugins = {str(plugin.path): plugin for plugin in loaded.values()}
    if isinstance(error, SyntaxError) and error.filename in plugins:
        return UserError(described(error), place=f"{plugins[error.filename].file}:{error.lineno}")
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename in plugins]
    if not frames:
        return None
    return UserError(described(error), place=f"{plugins[frames[-1].filename].file}:{frames[-1].lineno}")


def described(error: BaseException) -> str:
    """`NameError: name 'x' is not defined`; of a long message the first paragraph."""
    message = (
        error.msg
        if isinstance(error, SyntaxError)
        else TERMINAL_COLOUR.sub("", str(error)).split("\n\n")[0].strip()
    )
    return f"{type(error).__name__}: {message}" if message else type(error).__name__
