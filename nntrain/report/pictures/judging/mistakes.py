"""Mistakes: the errors of which a network was most certain, with their samples."""

import importlib
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from nntrain.errors import UserError
from nntrain.report.pictures.judging.errors import errors_of
from nntrain.report.pictures.judging.predictions import SPLIT_HELP, Split, judged
from nntrain.report.pictures.picture import Drawn, Picture, option
from nntrain.report.pictures.subject import Subject

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset


class Mistakes(Picture, name="mistakes"):
    title = "The errors of which the network was most certain, or the largest errors of a regression, with their samples."

    applies_to = "networks with targets of one kind"

    split: Split | None = option(None, SPLIT_HELP)
    true: str | None = option(None, "Only samples of this class.")
    predicted: str | None = option(None, "Only samples that are taken for this class.")
    number: int | None = option(None, "How many to show. By default as many as fit well.")

    def applies(self, subject: Subject) -> bool:
        return not subject.setup.splits.train.heads

    def collect(self, subject: Subject) -> dict[str, np.ndarray]:
        """`kind` of the samples; where, true, predicted (mistakes,), in words; `correct`: whether
        there are no errors; sentence; about; and the arrays of the kind's module."""
        if self.number is not None and self.number < 1:
            raise UserError(f"expected at least 1. Received: {self.number}", place="plot mistakes number")
        rows = judged(subject, self.split)
        kind = kind_of(rows.data)
        module = module_of(kind)
        key = module.key_of(rows) if kind == "tokens" else None
        most = self.number or module.SHOWN
        found = errors_of(rows, most, self.true, self.predicted, subject.name, key)
        return {
            "kind": np.array(kind),
            "where": np.array([rows.where(row) for row in found.rows], dtype=str),
            "true": np.array(found.true, dtype=str),
            "predicted": np.array(found.predicted, dtype=str),
            "correct": np.array(found.correct),
            "sentence": np.array(found.sentence),
            "about": np.array(rows.about),
            **module.collect(rows, found.rows),
        }

    def figure(self, drawn: Drawn) -> Any:
        return module_of(str(drawn.arrays["kind"])).figure(drawn.name, drawn.arrays)


def kind_of(data: "Dataset") -> str:
    """The name of the module that shows such samples."""
    from nntrain.report.pictures.computing.images import image_shape

    if data.vocabulary:
        return "tokens"
    if image_shape(data):
        return "images"
    return "rows" if len(data.input_shape) == 1 else "sequences"


def module_of(kind: str) -> ModuleType:
    return importlib.import_module(f"{__package__}.mistaken_{kind}")
