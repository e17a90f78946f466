"""Description: what the header says about the network: its inputs, its outcome, and what the caller has to prepare."""

import textwrap
from collections.abc import Iterator

import nntrain
from nntrain.data.dataset import Dataset
from nntrain.data.tables.features import columns
from nntrain.export.program import Program
from nntrain.layers.context import Shape

WIDTH = 100
MOST_NAMES = 20
MEANINGS = {
    "probabilities": "the probability of each class",
    "values": "the predicted values, in the units of the training data",
    "logits": "the logits of the last layer",
    "margins": "the outputs of the last layer, largest for the predicted class",
    "outputs": "the outputs of the last layer",
}


def described(shape: Shape) -> str:
    return f"({', '.join(map(str, shape))})"


def description(program: Program, shape: Shape, has_steps: bool) -> str:
    """Lines of at most WIDTH columns. `shape`: of the outcome."""
    data = program.data
    paragraphs = [
        f"A neural network, exported by nntrain {nntrain.__version__}.",
        f"x {described(data.input_shape)}: {inputs(data)}. "
        + (" Several axes are stored row by row." if len(data.input_shape) > 1 else ""),
        *table(data),
        *missing(data),
        f"y {described(shape)}: {MEANINGS[program.outcome.meaning]}{names(program)}.",
    ]
    if has_steps:
        paragraphs.append("steps: the length of the sequence, from 1; x and y hold so many steps.")
    elif data.lengths is not None:
        paragraphs.append("Sequences of full length only: this network needs all of its steps.")
    return "\n\n".join(textwrap.fill(text, WIDTH, subsequent_indent="    ") for text in paragraphs)


def names(program: Program) -> str:
    """What the numbers of y are, where they are few."""
    found = program.outcome.names
    return f": {', '.join(found)}" if len(found) <= MOST_NAMES else f", of {len(found):,}"


def inputs(data: Dataset) -> str:
    if data.vocabulary:
        unit = f", one {data.unit} each" if data.unit else ""
        return f"tokens, whole numbers from 0 to {data.vocabulary - 1}{unit}"
    if data.is_bytes:
        form = data.image_form
        colours = "" if form is None or form.channels == 1 else " in the order red, green, blue"
        return f"an image, rows from top to bottom, pixels from 0 to 255{colours}"
    return "numbers in the units of the training data"


def table(data: Dataset) -> Iterator[str]:
    """The columns of a table, and where they are in x."""
    found = []
    for name, place, text in columns(data.feature_names, data.one_hot):
        if text is None:
            found.append(f"x[{place}] {name}")
        else:
            categories = ", ".join(text.categories)
            found.append(
                f"x[{text.places.start}] to x[{text.places.stop - 1}] {name}, 1 for one of {categories}, else 0"
            )
    if found:
        yield f"Columns: {'; '.join(found)}."


def missing(data: Dataset) -> Iterator[str]:
    if data.fill is not None:
        yield f"NaN stands for a missing value; the {data.impute} of the training data takes its place."
