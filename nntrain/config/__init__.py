"""Config: from YAML text, with the place of every value, to typed options.

`load(path, overrides)` returns the Config and its Document; `document.explain(error)` adds places to later errors.
"""

from nntrain.config.document import Document
from nntrain.config.scalars import dump
from nntrain.config.validate import checked, load

__all__ = ["Document", "checked", "dump", "load"]
