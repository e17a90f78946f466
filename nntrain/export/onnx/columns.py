"""Columns: an input for each column of a table, texts as texts, in place of one matrix of numbers."""

import numpy as np

from nntrain.data.dataset import Dataset, shortened
from nntrain.data.tables.features import OneHot, columns, indicators
from nntrain.errors import UserError
from nntrain.export.onnx.graph import DOUBLE, Graph, Info
from nntrain.export.program import INPUT, Program

TEXT = np.dtype(object)


def matrix_of_columns(graph: Graph, program: Program, dtype: np.dtype) -> str:
    """Adds the inputs, (batch, 1) each, and returns the features (batch, features) of type dtype. Raises UserError."""
    data = program.data
    if not data.feature_names:
        raise UserError(
            "the network has no columns: it was not trained on a table", "Export without columns."
        )
    taken = {INPUT, program.outcome.meaning, "class", *program.by_name}
    parts = []
    indicated = {*indicators(data.feature_names)}
    for name, start, text in columns(data.feature_names, data.one_hot):
        if name in taken:
            message = f"the column {name!r} cannot be an input: something else has its name"
            raise UserError(message, "Rename it, or export without columns.")
        kind, told = (dtype, "a number") if text is None else (TEXT, f"a text: {shortened(text.categories)}")
        gap = (
            ""
            if data.fill is None
            else "; NaN where it is missing"
            if text is None
            else "; empty where it is missing"
        )
        graph.inputs.append(Info(name, kind, ("batch", 1), told + gap))
        parts.append(name if text is None else one_hot(graph, data, text, dtype))
        if start + 1 in indicated:  # a feature that the preparation sets
            parts.append(name)
    return parts[0] if len(parts) == 1 else graph.node("Concat", parts, "columns", axis=1)


def one_hot(graph: Graph, data: Dataset, text: OneHot, dtype: np.dtype) -> str:
    """(batch, categories): 1 for the category of a row, the others 0; all NaN where it is missing. Another text is an error,
    or the unknown category where there is one.

    Of a column with a learned vector, (batch, 1): the number of the category.
    """
    name, count = text.column, len(text.known)
    gaps = data.fill is not None and "" not in text.known
    known = [*text.known, ""] if gaps else list(text.known)
    zeros = int(text.unknown)  # for another text, else an error
    encoded = graph.node("OneHotEncoder", [name], f"{name}/one_hot", cats_strings=known, zeros=zeros)
    x = graph.node("Reshape", [encoded, graph.integers([0, len(known)])], f"{name}/categories")
    if text.unknown:
        found = graph.node("ReduceSum", [x, graph.integers([1])], f"{name}/found")
        unknown = graph.node("Sub", [graph.number(1.0), found], f"{name}/unknown")
    if gaps:
        sizes = graph.constant(f"{name}.sizes", np.array([count, 1]))
        graph.nodes_output("Split", [x, sizes], (f"{name}/known", f"{name}/gap"), f"{name}/split", axis=1)
        x = f"{name}/known"
    if text.unknown:
        x = graph.node("Concat", [x, unknown], f"{name}/with_unknown", axis=1)
    if gaps:
        missing = graph.node("Greater", [f"{name}/gap", graph.number(0.0)], f"{name}/missing")
        x = graph.node("Where", [missing, graph.number(float("nan")), x], f"{name}/with_gaps")
    if text.units:
        numbers = graph.constant(
            f"{name}.numbers", np.arange(len(text.categories), dtype=np.float32)[:, None]
        )
        x = graph.node("MatMul", [x, numbers], f"{name}/number")
    if dtype == np.float64:
        x = graph.node("Cast", [x], f"{name}/double", to=DOUBLE)
    return x


def by_column(data: Dataset, x: np.ndarray) -> dict[str, np.ndarray]:
    """The features x (rows, features) as the inputs of such a model."""
    found = {}
    for name, place, text in columns(data.feature_names, data.one_hot):
        if text is None:
            found[name] = x[:, [place]]
            continue
        labels = text.labels(x)
        cells = np.array(text.categories, TEXT)[labels]
        found[name] = np.where(labels < 0, "", cells).astype(TEXT)[:, np.newaxis]
    return found
