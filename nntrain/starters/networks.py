"""Networks for tables: layers and training that suit a table, by its rows and columns, as lines of a config.

Chosen on public tables (docs/tables.md). On few rows, a network memorizes the noise within some epochs: one hidden layer with dropout
does so later than two, or than layer norm. On more rows, it can learn another slope in each part of a column's range, which trees are
good at.
"""

from dataclasses import dataclass

from nntrain.data.dataset import Dataset
from nntrain.starters.started import BATCH, EPOCHS, TRAINING, noted

FEW = 1000  # rows of the table
BINS = 16  # of the encoding of a column
MOST_INPUTS = 1024  # of the first dense layer, by the encoding
PATIENCE = 15  # epochs
UNITS = "more units fit more, and overfit sooner"


@dataclass(frozen=True)
class Network:
    """Options of a network and its training."""

    embeds: bool  # columns of categories
    bins: int  # per column of numbers; 0: no encoding, one layer less, and dropout
    units: int  # of each hidden layer
    batch_size: int
    epochs: int

    @classmethod
    def suited(cls, data: Dataset, rows: int) -> "Network":
        """To a table and the number of its rows in the training split."""
        is_small = len(data) < FEW
        batch = 16 if rows < 200 else 32 if rows < 10_000 else 128 if rows < 100_000 else 256
        batch = min(batch, rows)
        least, most = (round(steps * batch / rows) for steps in (500, 6000))
        numbers = data.input_shape[0] - len(data.embedded)
        vectors = sum(column.units for column in data.embedded)
        bins = 0 if is_small or not numbers else min(BINS, (MOST_INPUTS - vectors) // numbers)
        return cls(
            embeds=bool(data.embedded),
            bins=bins if bins > 1 else 0,
            units=128 if rows < 20_000 else 256,
            batch_size=batch,
            epochs=min(max(40, least), max(10, most), 200),
        )

    def lines(self, train: Dataset, is_validated: bool) -> list[str]:
        """The config from `model` on."""
        training = [
            "train:",
            noted(f"  epochs: {self.epochs}", EPOCHS),
            noted(f"  batch_size: {self.batch_size}", BATCH),
        ]
        if is_validated:
            note = "stops after so many epochs without a better one"
            training.append(noted(f"  early_stopping: {{patience: {PATIENCE}}}", note))
        return [
            "model:",
            "  layers:",
            *self._hidden(),
            output_layer(train),
            *loss_lines(train),
            *TRAINING,
            *training,
        ]

    def _hidden(self) -> list[str]:
        embedding = [noted("    - embed_columns", "learns a vector for each category")] if self.embeds else []
        return embedding + self._of_numbers()

    def _of_numbers(self) -> list[str]:
        dense = f"    - dense: {{units: {self.units}, activation: relu}}"
        if not self.bins:
            return [noted(dense, UNITS), noted("    - dropout: 0.2", "more of it overfits later")]
        note = "learns another slope in each part of a column's range"
        return [noted(f"    - piecewise_linear_encoding: {self.bins}", note), noted(dense, UNITS), dense]


def output_layer(train: Dataset) -> str:
    if train.classes:
        return noted(f"    - dense: {len(train.classes)}", "one output per class")
    return noted("    - dense: 1", "one output: the prediction")


def loss_lines(train: Dataset) -> list[str]:
    if train.classes:
        return ["loss: cross_entropy", "metrics: [accuracy]"]
    return [
        noted("loss: mse", "or `huber`, which is robust to outliers"),
        noted("metrics: [rmse, r2]", "root mean squared error; share of explained variance"),
    ]
