"""Layouts: how the arrays of a framework become those of a layer. Rules never approximate: what has no exact form is a misfit."""

from nntrain.importing.layouts.taking import Misfit, Taking, Value
from nntrain.importing.layouts.turned import turned

__all__ = ["Misfit", "Taking", "Value", "turned"]
