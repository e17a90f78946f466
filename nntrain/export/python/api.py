"""API: the functions of an exported file that a user calls, as `nntrain.Model` has them; and its small command."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nntrain.data.sequences.tokens import noun
from nntrain.export.program import Program
from nntrain.export.python import language
from nntrain.export.python.inputs import Inputs
from nntrain.export.python.wording import INDENT, WIDTH, wrapped
from nntrain.layers.context import Shape
from nntrain.losses.outcome import Scaled, Sliced

BATCH = 256  # rows that are computed at once, where layers have much to keep
FUNCTIONS = {"exp": "np.exp"}  # of losses.outcome, by their names in the file where those differ

MAIN = '''
def main():
    """Predicts from the rows of a CSV file."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("csv", help="{what}")
{lines}
'''
READ_TABLE = """
    with open(parser.parse_args().csv, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
"""
READ_NUMBERS = """
    rows = np.loadtxt(parser.parse_args().csv, delimiter=",", ndmin=2)
"""
PRINT_CLASSES = """
    print("class", *predict(rows){flat}, sep="\\n")
"""
PRINT_VALUES = """
    print(*targets, sep=",")
    for row in predict(rows){flat}:
        print(*row, sep=",")
"""
MAIN_OF_TEXT = '''
def main():
    """Continues a text."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("prompt")
    parser.add_argument("--length", type=int, default=200)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    print(generate(**vars(parser.parse_args())))
'''


class Api:
    """The functions for a program."""

    def __init__(self, program: Program):
        self.program, self.data, self.outcome = program, program.data, program.outcome
        self.inputs = Inputs(
            program.data, program.dtype, language.takes_any_length(program), _gaps(program.config)
        )
        self.lists = self.inputs.ragged and self.data.per_step  # of arrays: sequences have their own lengths

    @property
    def last_shape(self) -> Shape:
        return self.program.steps[-1].shape if self.program.steps else self.data.input_shape

    @property
    def outputs(self) -> str:
        """What the last layer gives: "logits" where a softmax or a sigmoid follows, or was left out."""
        functions = ("softmax", "two_classes", "sigmoid")
        follows = self.outcome.functions[:1] in [(name,) for name in functions]
        return "logits" if follows or self.outcome.meaning == "logits" else "outputs"

    @property
    def names_shape(self) -> str:
        """Of an array of class names."""
        return self._spelled(self.last_shape[:-1])

    @property
    def outcome_shape(self) -> str:
        *leading, last = self.last_shape
        return self._spelled((*leading, 2 if self.outcome.functions == ("two_classes",) else last))

    def _spelled(self, shape: Shape) -> str:
        sizes = ["rows", *map(str, shape)]
        if self.lists:
            sizes[1] = "steps"
        return f"({', '.join(sizes)}{',' * (len(sizes) == 1)})"

    @property
    def targets(self) -> str:
        """What numbers the network predicts."""
        names = ", ".join(self.outcome.names)
        return names if len(names) <= 60 else f"{len(self.outcome.names)} numbers"

    @property
    def uses(self) -> list[tuple[str, str]]:
        """Calls, and what they return."""
        if self.data.unit:
            return [('generate("The ", length=200)', f"the prompt and 200 {noun(self.data.unit)}s more")]
        if not self.data.classes:
            return [("predict(x)", f"{self.targets}: {self.outcome_shape}")]
        other = ("predict_proba(x)", f"the probability of each class: {self.outcome_shape}")
        if self.outcome.meaning != "probabilities":
            other = ("outputs(x)", f"the {self.outcome.meaning}: {self._spelled(self.last_shape)}")
        return [("predict(x)", f"class names: {self.names_shape}"), other]

    @property
    def shell(self) -> str:
        """The arguments of the small command; empty if there is none."""
        return '"The "' if self.data.unit else "" if self.inputs.ragged else "rows.csv"

    def functions(self) -> list[str]:
        if self.data.unit:
            return language.functions(self.program)
        if self.data.classes:
            return self._for_classes()
        return [self._for_values(), *(self._of_parts(step) for step in self._sliced)]

    @property
    def _sliced(self) -> list[Sliced]:
        return [step for step in self.outcome.functions if isinstance(step, Sliced)]

    def _of_parts(self, function: Sliced) -> str:
        """The function that makes the outcome of the outputs of several targets."""
        lines, start = ["return np.concatenate(", f"{INDENT}["], 0
        for count, steps in function.parts:
            y = f"y[:, {start}:{start + count}]"
            for step in steps:
                if isinstance(step, Scaled):
                    factor, shift = (spelled_row(values) for values in (step.factor, step.shift))
                    y = f"({y} * {factor} + {shift})"
                else:
                    y = f"{FUNCTIONS.get(str(step), str(step))}({y})"
            lines.append(f"{INDENT * 2}{y},")
            start += count
        lines += [f"{INDENT}],", f"{INDENT}axis=1,", ")"]
        what = f"The numbers and probabilities of all targets from the outputs y (rows, {start}) of the last layer."
        return function_of("predicted", "y", what, lines)

    def _for_classes(self) -> list[str]:
        x = f"x {self.inputs.shape}"
        place = "{y}.argmax(axis=-1)" if self.last_shape[-1] > 1 else "({y}[..., 0] > 0).astype(int)"
        names = self._of_outputs(f"np.array(classes)[{place}]")
        found = [
            function("predict", f"The name of the likeliest class for {x}: {self.names_shape}.", [names])
        ]
        if self.outcome.meaning == "probabilities":
            what = f"The probability of each of `classes` for {x}: {self.outcome_shape}."
            found.append(function("predict_proba", what, [self._of_outputs(self._applied("{y}"))]))
        shape = self._spelled(self.last_shape)
        return [
            *found,
            self._running("outputs", f"The {self.outputs} of the last layer for {x}: {shape}", "{y}"),
        ]

    def _for_values(self) -> str:
        what = self.targets[:1].upper() + self.targets[1:] if not self.data.target_names else self.targets
        return self._running(
            "predict", f"{what} for x {self.inputs.shape}: {self.outcome_shape}", self._applied("{y}")
        )

    def _applied(self, y: str) -> str:
        """The functions that make the outcome of outputs y."""
        for step in self.outcome.functions:
            if isinstance(step, Sliced):
                y = f"predicted({y})"
            elif isinstance(step, Scaled):
                y = f"({y} * output_factor + output_shift)"
            else:
                y = f"{FUNCTIONS.get(step, step)}({y})"
        return y

    def _of_outputs(self, formula: str) -> str:
        """A formula of {y}, the outputs: of all at once, or of each sequence of its own length."""
        if self.lists:
            return f"return [{formula.format(y='y')} for y in outputs(x)]"
        return f"return {formula.format(y='outputs(x)')}"

    def _running(self, name: str, what: str, formula: str) -> str:
        """The function that runs the network on raw samples, and returns a formula of its outputs {y}."""
        if self.inputs.ragged:
            found = f"[{formula.format(y='network(prepare([sequence]))[0]')} for sequence in x]"
            if self.lists:
                return function(name, f"{what}; a list, one array per sequence.", [f"return {found}"])
            return function(name, f"{what}.", [f"return np.array({found})"])
        if any(len(step.shape) > 1 for step in self.program.steps):
            starts = f"range(0, max(len(x), 1), {BATCH})"
            lines = [
                f"batches = [x[start : start + {BATCH}] for start in {starts}]",
                "y = np.concatenate([network(prepare(batch)) for batch in batches])",
                f"return {formula.format(y='y')}",
            ]
            return function(name, f"{what}. Computes {BATCH} rows at a time, which limits the memory.", lines)
        return function(name, f"{what}.", [f"return {formula.format(y='network(prepare(x))')}"])

    def main(self) -> str:
        if self.data.unit:
            return MAIN_OF_TEXT.strip()
        read, what = READ_TABLE, "a file whose header has the names of the columns"
        if not self.inputs.columns:
            numbers = math.prod(self.data.input_shape)
            read, what = READ_NUMBERS, f"a file without a header, {numbers:,} numbers in each row"
        steps = self.data.per_step
        if self.data.classes:
            show = PRINT_CLASSES.format(flat=".ravel()" * steps)
        else:
            show = PRINT_VALUES.format(flat=f".reshape(-1, {len(self.outcome.names)})" * steps)
        return MAIN.format(what=what, lines=(read.strip("\n") + show.rstrip("\n"))).strip()


def function(name: str, what: str, lines: Sequence[str]) -> str:
    """A function of x."""
    return function_of(name, "x", what, lines)


def function_of(name: str, argument: str, what: str, lines: Sequence[str]) -> str:
    return "\n".join([f"def {name}({argument}):", *documented(what), *(INDENT + line for line in lines)])


def spelled_row(values: Sequence[float]) -> str:
    """A number, or an array of several, as Python spells it."""
    return repr(values[0]) if len(values) == 1 else f"np.array([{', '.join(map(repr, values))}])"


def documented(what: str) -> list[str]:
    """A docstring, in lines."""
    what = what.replace("\\", "\\\\")
    if len(what) <= WIDTH - 10:
        return [f'{INDENT}"""{what}"""']
    first, *rest = wrapped(what.split(), WIDTH - 10)
    return [f'{INDENT}"""{first}', *(INDENT + line for line in rest), f'{INDENT}"""']


def _gaps(config: Mapping[str, Any]) -> Sequence[str]:
    """The texts that marked missing cells in the file of the training data."""
    source = config.get("data", {}).get("source")
    options = next(iter(source.values())) if isinstance(source, Mapping) else None
    return options.get("missing", ()) if isinstance(options, Mapping) else ()
