"""Description: what the header says about the network: its inputs, its outcome, and what the caller has to prepare."""

import textwrap
from collections.abc import Iterator

import nntrain
from nntrain.data.dataset import Dataset
from nntrain.data.sequences.tokens import noun
from nntrain.data.tables.features import columns, indicators
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


def description(program: Program, shape: Shape, has_steps: bool, in_int8: bool) -> str:
    """Lines of at most WIDTH columns. `shape`: of the outcome."""
    data = program.data
    paragraphs = [
        f"A neural network, exported by nntrain {nntrain.__version__}.",
        f"x {described(data.input_shape)}: {inputs(data)}.",
        *preparation(data),
        *table(data),
        f"y {described(shape)}: {MEANINGS[program.outcome.meaning]}{names(program)}.",
    ]
    if max(len(data.input_shape), len(shape)) > 1:
        paragraphs.append("Arrays of several axes are stored row by row, with the last axis together.")
    if has_steps:
        paragraphs.append("steps: the length of the sequence, from 1; x and y hold so many steps.")
    elif data.lengths is not None:
        paragraphs.append("Sequences of full length only: this network needs all of its steps.")
    if in_int8:
        paragraphs.append("Dense layers and convolutions compute in int8, with scales from training samples.")
    return "\n\n".join(textwrap.fill(text, WIDTH, subsequent_indent="    ") for text in paragraphs)


def names(program: Program) -> str:
    """What the numbers of y are, where they are few."""
    found = program.outcome.names
    return f": {', '.join(found)}" if len(found) <= MOST_NAMES else f", of {len(found):,}"


def inputs(data: Dataset) -> str:
    if data.unit:
        return f"text as numbers from 0, one for each {noun(data.unit)}: its place in the table of classes"
    if data.vocabulary:
        return f"tokens, whole numbers from 0 to {data.vocabulary - 1}"
    if data.is_bytes:
        colours = " in the order red, green, blue" if data.input_shape[-1] == 3 else ""
        return f"an image, rows from top to bottom, pixels from 0 to 255{colours}"
    return "numbers in the units of the training data"


def preparation(data: Dataset) -> Iterator[str]:
    """What the caller does before."""
    if (form := data.image_form) is not None:
        red, green, blue = form.background
        text = f"Image files become {form.height} by {form.width} pixels, on a background of ({red}, {green}, {blue})"
        if form.range is not None:
            text += f"; values of more than 8 bits are scaled from {form.range[0]:g} to {form.range[1]:g}"
        yield f"{text}."
    if data.fill is not None:
        yield f"NaN stands for a missing value; the {data.impute} of the training data takes its place."


def table(data: Dataset) -> Iterator[str]:
    """The columns of a table, and where they are in x."""
    found, indicated = [], {*indicators(data.feature_names)}
    for name, place, text in columns(data.feature_names, data.one_hot):
        if text is None:
            found.append(f"x[{place}] {name}")
            if place + 1 in indicated:
                found.append(f"x[{place + 1}] any number")
        elif text.units:
            categories = ", ".join(f"{number} {category}" for number, category in enumerate(text.categories))
            found.append(f"x[{place}] {name}, the number of one of {categories}")
        else:
            categories = ", ".join(text.categories)
            found.append(
                f"x[{text.places.start}] to x[{text.places.stop - 1}] {name}, 1 for one of {categories}, else 0"
            )
    if found:
        yield f"Columns: {'; '.join(found)}."
