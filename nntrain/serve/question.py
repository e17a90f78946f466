"""Question: a request that was read: samples, or a prompt, and how to answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from nntrain.data.conform.unusable import OnError
from nntrain.inference.generate import Sampling
from nntrain.inference.inputs import Samples
from nntrain.options import did_you_mean, shown
from nntrain.serve.problem import Problem

ON_ERROR = get_args(OnError)
BOOLEANS = {"true": True, "1": True, "": True, "false": False, "0": False}


@dataclass(frozen=True)
class Options:
    """How samples are answered."""

    probabilities: bool = False
    on_error: OnError = "stop"
    csv: bool = False


@dataclass(frozen=True)
class Question:
    """One of the three: an array (rows, *input shape) that needs nothing but scaling, samples, or a prompt."""

    options: Options
    array: np.ndarray | None = None
    samples: Samples | None = None
    prompt: str | None = None
    sampling: Sampling | None = None


def known_keys(given: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    """Raises Problem for other keys."""
    for key in given:
        if key not in known:
            raise Problem(422, f"{where}: unknown key {shown(key)}.{did_you_mean(key, known)}")


def options_of(given: Mapping[str, Any], query: Mapping[str, str], csv: bool) -> Options:
    """The options of the body, else of the address. Raises Problem."""
    probabilities = given.get("probabilities")
    if probabilities is None and "probabilities" in query:
        probabilities = BOOLEANS.get(query["probabilities"].lower(), query["probabilities"])
    if probabilities is not None and not isinstance(probabilities, bool):
        raise Problem(422, f"probabilities: expected true or false. Received: {shown(probabilities)}.")
    on_error = given.get("on_error", query.get("on_error", "stop"))
    if on_error not in ON_ERROR:
        raise Problem(422, f"on_error: expected stop, skip or blank. Received: {shown(on_error)}.")
    return Options(bool(probabilities), on_error, csv)
