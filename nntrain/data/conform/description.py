"""Description: what a checkpoint stores of the training data, and the empty data set rebuilt from it."""

from dataclasses import asdict
from typing import Any

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.data.images.form import ImageForm
from nntrain.data.sequences.tokenizer import Tokenizer
from nntrain.data.tables.curves import Curve
from nntrain.data.tables.features import OneHot
from nntrain.data.words import Words
from nntrain.heads import Head
from nntrain.target_transform import transform_of


def describe(train: Dataset) -> dict[str, Any]:
    """What JSON can hold: shapes, names and classes. The arrays are in `train.statistics`."""
    images = {} if train.image_form is None else {"image_form": train.image_form.to_dict()}
    tokenizer = {} if train.tokenizer is None else {"tokenizer": train.tokenizer.to_dict()}
    curves = {"curves": [asdict(curve) for curve in train.curves]} if train.curves else {}
    targets = {} if train.target_transform is None else {"target_transform": asdict(train.target_transform)}
    heads = {"heads": [head.described() for head in train.heads]} if train.heads else {}
    return {
        "input_shape": train.input_shape,
        "target_shape": train.target_shape,
        "classes": train.classes,
        "vocabulary": train.vocabulary,
        "bytes": train.is_bytes,
        "feature_names": train.feature_names,
        "one_hot": [set_options(text) for text in train.one_hot],
        "target_names": train.target_names,
        "impute": train.impute,
        "unit": train.unit,
        "normalized": train.normalized,
        "consecutive": train.consecutive,
        "lengths": train.lengths is not None,
        **images,
        **tokenizer,
        **curves,
        **targets,
        **heads,
        **({"words": [asdict(text) for text in train.words]} if train.words else {}),
    }


def set_options(text: OneHot) -> dict[str, Any]:
    """Its fields, without those that older checkpoints lack where they have their defaults."""
    return {name: value for name, value in asdict(text).items() if name not in ("units", "unknown") or value}


def from_description(description: dict[str, Any], statistics: dict[str, np.ndarray]) -> Dataset:
    """The described data set without its samples."""
    dtype = np.uint8 if description["bytes"] else np.int32 if description["vocabulary"] else np.float64
    target_dtype = np.int32 if description["classes"] else np.float64
    return Dataset(
        np.zeros((0, *description["input_shape"]), dtype),
        np.zeros((0, *description["target_shape"]), target_dtype),
        classes=tuple(description["classes"]),
        vocabulary=description["vocabulary"],
        feature_names=tuple(description["feature_names"]),
        one_hot=tuple(
            OneHot(**text | {"categories": tuple(text["categories"])}) for text in description["one_hot"]
        ),
        target_names=tuple(description["target_names"]),
        impute=description["impute"],
        unit=description["unit"],
        normalized=description.get("normalized", False),
        consecutive=description["consecutive"],
        lengths=np.zeros(0, np.int32) if description["lengths"] else None,
        shift=statistics["shift"],
        scale=statistics["scale"],
        fill=statistics.get("fill"),
        curves=tuple(
            Curve(curve["place"], tuple(curve["x"]), tuple(curve["y"]))
            for curve in description.get("curves", ())
        ),
        target_transform=transform_of(description.get("target_transform")),
        heads=tuple(map(Head.of, description.get("heads", ()))),
        image_form=ImageForm.of(description["image_form"]) if "image_form" in description else None,
        words=tuple(
            Words(**text | {"words": tuple(text["words"]), "idf": tuple(text["idf"])})
            for text in description.get("words", ())
        ),
        tokenizer=Tokenizer.of(description["tokenizer"]) if "tokenizer" in description else None,
    )
