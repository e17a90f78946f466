"""Scalars: the value of an unquoted word of YAML, and a writer whose text is read back as the same values.

YAML 1.2's core schema, extended by floats such as `1e-3` and `5.`. PyYAML itself implements YAML 1.1, where `no` is
false, `1:30` is 90 and `1e-3` is a string.
"""

import math
import re
from typing import Any

import yaml

NULL = re.compile(r"(?:null|Null|NULL|~)?")
BOOLEAN = re.compile(r"true|True|TRUE|false|False|FALSE")
INTEGER = re.compile(r"[-+]?[0-9]+")
BASED = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+")
FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def resolve(word: str) -> Any:
    """The value of an unquoted word. Raises ValueError for an integer of more digits than Python parses (4300)."""
    if NULL.fullmatch(word):
        return None
    if BOOLEAN.fullmatch(word):
        return word.lower() == "true"
    if INTEGER.fullmatch(word):
        return int(word)
    if BASED.fullmatch(word):
        return int(word, 0)
    if FLOAT.fullmatch(word):
        return float(word)
    if SPECIAL.fullmatch(word):
        return float(word.replace(".", ""))
    return word


def dump(tree: Any) -> str:
    """YAML text of the values, in the given order, which nntrain and other programs read as the same values."""
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def inline(value: Any) -> str:
    """The same on one line: `{units: 4, activation: relu}`."""
    return _written([value], True)[1:-1]


def compact(tree: dict[str, Any]) -> str:
    """The same in the style of hand-written configs: the innermost lists and mappings on one line each."""
    return "\n".join(
        f"{name}: {inline(value)}" if not isinstance(value, (dict, list)) else _written({name: value}, None)
        for name, value in tree.items()
    )


def _written(tree: Any, flow: bool | None) -> str:
    text = yaml.dump(
        tree, Dumper=_Indenting, sort_keys=False, allow_unicode=True, width=math.inf, default_flow_style=flow
    )
    return re.sub(r"(?<=\de)([+-])0+(?=\d)", lambda found: found[1].strip("+"), text.strip())  # 1e-05


class _Dumper(yaml.SafeDumper):
    """Quotes strings that YAML 1.1 or this module would read as other values, and writes floats as Python does."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_float(self, data: float) -> yaml.ScalarNode:
        if math.isfinite(data):
            return self.represent_scalar("tag:yaml.org,2002:float", repr(data))
        return super().represent_float(data)


class _Indenting(_Dumper):
    """Indents the entries of a list below its name."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


_Dumper.add_representer(float, _Dumper.represent_float)
_Dumper.add_representer(tuple, _Dumper.represent_list)
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(f"(?:{FLOAT.pattern})$"), list("-+.0123456789")
)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(f"(?:{BASED.pattern})$"), ["0"])
