"""Layer records: what `train.record` recorded of one kind of array, as arrays by layer, from the input to the output."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nntrain.errors import UserError
from nntrain.run.layers import read_layers

TABLE = "layers.csv"
QUANTILES = ("q05", "q25", "q50", "q75", "q95")
HINT = "Set `train.record: true` and train the run again."


@dataclass(frozen=True)
class LayerRecords:
    """`series[column]` is (records, layers), NaN where a cell is empty; `names` are the layers from the input to the output.

    A layer with several parameters has the norms of all of them together, and the other columns of its weight.
    """

    run: str
    names: list[str]
    epochs: np.ndarray  # (records,)
    series: dict[str, np.ndarray]

    def __getitem__(self, column: str) -> np.ndarray:
        return self.series[column]


def has_records(run: Path, kind: str) -> bool:
    """Whether a run recorded that kind."""
    table = run / TABLE
    return table.is_file() and f",{kind},".encode() in table.read_bytes()


def records_of(run: Path, kind: str) -> LayerRecords:
    """Raises UserError where the run did not record that kind, or its table is corrupt."""
    table = read_layers(run / TABLE)
    rows = table["kind"] == kind if table else np.zeros(0, bool)
    if not rows.any():
        raise UserError(f"the run did not record its {kind}", HINT, place=str(run))
    table = {name: column[rows] for name, column in table.items()}
    arrays = list(dict.fromkeys(table["name"].tolist()))
    steps, record = np.unique(table["step"], return_inverse=True)
    place = np.array([arrays.index(name) for name in table["name"]])

    def by_array(column: str) -> np.ndarray:
        values = np.full((len(steps), len(arrays)), np.nan)
        values[record, place] = table[column]
        return values

    layers = arrays if kind == "activations" else [name.rpartition(".")[0] for name in arrays]
    names = list(dict.fromkeys(layers))
    own = [[i for i, layer in enumerate(layers) if layer == name] for name in names]
    main = [next((i for i in ids if arrays[i].endswith("weight")), ids[0]) for ids in own]
    series = {}
    for column in ("mean", "std", *QUANTILES, "zeros", "saturated"):
        series[column] = by_array(column)[:, main]
    for column in ("norm", "update"):
        values = by_array(column)
        series[column] = np.stack([np.linalg.norm(values[:, ids], axis=1) for ids in own], axis=1)
    return LayerRecords(run.resolve().name, names, by_array("epoch")[:, 0], series)
