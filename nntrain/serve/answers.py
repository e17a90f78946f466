"""Answers: predictions for questions that arrived together, computed in one pass, and written as JSON or CSV."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from nntrain.data.dataset import Dataset
from nntrain.errors import NntrainError
from nntrain.files import jsonable
from nntrain.inference.generate import generated, readable
from nntrain.inference.inputs import usable_array
from nntrain.inference.output import csv_text
from nntrain.inference.predict import Predictions, interpreted, predictions_of
from nntrain.serve.limits import Limits
from nntrain.serve.problem import Problem
from nntrain.serve.question import Options, Question
from nntrain.serve.reply import CSV, Reply
from nntrain.serve.served import Served

AT_ONCE = 1024  # rows that are computed before the time is looked at
Stop = Callable[[], None]  # raises Problem once nobody waits any more


class Answerer:
    """Answers with one network; for one thread at a time."""

    def __init__(self, served: Served, limits: Limits):
        self.served, self.limits, self.trained = served, limits, served.trained

    def answers(self, questions: Sequence[Question], stop: Stop) -> list[Reply]:
        """A reply to each question; one that cannot be answered has no effect on the others."""
        replies: dict[int, Reply] = {}
        arrays = [place for place, question in enumerate(questions) if question.array is not None]
        if arrays:
            for place, reply in zip(arrays, self._quick([questions[place] for place in arrays]), strict=True):
                if reply is not None:
                    replies[place] = reply
        rest: list[tuple[int, Question]] = []
        for place, question in enumerate(questions):
            if place not in replies:
                try:
                    rest.append((place, self._with_samples(question)))
                except NntrainError as error:
                    replies[place] = Problem.of(error).reply()
        for together in self._alike(rest):
            outputs = self._outputs_of([question for _, question in together], stop)
            for (place, question), found in zip(together, outputs, strict=True):
                replies[place] = found if isinstance(found, Reply) else self._one(question, found)
        return [replies[place] for place in range(len(questions))]

    def _quick(self, questions: list[Question]) -> list[Reply | None]:
        """For arrays in the form of the training data; None where they need a closer look."""
        arrays = [question.array for question in questions if question.array is not None]
        rows = sum(map(len, arrays))
        if rows > AT_ONCE or self.served.data.per_step or self.trained.reconstructs:
            return [None] * len(questions)
        outputs = self.trained.quick_outputs(arrays[0] if len(arrays) == 1 else np.concatenate(arrays))
        if outputs is None:
            return [None] * len(questions)
        shares = any(question.options.probabilities for question in questions)
        found, finite = interpreted(self.trained.config.loss, self.served.data, outputs, shares)
        if not finite.all():
            return [None] * len(questions)
        ends = np.cumsum([len(array) for array in arrays]).tolist()
        return [
            self._written(question.options, found.take(slice(start, end)))
            for question, start, end in zip(questions, [0, *ends], ends, strict=False)
        ]

    def _with_samples(self, question: Question) -> Question:
        """Raises UnusableSamples for an array with infinite values."""
        if question.array is None:
            return question
        lenient = question.options.on_error != "stop"
        return replace(question, samples=usable_array(self.served.data, "rows", question.array, lenient))

    def _alike(self, placed: list[tuple[int, Question]]) -> list[list[tuple[int, Question]]]:
        """Those that one pass can answer; samples of another form each by itself."""
        groups: dict[Any, list[tuple[int, Question]]] = {}
        for place, question in placed:
            assert question.samples is not None
            data = question.samples.data
            joins = isinstance(data.x, np.ndarray) and not data.consecutive
            key = (data.x.shape[1:], data.x.dtype, data.lengths is None) if joins else place
            groups.setdefault(key, []).append((place, question))
        return list(groups.values())

    def _outputs_of(self, questions: list[Question], stop: Stop) -> list[Any]:
        """The outputs for each, or an error as a reply."""
        data = [question.samples.data for question in questions if question.samples is not None]
        try:
            outputs = self._outputs(joined(data), stop)
        except NntrainError as error:
            return [Problem.of(error).reply()] * len(questions)
        except Problem as problem:
            return [problem.reply()] * len(questions)
        return np.split(outputs, np.cumsum([len(part) for part in data])[:-1])

    def _outputs(self, data: Dataset, stop: Stop) -> np.ndarray:
        if data.consecutive or len(data) <= AT_ONCE:
            stop()
            return self.trained.outputs(data)
        parts = []
        for start in range(0, len(data), AT_ONCE):
            stop()
            parts.append(self.trained.outputs(data.select(slice(start, start + AT_ONCE))))
        return np.concatenate(parts)

    def _one(self, question: Question, outputs: np.ndarray) -> Reply:
        options = question.options
        assert question.samples is not None
        try:
            found = predictions_of(
                self.trained, question.samples, outputs, options.probabilities, options.on_error
            )
            return self._written(options, found)
        except NntrainError as error:
            return Problem.of(error).reply()

    def text(self, question: Question, stop: Stop) -> Reply:
        """The continuation of a prompt. Raises Problem and UserError."""
        assert question.prompt is not None
        assert question.sampling is not None
        _, remarks = readable(self.served.data, question.prompt, skip=False)
        text = generated(self.trained, question.prompt, question.sampling, "prompt", stop)
        warnings = {"warnings": remarks} if remarks else {}
        return Reply.json({"text": text, **warnings})

    def _written(self, options: Options, found: Predictions) -> Reply:
        if not options.probabilities:  # which another question may have asked for
            found = without_probabilities(found)
        count = sum(part.values.size for _, part in (("", found), *found.heads) if part.values is not None)
        if count > self.limits.numbers:
            message = (
                f"expected an answer of at most {self.limits.numbers:,} numbers. It would have {count:,}."
            )
            hint = "Send fewer rows per request, or ask without `probabilities`."
            return Problem(413, message, hint).reply()
        if options.csv:
            return Reply(csv_text(found.columns()).encode(errors="backslashreplace"), CSV)
        answer: dict[str, Any] = {"predictions": records(found)}
        if found.remarks:
            answer["warnings"] = list(found.remarks)
        return Reply.json(answer)


def without_probabilities(found: Predictions) -> Predictions:
    heads = tuple((name, without_probabilities(part)) for name, part in found.heads)
    return replace(found, heads=heads, values=found.values if found.classes is None else None)


def records(found: Predictions) -> list[dict[str, Any]]:
    """One object per prediction, with `probabilities` by class; null for a sample that could not be used."""
    if found.heads:
        return records_of_heads(found)
    if found.classes is None:
        return cast(list[dict[str, Any]], jsonable(found.records()))
    made: list[dict[str, Any]] = replace(found, values=None).records()
    if found.values is not None:
        for record, shares in zip(made, found.values.tolist(), strict=True):
            known = record["class"] is not None
            record["probabilities"] = dict(zip(found.names, shares, strict=True)) if known else None
    return made


def records_of_heads(found: Predictions) -> list[dict[str, Any]]:
    """One object per prediction, with the class or the number of each target, and `probabilities` by target and class."""
    made = cast(list[dict[str, Any]], jsonable(without_probabilities(found).records()))
    for name, part in found.heads:
        if part.classes is not None and part.values is not None:
            for record, shares in zip(made, part.values.tolist(), strict=True):
                known = record[name] is not None
                by_class = dict(zip(part.names, shares, strict=True)) if known else None
                record.setdefault("probabilities", {})[name] = by_class
    return made


def joined(data: Sequence[Dataset]) -> Dataset:
    """The samples of several data sets of the same form."""
    if len(data) == 1:
        return data[0]
    lengths = [part.lengths for part in data if part.lengths is not None]
    return replace(
        data[0],
        x=np.concatenate([np.asarray(part.x) for part in data]),
        target=np.concatenate([np.asarray(part.target) for part in data]),
        lengths=np.concatenate(lengths) if lengths else None,
    )
