"""File: the C file and its header, from the blocks of a program."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from nntrain.export.c.blocks import Block, is_view
from nntrain.export.c.calls import activations, encodings, images, linear, norms, sequences, shapes  # noqa: F401  (they register)
from nntrain.export.c.calls.call import Site, code_of
from nntrain.export.c.compiler import Interface, X, Y
from nntrain.export.c.constants import Constants
from nntrain.export.c.description import WIDTH, described
from nntrain.export.c.header import header, table_word
from nntrain.export.c.helpers import helpers, needed
from nntrain.export.c.lengths import takes_lengths
from nntrain.export.c.names import Names, comment, identifier, quoted
from nntrain.export.c.planning import FLOAT_BYTES, Storage, planned
from nntrain.export.program import Program, Step
from nntrain.export.target import NotExpressible

INDENT = "    "
FUNCTIONS = """\
void {name}_predict_in({arguments}, float *workspace)
{{
{buffers}
{body}
}}

void {name}_predict({arguments})
{{
    static float workspace[{macro}_WORKSPACE];
    {name}_predict_in({x}, {steps}{y}, workspace);
}}
"""


@dataclass(frozen=True)
class CFile:
    """The text of both files, and the bytes that the network takes on a device."""

    source: str
    header: str
    interface: Interface
    constant_bytes: int
    workspace_bytes: int

    @property
    def files(self) -> dict[str, bytes]:
        stem = self.interface.stem
        return {f"{stem}.c": self.source.encode(), f"{stem}.h": self.header.encode()}


def interface_of(program: Program, blocks: Sequence[Block], stem: str) -> Interface:
    kind = "int32_t" if program.data.vocabulary else "float"
    return Interface(stem, identifier(stem), kind, blocks[-1].shape, takes_lengths(program, blocks))


def file_of(program: Program, blocks: Sequence[Block], stem: str) -> CFile:
    """Raises NotExpressible for a layer that has no code."""
    interface = interface_of(program, blocks, stem)
    words = [f"{interface.name}_{word}" for word in ("classes", "targets", "predict", "predict_in")]
    constants = Constants(Names([*helpers(), X, Y, "workspace", "steps", *words]))
    plan = planned(blocks)
    elements = {block.name: block.element for block in blocks}

    def pointer(storage: Storage, element: str) -> str:
        if storage.argument:
            return storage.argument
        own = f"b{plan.offsets.index(storage.offset)}"
        return own if element == "float" else f"({element} *){own}"

    def text_of(block: Block) -> str:
        ys, xs = (
            plan.storage[block.name],
            [(plan.storage[name], elements.get(name, "float")) for name in block.inputs],
        )
        own = pointer(plan.scratch[block.name], "float") if block.name in plan.scratch else "NULL"
        pointers = pointer(ys, block.element), tuple(pointer(*x) for x in xs), own
        return block_text(block, Site(block, *pointers, constants, interface.has_steps))

    body = "\n\n".join(text_of(block) for block in blocks if not is_view(block))
    buffers = [
        f"float *const b{number} = workspace + {offset};\n" for number, offset in enumerate(plan.offsets)
    ]
    functions = FUNCTIONS.format(
        name=interface.name,
        macro=interface.macro,
        arguments=interface.arguments,
        buffers="".join(INDENT + line for line in buffers or ["(void)workspace;\n"]),
        body=body,
        x=X,
        y=Y,
        steps="steps, " if interface.has_steps else "",
    )
    parts = [
        f'/* See {comment(stem)}.h. */\n\n#include "{stem}.h"\n\n#include <math.h>\n#include <stddef.h>\n',
        *(f"{text}\n" for text in needed(" ".join([*constants.structures, body]))),
        *(f"{text}\n" for text in constants.definitions),
        names_table(program, interface),
        functions,
    ]
    floats = max(1, plan.words)
    in_int8 = "int8_t" in elements.values()
    return CFile(
        "\n".join(parts),
        header(program, interface, floats, in_int8),
        interface,
        constants.bytes,
        FLOAT_BYTES * floats,
    )


def block_text(block: Block, site: Site) -> str:
    """A comment and the statements of a block."""
    code = code_of(block.layer, site)
    if code is None:
        step = Step(block.name, block.layer, block.inputs, block.input_shapes, block.shape, block.arrays)
        raise NotExpressible(step, "C", hint="Use a layer of nntrain in its place.")
    kind = getattr(block.layer, "yaml_name", "")
    title = block.name if not kind or block.name.startswith(kind) else f"{block.name} ({kind})"
    sizes = " and ".join(described(shape) for shape in block.input_shapes)
    remark = f"; {block.remark}" if block.remark else ""
    text = comment(f"{title}: {code.formula}; {sizes} to {described(block.shape)}{remark}")
    lines = f"\n{INDENT}   ".join(textwrap.wrap(text, WIDTH - len(INDENT)))
    return "\n".join([f"{INDENT}/* {lines} */", *(INDENT + line for line in code.lines)])


def names_table(program: Program, interface: Interface) -> str:
    word = table_word(program)
    rows = ",\n".join(INDENT + quoted(name) for name in program.outcome.names)
    return f"const char *const {interface.name}_{word}[{interface.macro}_{word.upper()}] = {{\n{rows}\n}};\n"
