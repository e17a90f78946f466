"""Model: a trained network, to predict with, to evaluate, and to look into."""

import warnings
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nntrain.api.data import aligned, are_paths, pictures_at, samples_of
from nntrain.api.html import model_html
from nntrain.config.schema import Config
from nntrain.data.conform.unusable import OnError
from nntrain.export.export import export
from nntrain.files import write_atomic
from nntrain.inference.chosen_metrics import parsed_metrics
from nntrain.inference.explain import check_explainable, explained_columns
from nntrain.inference.generate import Sampling, generated
from nntrain.inference.pictures import predict_pictures
from nntrain.inference.predict import Predictions, check_probabilities, predict
from nntrain.inference.trained import Trained
from nntrain.metrics.metric import predicted_classes
from nntrain.network.snapshot import Snapshot
from nntrain.report.terminal.tables import model_text
from nntrain.run.checkpoint import decode, encode
from nntrain.run.score import setup_of
from nntrain.run.stored import Stored, open_stored


def load(path: str | Path) -> "Model":
    """The network of a run folder (its best checkpoint) or of a checkpoint file. Raises UserError."""
    return Model(open_stored(Path(path)))


def from_bytes(data: bytes) -> "Model":
    """The network of a checkpoint's bytes. Raises UserError."""
    return of_snapshot(decode(data))


def of_snapshot(snapshot: Snapshot) -> "Model":
    return Model(Trained(Config.model_validate(snapshot.facts["config"]), snapshot))


