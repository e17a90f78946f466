"""Metadata: what the file says of the network besides its graph: names, the form of the inputs, and the config."""

import json
from collections.abc import Mapping

from nntrain import __version__
from nntrain.data.images.form import form_of
from nntrain.export.program import Program


def metadata(program: Program) -> Mapping[str, str]:
    """Texts by key; lists and the config are JSON."""
    data, outcome = program.data, program.outcome
    found: dict[str, object] = {"classes" if data.classes else "targets": data.classes or outcome.names}
    if outcome.names != data.classes and data.classes:
        found["outputs"] = outcome.names
    if data.feature_names:
        found["columns"] = data.feature_names
    if data.one_hot:
        found["categories"] = {text.column: text.categories for text in data.one_hot}
    if data.unit:
        found["unit"] = data.unit
    if data.tokenizer is not None:
        found["tokenizer"] = data.tokenizer.to_dict()
    form = form_of(data)
    if form is not None:
        found["image"] = form.to_dict()
    found["config"] = program.config
    texts = {key: json.dumps(value, ensure_ascii=False) for key, value in found.items()}
    return {"nntrain": __version__, **texts}
