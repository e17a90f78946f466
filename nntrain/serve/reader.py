"""Reader: turns the body of a request into a question, by its content type."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from nntrain.inference.generate import Sampling
from nntrain.inference.inputs import Samples, csv_samples
from nntrain.inference.pictures import COLUMN, samples
from nntrain.options import shown
from nntrain.serve.images import ImageReader
from nntrain.serve.limits import Limits
from nntrain.serve.multipart import files
from nntrain.serve.posted import Posted
from nntrain.serve.problem import Problem
from nntrain.serve.question import Question, known_keys, options_of
from nntrain.serve.rows import RowReader
from nntrain.serve.served import Served

OPTIONS = ("probabilities", "on_error")
SAMPLING: dict[str, tuple[type, float | None]] = {  # the type of each, and its least value
    "length": (int, 1),
    "temperature": (float, 0),
    "top_k": (int, 1),
    "seed": (int, None),
}
EXAMPLE = 'Send {"rows": [...]} as application/json.'


class Reader:
    """Raises Problem, and DataError for samples that the network cannot take."""

    def __init__(self, served: Served, limits: Limits):
        self.served, self.limits = served, limits
        self.images = ImageReader(served, limits.pixels)
        self.rows = RowReader(served, self.images)
        self.decoder = json.JSONDecoder(parse_constant=not_json)

    @property
    def takes(self) -> list[str]:
        """The content types that it reads."""
        media = ["application/json"]
        if self.served.kind != "text":
            media.append("text/csv")
        return [*media, "image/*", "multipart/form-data"] if self.served.form is not None else media

    def question(self, posted: Posted) -> Question:
        known_keys(posted.query, OPTIONS, "the address")
        if posted.media == "application/json":
            return self._json(posted)
        if posted.media == "text/csv" and self.served.kind != "text":
            return self._csv(posted)
        if posted.media.startswith("image/") and self.served.kind != "text":
            return self._of(self.images.read([("image", posted.body)]), {}, posted)
        if posted.media == "multipart/form-data" and self.served.form is not None:
            return self._form(posted)
        received = f"Received: {shown(posted.media)}." if posted.media else "Received: no content type."
        raise Problem(415, f"expected {' or '.join(self.takes)}. {received}", "Set the header Content-Type.")

    def _json(self, posted: Posted) -> Question:
        text = posted.text()
        try:
            given = self.decoder.decode(text)
        except RecursionError:
            raise Problem(400, "not JSON that can be read: it is nested too deeply", EXAMPLE) from None
        except json.JSONDecodeError as error:
            where = f"line {error.lineno}, column {error.colno}"
            raise Problem(400, f"not JSON: {error.msg} ({where})", EXAMPLE) from None
        except ValueError:  # an integer of more than 4,300 digits
            raise Problem(400, "not JSON that can be read: a number has too many digits") from None
        if not isinstance(given, dict):
            raise Problem(422, f"expected an object. Received: {shown(given)}.", EXAMPLE)
        if self.served.kind == "text":
            return self._prompt(given)
        known_keys(given, ("rows", *OPTIONS), "the body")
        rows = given.get("rows")
        if not isinstance(rows, list) or not rows:
            received = "nothing" if rows is None else shown(rows)
            raise Problem(422, f"rows: expected a list of at least one row. Received: {received}.", EXAMPLE)
        self._check_count(len(rows))
        options = options_of(given, posted.query, posted.wants_csv)
        return self._of(self.rows.read(rows, options.on_error != "stop"), given, posted)

    def _csv(self, posted: Posted) -> Question:
        text = posted.text()  # whose errors are those of HTTP
        if not text.strip():
            raise Problem(422, "expected a table. Received: an empty body.")
        self._check_count(max(posted.body.count(b"\n"), posted.body.count(b"\r")) - 1)
        options = options_of({}, posted.query, posted.wants_csv)
        found = csv_samples(self.served.trained, posted.body, "body", options.on_error != "stop")
        return self._of(found, {}, posted)

    def _form(self, posted: Posted) -> Question:
        contents = files(posted.body, posted.parameters.get("boundary", ""), self.limits.rows)
        x = self.images.read(contents)
        found = samples(self.served.trained, x)
        return self._of(Samples(found, ids=(COLUMN, tuple(name for name, _ in contents))), {}, posted)

    def _of(self, found: np.ndarray | Samples, given: Mapping[str, Any], posted: Posted) -> Question:
        options = options_of(given, posted.query, posted.wants_csv)
        if options.probabilities and not self.served.probabilistic:
            reason = (
                "it was trained on margins"
                if self.served.classes
                else "the network predicts numbers, not classes"
            )
            raise Problem(422, f"no probabilities: {reason}", "Leave `probabilities` out.")
        if isinstance(found, Samples):
            return Question(options, samples=found)
        return Question(options, array=found)

    def _prompt(self, given: dict[str, Any]) -> Question:
        known_keys(given, ("prompt", *SAMPLING), "the body")
        prompt = given.get("prompt")
        if not isinstance(prompt, str) or not prompt:
            received = "nothing" if prompt is None else shown(prompt)
            raise Problem(422, f"prompt: expected a text. Received: {received}.", 'Send {"prompt": "..."}.')
        chosen: dict[str, Any] = {}
        for name, (kind, least) in SAMPLING.items():
            value = given.get(name)
            if value is None:
                continue
            whole = kind is int
            if type(value) not in ((int,) if whole else (int, float)) or (
                least is not None and value < least
            ):
                expected = ("a whole number" if whole else "a number") + (
                    "" if least is None else f" of at least {least:g}"
                )
                raise Problem(422, f"{name}: expected {expected}. Received: {shown(value)}.")
            chosen[name] = value
        sampling = Sampling(**chosen)
        for what, count in (("prompt", len(prompt)), ("length", sampling.length)):
            if count > self.limits.rows:
                message = f"{what}: expected at most {self.limits.rows:,}. Received: {count:,}."
                raise Problem(422, message)
        return Question(options_of({}, {}, False), prompt=prompt, sampling=sampling)

    def _check_count(self, count: int) -> None:
        if count > self.limits.rows:
            message = f"expected at most {self.limits.rows:,} rows per request. Received: {count:,}."
            raise Problem(413, message, "Send them in several requests.")


def not_json(name: str) -> Any:
    """What Python's parser calls for NaN and infinity."""
    raise Problem(400, f"not JSON: {name} is not a number there", "Use null for a missing value.")
