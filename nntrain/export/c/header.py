"""Header: what a caller includes: sizes, the names of the outcome, and the two functions."""

import math
import textwrap

from nntrain.export.c.compiler import Interface
from nntrain.export.c.description import described, description
from nntrain.export.c.names import comment
from nntrain.export.program import Program

HEADER = """\
/* {about} */

#ifndef {macro}_H
#define {macro}_H

#include <stdint.h>

#define {macro}_INPUTS {inputs} /* {input_shape} */
#define {macro}_OUTPUTS {outputs} /* {output_shape} */
{steps}#define {macro}_{word_macro} {names}
#define {macro}_WORKSPACE {words} /* floats */

extern const char *const {name}_{word}[{macro}_{word_macro}]; /* what the numbers of y are, in order */

/* Computes y for one sample x. It has a workspace of its own: one call at a time. x and y must not overlap. */
void {name}_predict({arguments});

/* The same with a workspace of {macro}_WORKSPACE floats: as many calls at a time as there are workspaces. */
void {name}_predict_in({arguments}, float *workspace);

#endif
"""


def header(program: Program, interface: Interface, words: int, in_int8: bool) -> str:
    """words: floats of the workspace."""
    inputs, word = program.data.input_shape, table_word(program)
    about = comment(description(program, interface.shape, interface.has_steps, in_int8))
    most = f"#define {interface.macro}_STEPS {inputs[0]} /* the most that a sequence has */\n"
    return HEADER.format(
        about=textwrap.indent(about, "   ").strip(),
        macro=interface.macro,
        inputs=math.prod(inputs),
        input_shape=described(inputs),
        outputs=math.prod(interface.shape),
        output_shape=described(interface.shape),
        steps=most if interface.has_steps else "",
        word=word,
        word_macro=word.upper(),
        names=len(program.outcome.names),
        words=words,
        name=interface.name,
        arguments=interface.arguments,
    )


def table_word(program: Program) -> str:
    """What the table of names holds."""
    return "classes" if program.data.classes else "targets"
