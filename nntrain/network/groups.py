"""Groups: which parameter group each parameter of a graph belongs to, by its name, and which are frozen by theirs."""

import difflib
from collections.abc import Sequence

from nntrain.errors import ConfigError, Keys, Problem
from nntrain.network.node import Node
from nntrain.optimizers.group import ParameterGroup, matches
from nntrain.options import MOST_NAMES

PATH: Keys = ("parameter_groups",)


def assign(nodes: Sequence[Node], groups: Sequence[ParameterGroup]) -> None:
    """Sets the groups of the nodes' parameters, and freezes them where the group says so.

    Raises ConfigError with every pattern that matches nothing, and every group that changes nothing.
    """
    parameters = [(node, name) for node in nodes for name in node.parameters]
    problems = unmatched([f"{node.name}.{name}" for node, name in parameters], groups)
    for number, group in enumerate(groups):
        matched = [(node, name) for node, name in parameters if group.matches(f"{node.name}.{name}")]
        own = [(node, name) for node, name in matched if name not in node.groups]
        path = (*PATH, number, "match")
        if matched and not own:
            message = "all parameters that it matches belong to groups above"
            problems.append(Problem(path, message, "Move the group up, or remove it."))
        elif own and not group.freeze and not any(name in node.trained for node, name in own):
            message = "all parameters that it matches are frozen by `freeze` of their layers"
            problems.append(Problem(path, message, "Remove `freeze`, or the group."))
        for node, name in own:
            node.groups[name] = number
            if group.freeze:
                node.fixed.add(name)
    for node in nodes:
        node.frozen = node.frozen or (bool(node.fixed) and not node.trained)
    if problems:
        raise ConfigError(problems)


def unmatched(names: Sequence[str], groups: Sequence[ParameterGroup]) -> list[Problem]:
    """Patterns that match none of the names."""
    found = []
    for number, group in enumerate(groups):
        for keys, pattern in group.places():
            if any(matches(name, pattern) for name in names):
                continue
            near = difflib.get_close_matches(pattern, names, n=MOST_NAMES, cutoff=0)
            more = f" and {len(names) - len(near):,} more" if len(names) > len(near) else ""
            hint = f"The parameters with the most similar names: {', '.join(near)}{more}." if near else ""
            path = (*PATH, number, *keys)
            found.append(Problem(path, f"no parameter has a name like {pattern!r}", hint))
    return found
