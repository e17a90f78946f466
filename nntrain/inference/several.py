"""Several inputs: the predictions for each, one after the other; those that cannot be used at all do not stop the others."""

from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

import numpy as np

from nntrain.data.conform.unusable import OnError, UnusableInput
from nntrain.inference.inputs import new_samples
from nntrain.inference.predict import Predictions, joined, predict
from nntrain.inference.texts import samples_at
from nntrain.inference.trained import Trained


def predict_inputs(
    trained: Trained,
    inputs: Sequence[str],
    stdin: BinaryIO,
    name: str,
    probabilities: bool = False,
    on_error: OnError = "stop",
    explain: bool = False,
) -> Predictions:
    """The predictions for the samples of all inputs, with the input of each if there are several. `name` is what errors call an input.

    Where no sample of an input can be used, as without a column of the training, it has no rows or blank ones, as `on_error` says; for
    "stop", and where no input can be used, raises UnusableInput.
    """
    found: list[Predictions] = []
    unusable: dict[int, UnusableInput] = {}
    for place, text in enumerate(inputs):
        try:
            if not trained.trained_on.holds_texts:
                samples = new_samples(trained, text, stdin, name, on_error)
            else:
                samples = samples_at(trained, text, stdin, name)
        except UnusableInput as error:
            if on_error == "stop" or len(inputs) == 1:
                raise
            unusable[place] = error
            continue
        found.append(predict(trained, samples, probabilities, on_error, explain))
    if not found:
        raise unusable[0]
    if len(inputs) == 1:
        return found[0]
    answered = iter(list(found))
    like = found[0]
    parts = [
        unanswered(like, unusable[place], on_error) if place in unusable else next(answered)
        for place in range(len(inputs))
    ]
    return joined(inputs, parts)


def unanswered(like: Predictions, error: UnusableInput, on_error: OnError) -> Predictions:
    """Predictions of the form of `like` for an input without a usable sample: none, or blank ones."""
    count = error.count if on_error == "blank" else 0
    nothing = np.arange(0)
    ids = like.ids and (like.ids[0], ("",) * count)
    what = "left blank" if count else "left out"
    place = f"{error.place}: " if error.place else ""
    remark = f"{error.count:,} of {error.count:,} predictions {what}:\n{place}{error.message}"
    return replace(like.take(nothing).placed(nothing, count), ids=ids, remarks=(remark,))
