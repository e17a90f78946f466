"""Samples: what the data look like: images, columns, points, sequences or text, with their targets and the class balance."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from nntrain.errors import UserError
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset


class Samples(Picture, name="samples"):
    title = "The data with their targets: images, columns, points, sequences or text, and how many there are of each class."
    takes = ("config", "run")

    split: Literal["train", "validation", "test"] = option("train", "the split that the samples are of")

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """`kind`, the sizes of the splits, the classes with their counts in the split, and the arrays of the kind's module."""
        splits = subject.setup.splits
        parts = splits.parts()
        if self.split not in parts:
            raise UserError(
                f"there is no {self.split} split", f"Its splits are: {', '.join(parts)}.", "plot samples"
            )
        data = parts[self.split]
        kind = kind_of(data)
        return {
            "kind": np.array(kind),
            "split": np.array("training" if self.split == "train" else self.split),
            "splits": np.array(list(parts)),
            "sizes": np.array([len(part) for part in parts.values()]),
            "classes": np.array(() if data.unit else classes_of(data), dtype=str),
            "counts": class_counts(data),
            **module_of(kind).collect(data),
        }

    def figure(self, drawn: Drawn) -> Any:
        arrays = drawn.arrays
        sizes = ", ".join(
            f"{size:,} {split}" for split, size in zip(arrays["splits"], arrays["sizes"], strict=True)
        )
        module = module_of(str(arrays["kind"]))
        return module.figure(drawn.name, arrays, f"splits: {sizes}")


def classes_of(data: "Dataset") -> tuple[str, ...]:
    """The names of the classes; of several targets those of the first."""
    return data.heads[0].classes if data.heads else data.classes


def kind_of(data: "Dataset") -> str:
    """The name of the module that shows such data."""
    from nntrain.report.pictures.computing.images import image_shape

    if data.unit:
        return "text"
    if data.vocabulary:
        return "tokens"
    if image_shape(data):
        return "images"
    if len(data.input_shape) != 1:
        return "sequences"
    return "points" if in_plane(data) else "table"


def in_plane(data: "Dataset") -> bool:
    """Whether the samples are points: of two inputs, or of one input and one target."""
    one_target = not data.target_shape if data.classes else data.target_shape == (1,)
    return one_target and (data.input_shape == (2,) or (data.input_shape == (1,) and not data.classes))


def module_of(kind: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.shown_{kind}")


def class_counts(data: "Dataset") -> np.ndarray:
    """(classes,) how many samples, or steps, of the data have each class; empty without classes."""
    from nntrain.data.sequences.lengths import real_steps
    from nntrain.data.sequences.windows import Windows

    if data.heads and data.heads[0].classes:
        labels = np.asarray(data.target)[:, 0]
        return np.bincount(labels[~np.isnan(labels)].astype(np.int64), minlength=len(data.heads[0].classes))
    if not data.classes or data.unit:
        return np.zeros(0, int)
    target = data.target.distinct_steps() if isinstance(data.target, Windows) else np.asarray(data.target)
    if data.lengths is not None and data.per_step and not isinstance(data.target, Windows):
        target = target[real_steps(data.lengths, target)]
    return np.bincount(np.ravel(target), minlength=len(data.classes))
