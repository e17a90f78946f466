"""Module: the text of the Python file of an exported network."""

import re

import nntrain
from nntrain.data.sequences.tokens import noun
from nntrain.export.program import Program
from nntrain.export.python import language, tokens, weights
from nntrain.export.python.api import Api
from nntrain.export.python.library import needed_by
from nntrain.export.python.network import body_of
from nntrain.export.python.wording import WIDTH, fitted, quoted, tuple_of, wrapped
from nntrain.losses.outcome import Scaled

MOST_LINES = 20  # of a constant at the top of the file; a longer one is at the end, before the parameters

NETWORK = '''
def network({arguments}):
    """All layers in order, from {what} x {before} to the {outputs} {after}.

    Comments show how the shape of a row changes.{note}
    """
{body}
'''
STATE_NOTE = """

    `state`, {} at the start of a text, keeps what stateful layers carry over from one call to the next."""
LAYER = '''
def layer(name):
    """The parameters of a layer as attributes: p.{array} is parameters[f"{{name}}.{array}"]."""
    start = f"{{name}}."
    own = {{key[len(start) :]: array for key, array in parameters.items() if key.startswith(start)}}
    return SimpleNamespace(**own)
'''
RUN_MAIN = 'if __name__ == "__main__":\n    main()'


class Module:
    """The Python file for a program. `beside`: the name of the .npz file with the weights; None: they are inside."""

    def __init__(self, program: Program, beside: str | None):
        self.program, self.data, self.beside = program, program.data, beside
        self.api = Api(program)
        self.arrays = {
            f"{step.name}.{name}": array for step in program.steps for name, array in step.arrays.items()
        }

    def text(self) -> str:
        head, tail = self._constants()
        code = [*self.api.functions(), self._network()]
        code += [] if self.data.unit else self.api.inputs.functions()
        unpack, parameters = self._parameters()
        if self.arrays:
            array = next(iter(self.arrays)).rpartition(".")[2]
            code.append(LAYER.format(array=array).strip())
        code += [*needed_by("\n".join(code)), *unpack]
        end = [*tail, *parameters]
        if self.api.shell:
            code.append(self.api.main())
            end.append(RUN_MAIN)
        top = [
            self._documentation(),
            self._imports("\n".join([*head, *code, *end])),
            *(["\n".join(head)] * bool(head)),
        ]
        last = ["\n\n".join(end)] if end else []
        return "\n\n\n".join(["\n\n".join(top), *code, *last]) + "\n"

    def _constants(self) -> tuple[list[str], list[str]]:
        """The assignments at the top, and those that are so long that they stand at the end."""
        found = [] if self.data.unit else self.api.inputs.constants()
        if self.data.unit:
            tokenizer = self.data.tokenizer
            found += [language.vocabulary(self.data)] if tokenizer is None else tokens.constants(tokenizer)
        else:
            name, names = (
                ("classes", self.data.classes) if self.data.classes else ("targets", self.api.outcome.names)
            )
            found.insert(0, fitted(f"{name} = ", tuple_of(list(map(quoted, names)))))
        for step in self.api.outcome.functions:
            if isinstance(step, Scaled):  # of a network that learned standardized targets
                found.append(fitted("output_factor = ", tuple_of(list(map(repr, step.factor)))))
                found.append(fitted("output_shift = ", tuple_of(list(map(repr, step.shift)))))
        texts = ["\n".join(lines) for lines in found]
        long = [text.count("\n") >= MOST_LINES for text in texts]
        return (
            [text for text, is_long in zip(texts, long, strict=True) if not is_long],
            [text for text, is_long in zip(texts, long, strict=True) if is_long],
        )

    def _parameters(self) -> tuple[list[str], list[str]]:
        """The function that reads them, if there is one, and the assignment."""
        if not self.arrays:
            return [], []
        if self.beside:
            return [], [weights.LOAD.format(file=quoted(self.beside)).strip()]
        unpack, parameters = weights.inside(self.arrays, self.program.dtype)
        return [unpack.strip()], [parameters.strip()]

    def _documentation(self) -> str:
        name, data, api = self.program.name, self.data, self.api
        count = sum(array.size for array in self.arrays.values())
        kind = f"a language model of {noun(data.unit)}s" if data.unit else "a neural network"
        kind += f" for {len(data.classes)} classes" if data.classes and not data.unit else ""
        lines = [f"{name}: {kind} with {count:,} parameters, in NumPy alone.", ""]
        module = name if name.isidentifier() else "model"
        lines.append(
            f"    import {name}" if name == module else f"    model = importlib.import_module({quoted(name)})"
        )
        width = max(len(use) for use, _ in api.uses)
        lines += ["", *(f"    {module}.{use:{width}}  # {result}" for use, result in api.uses), ""]
        if not data.unit:
            lines += [f"x {api.inputs.shape}: {api.inputs.meaning}.", ""]
        if api.shell:
            lines += [f"From a shell: python {name}.py {api.shell}", ""]
        where = f"in {self.beside}" if self.beside else "at the end"
        reading = (
            "To read it, begin with `network`, which has all layers in order. The functions that it calls are "
            f"below it; the parameters are {where}."
        )
        lines += [*wrapped(reading.split(), WIDTH), "", f"Written by nntrain {nntrain.__version__}."]
        text = "\n".join(lines).replace("\\", "\\\\").replace('"""', '\\"""')
        return f'"""{text}\n"""'

    def _network(self) -> str:
        steps = "steps" if self.data.unit and language.takes_any_length(self.program) else None
        before, after = (
            f"({', '.join(map(str, ['rows', *([steps or shape[0], *shape[1:]] if shape else ())]))})"
            for shape in (self.data.input_shape, self.api.last_shape)
        )
        what = "tokens" if self.data.vocabulary else "prepared"
        body = "\n".join(body_of(self.program))
        arguments, note = "x", ""
        if language.carries_state(self.program):
            arguments, note = "x, state=None", STATE_NOTE
            body = f"    state = {{}} if state is None else state\n\n{body}"
        text = NETWORK.format(
            arguments=arguments,
            what=what,
            before=before,
            outputs=self.api.outputs,
            after=after,
            note=note,
            body=body,
        )
        return text.strip()

    def _imports(self, code: str) -> str:
        modules = ("argparse", "base64", "csv", "math", "re", "unicodedata")
        lines = [f"import {name}" for name in modules if re.search(rf"\b{name}\.\w+\(", code)]
        if "Path(" in code:
            lines.append("from pathlib import Path")
        if "SimpleNamespace(" in code:
            lines.append("from types import SimpleNamespace")
        return "\n".join([*lines, *[""] * bool(lines), "import numpy as np"])
