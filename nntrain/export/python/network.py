"""Network: the steps of a program as the body of a function that computes them one after the other."""

import keyword
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from nntrain.export.program import Program, Step
from nntrain.export.python.formulas import formula
from nntrain.export.python.language import carries_state, is_stateful
from nntrain.export.python.library import sources
from nntrain.export.python.wording import INDENT, WIDTH, fitted, quoted
from nntrain.layers.layer import Activation
from nntrain.network.graph import INPUT

NAMES = ("x", "y", "z", "u", "v", "w")  # of values between layers
MOST_NESTED = 80  # characters of a formula with an activation around it
TAKEN = {"np", "state", "p", "layer", "network", "turn", "len", "range", *NAMES}


@dataclass(frozen=True)
class Statement:
    """`target = expression`, for the layer `name`; after a line that gets its parameters as `p`, if it has some."""

    name: str
    target: str
    expression: str
    has_parameters: bool
    shapes: str  # how the layer changes them: "(64,) -> (128,)"; empty where it does not

    def lines(self, indent: str, spelled: str, final: bool) -> list[str]:
        """The lines; `spelled` is the name, where loops number a part of it."""
        head = "return " if final else f"{self.target} = "
        if not self.has_parameters:
            note = f"{spelled}: {self.shapes}" if self.shapes else spelled
            return noted(fitted(head, self.expression, indent), note, indent)
        kind = "f" if "{" in spelled else ""
        return [
            "",
            *noted([f'{indent}p = layer({kind}"{spelled}")'], self.shapes, indent),
            *fitted(head, self.expression, indent),
        ]


def noted(lines: list[str], note: str, indent: str) -> list[str]:
    """The lines with a comment, which stands above them if it does not fit behind."""
    if not note:
        return lines
    if len(lines) == 1 and len(lines[0]) + 4 + len(note) <= WIDTH:
        return [f"{lines[0]}  # {note}"]
    return [f"{indent}# {note}", *lines]


def body_of(program: Program) -> list[str]:
    """The lines of the body of `def network(x)`, which returns the output of the last layer."""
    written, output = statements(program)
    direct = bool(written) and repeat_of(written[-1].name) is None
    lines = rendered(written, direct)
    if not direct:
        lines += ["", f"{INDENT}return {output}"]
    return [line for line, before in zip(lines, ["", *lines], strict=False) if line or before]


def statements(program: Program) -> tuple[list[Statement], str]:
    """The statements in order, and the variable that holds the last value."""
    steps, variables = program.steps, {INPUT: NAMES[0]}  # of each value
    end = {name: place for place, step in enumerate(steps) for name in step.inputs}  # where it is read last
    end[program.output] = len(steps)
    written: list[Statement] = []
    places, with_state = iter(range(len(steps))), carries_state(program)
    for place in places:
        step = value = steps[place]
        inputs = [variables[name] for name in step.inputs]
        expression = formula(step.layer, step, *inputs)
        if with_state and is_stateful(step):
            state = f"state.setdefault({quoted(step.name)}, {{}})"
            expression = expression.replace("(", f"({state}, ", 1)
            expression = f"stateful_{expression}"
        if expression == inputs[0]:  # nothing to compute
            variables[step.name] = inputs[0]
            end[step.inputs[0]] = max(end[step.inputs[0]], end[step.name])
            continue
        if (after := own_activation(program, place)) and not after.arrays:
            nested = formula(after.layer, after, expression)
            if len(nested) <= MOST_NESTED:
                expression, value, place = nested, after, next(places)
        live = {variables[name] for name, last in end.items() if name in variables and last > place}
        keeps_name = step.layer.name and "." not in step.name and end[value.name] > place + 1
        target = as_variable(step.name) if keeps_name else free_name(inputs, live)
        variables[value.name] = target
        written.append(Statement(step.name, target, expression, bool(step.arrays), change(step)))
    return written, variables[program.output]


def own_activation(program: Program, place: int) -> Step | None:
    """The step that is the activation of the layer at this place."""
    step, after = program.steps[place], program.steps[place + 1 : place + 2]
    if not after or not isinstance(after[0].layer, Activation):
        return None
    return after[0] if after[0].name == f"{step.name}.{after[0].layer.yaml_name}" else None


def free_name(inputs: list[str], live: set[str]) -> str:
    """The variable of an input that is not needed any more, or one that is not in use."""
    names = [*NAMES, *(f"x{number}" for number in range(2, len(live) + 3))]
    free = [name for name in names if name in inputs and name not in live]
    return free[0] if free else next(name for name in names if name not in live)


def as_variable(name: str) -> str:
    """The name that the user gave a layer, as a variable that hides nothing."""
    name = re.sub(r"\W", "_", name)
    hides = (
        keyword.iskeyword(name) or name in TAKEN or name in sources() or re.fullmatch(r"(x|turn)\d+", name)
    )
    return f"_{name}" if name[0].isdigit() else f"{name}_" if hides else name


def change(step: Step) -> str:
    before, after = " and ".join(map(str, step.input_shapes)), step.shape
    return "" if all(shape == after for shape in step.input_shapes) else f"{before} -> {after}"


def repeat_of(name: str, prefix: str = "") -> tuple[str, int] | None:
    """The `repeat` layer below `prefix` that holds the layer, and its turn: ("repeat_1", 2) for "repeat_1.2.dense_1"."""
    match = re.match(r"([^.]+)\.(\d+)\.", name[len(prefix) :])
    return (match[1], int(match[2])) if match else None


def rendered(
    written: Sequence[Statement], direct: bool, prefix: str = "", spelled: str = "", depth: int = 1
) -> list[str]:
    """The lines of statements below `prefix`, which is spelled so; equal turns of a `repeat` become a loop.

    direct: the last statement returns its value.
    """
    lines = []
    for repeat, run in groupby(written, key=lambda one: (repeat_of(one.name, prefix) or ("",))[0]):
        if repeat:
            lines += ["", *in_turns(repeat, list(run), prefix, spelled, depth), ""]
            continue
        for statement in run:
            name = spelled + statement.name[len(prefix) :]
            lines += statement.lines(INDENT * depth, name, direct and statement is written[-1])
    return lines


def in_turns(repeat: str, members: list[Statement], prefix: str, spelled: str, depth: int) -> list[str]:
    """A loop over the turns of a repeat, where all are alike; else one after the other."""
    turns = [
        (f"{prefix}{repeat}.{found[1]}.", list(turn))
        for found, turn in groupby(members, key=lambda one: repeat_of(one.name, prefix))
        if found
    ]
    variable = "turn" if depth == 1 else f"turn{depth}"
    bodies = [
        rendered(turn, False, start, f"{spelled}{repeat}.{{{variable}}}.", depth + 1) for start, turn in turns
    ]
    in_order = [start for start, _ in turns] == [f"{prefix}{repeat}.{n + 1}." for n in range(len(turns))]
    if len(turns) > 1 and in_order and all(body == bodies[0] for body in bodies):
        head = f"{INDENT * depth}for {variable} in range(1, {len(turns) + 1}):  # {spelled}{repeat}"
        return [head, *bodies[0][bodies[0][0] == "" :]]
    return [
        line
        for start, turn in turns
        for line in rendered(turn, False, start, spelled + start[len(prefix) :], depth)
    ]