class Model:
    """A trained network. Several models can be used from several threads, and one model too."""

    def __init__(self, trained: Trained):
        self._trained = trained

    def predict(self, x: Any, *, on_error: OnError = "stop") -> Any:
        """The predictions for samples x (rows, *input shape): class names (rows,), or numbers (rows, outputs). Of several `targets`
        a dictionary: class names or numbers (rows,) by the name of the target.

        x has the form of the training data: arrays or lists; for a table also a DataFrame, whose columns are found by
        name; for images also the path of an image file or of a folder of them, or a list of paths; for texts a text, or
        a list or column of texts. With a target per
        step, there is one prediction for each step. Raises DataError for what does not fit.

        on_error: for samples with values that the network does not know or that are missing. "stop" raises DataError;
        "skip" leaves them out of the result; "blank" answers them with "" or NaN. Both warn with their number and places.
        """
        if on_error == "stop" and (answers := self._quick_answers(x)) is not None:
            return answers
        found = self._predictions(x, on_error)
        if found.heads:
            return found.answers()
        if found.classes is None:
            assert found.values is not None
            return found.values
        return found.class_names()

    def predict_proba(self, x: Any, *, on_error: OnError = "stop") -> Any:
        """The probability of each class (rows, classes), in the order of `classes`; of several `targets` a dictionary of such, by the
        name of the target. Raises UserError if there is none.

        on_error: as for `predict`.
        """
        check_probabilities(self._trained)
        found = self._predictions(x, on_error, probabilities=True)
        if found.heads:
            return {
                name: part.values
                for name, part in found.heads
                if part.classes is not None and part.values is not None
            }
        values = found.values
        assert values is not None
        return values

    def explain(self, x: Any, *, on_error: OnError = "stop") -> np.ndarray:
        """What each column of a table adds to the prediction, to first order (rows, columns), in the order of `columns`.

        It is the column's value, after standardization, times the gradient of the output: of the predicted class's logit, or of the
        number that the network gives before its loss makes a rate or a probability of it; the categories of a text column are
        summed. With several targets (rows, targets, columns). For a network without hidden layers the sum over the columns is the
        output without its bias; for others it is an estimate, see docs/python.md. Raises UserError for a network that was not
        trained on a table.

        on_error: as for `predict`.
        """
        check_explainable(self._trained.trained_on)
        return self._predictions(x, on_error, explain=True).explained_by_column()

    def _quick_answers(self, x: Any) -> np.ndarray | None:
        """What `predict` returns, for arrays that need no closer look."""
        plain = not self._trained.reconstructs and not self._trained.trained_on.heads
        outputs = self._trained.quick_outputs(x) if plain else None
        if outputs is None:
            return None
        if self.classes:
            return self._names[predicted_classes(outputs).astype(np.int64)]
        values = self._trained.config.loss.values(outputs).astype(outputs.dtype)
        return values if np.isfinite(values).all() else None

    @cached_property
    def _names(self) -> np.ndarray:
        return np.array([*self.classes, ""])  # of the width that `Predictions.class_names` gives them

    def _predictions(
        self, x: Any, on_error: OnError, probabilities: bool = False, explain: bool = False
    ) -> Predictions:
        if are_paths(x) and not self._trained.trained_on.holds_texts:
            found = predict_pictures(self._trained, pictures_at(self._trained, x), probabilities, on_error)
        else:
            samples = samples_of(self._trained, x, lenient=on_error != "stop")
            found = predict(self._trained, samples, probabilities, on_error, explain)
        for remark in found.remarks:
            warnings.warn(remark, stacklevel=3)
        return found

    def evaluate(
        self, x: Any, y: Any = None, *, weight: Any = None, metrics: Iterable[Any] | None = None
    ) -> dict[str, Any]:
        """The loss and the metrics on samples x and targets y: {"loss": 0.11, "accuracy": 0.97}. An autoencoder takes no y.

        weight: (rows,), at least 0: how much each sample counts in the loss and the metrics.
        metrics: names, or `{name: options}`, such as ["f1", {"top_k_accuracy": {"k": 3}}]; by default those of the config.
        The rows (true) and columns (predicted) of a confusion matrix are in the order of `classes`. Raises UserError.
        """
        chosen = None if metrics is None else parsed_metrics(self._trained, metrics)
        if self._trained.reconstructs and y is None:
            return self._trained.evaluate(samples_of(self._trained, x, lenient=False).data, chosen)
        return self._trained.evaluate(aligned(self._trained, x, y, weight), chosen)

    def generate(
        self,
        prompt: str,
        length: int = 200,
        *,
        temperature: float = 1.0,
        top_k: int | None = None,
        seed: int = 0,
    ) -> str:
        """The prompt and its continuation by `length` characters, bytes or words, of a language model."""
        return generated(self._trained, prompt, Sampling(length, temperature, top_k, seed))

    @property
    def config(self) -> dict[str, Any]:
        """The config that the network was trained with, with every default."""
        return self._trained.config.model_dump(mode="json")

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; empty for regression, and for several `targets`."""
        return self._trained.trained_on.classes

    @property
    def targets(self) -> dict[str, tuple[str, ...]]:
        """Of several targets of different kinds, the names of the classes of each, empty for a number; by the names of the targets."""
        return {head.name: head.classes for head in self._trained.trained_on.heads}

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that the network was trained on, as `explain` has them. Raises UserError if it was none."""
        check_explainable(self._trained.trained_on)
        return explained_columns(self._trained.trained_on)

    @cached_property
    def parameters(self) -> Mapping[str, np.ndarray]:
        """The parameters by name, such as "dense_1.weight"; read-only. With `ema`, their averages."""
        return Parameters(self._trained)

    def summary(self) -> str:
        """The layers with shapes, parameters and operations, as a table of text."""
        return model_text(self._trained.config, self._trained.graph())

    def save(self, path: str | Path) -> None:
        """Writes a checkpoint: with it alone, `load` and the commands evaluate, predict and continue training."""
        write_atomic(Path(path), encode(self._trained.snapshot))

    def export(
        self,
        to: str,
        path: str | Path,
        *,
        logits: bool = False,
        weights: Literal["inside", "beside"] | None = None,
        columns: bool = False,
        int8: bool = False,
    ) -> Path:
        """Writes the network in a form that runs without nntrain, and returns the file.

        to: "c"; "onnx"; or "python", a file that needs NumPy alone. The inputs are those of `predict`, prepared inside; the outputs are
        probabilities or values, with `logits` those of the last layer. What was written is run, where this machine can, and
        compared with `predict`. Raises UserError for a layer that the form does not have.

        weights: for "python", "inside" the file or "beside" it, as .npz; by default inside up to 2 MB.
        columns: for "onnx", an input for each column of a table, texts as texts, in place of one matrix of numbers.
        int8: for "c", dense layers and convolutions in whole numbers of 8 bits; their scales come from the run's data.
        """
        options = {"weights": weights, "columns": columns, "int8": int8}
        stored = self._trained if isinstance(self._trained, Stored) else None
        splits = None if stored is None else lambda: setup_of(stored).splits
        report = export(self._trained, to, Path(path), logits=logits, options=options, splits=splits)
        return report.files[0]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied as the bytes of its checkpoint."""
        return from_bytes, (encode(self._trained.snapshot),)

    def __repr__(self) -> str:
        shape, layers = self._trained.trained_on.input_shape, self._trained.config.model.layers
        return f"<nntrain.Model {len(layers)} layers, input {shape}>"

    def _repr_html_(self) -> str:
        return model_html(self._trained)


class Parameters(Mapping[str, np.ndarray]):
    """Read-only views of a network's parameters by name."""

    def __init__(self, trained: Trained):
        arrays = trained.network(1).arena.parameters
        self._arrays = {name: array.view() for name, array in arrays.items()}
        for array in self._arrays.values():
            array.flags.writeable = False

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {array.shape}' for name, array in self._arrays.items())}}}"
