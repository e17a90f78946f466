"""Exported Python files of networks for texts: they tokenize inside."""

import numpy as np
import pytest

import nntrain
from tests.data.test_text_classes import ROWS, csv
from tests.inference.test_predict_texts import config
from tests.support.exported import module_of
from tests.support.style import assert_styled

TEXTS = ["good", "Bad, Bad zork's day", "हिन्दी में\r\n\n  good-night", "", "good " * 60, "e\u0301 我喜欢猫"]


@pytest.mark.parametrize("unit", ["word", "character", "bpe"])
@pytest.mark.parametrize("lowercase", [False, True])
def test_an_exported_file_takes_texts(tmp_path, unit, lowercase):
    csv(tmp_path, [*ROWS, ("good हिन्दी में é é हिन्दी में night\n", "yes")])
    options = {"unit": unit, "lowercase": lowercase, "max_length": 40}
    model = nntrain.fit(config(tmp_path, epochs=2, **options), runs_dir=None).model
    file = model.export("python", tmp_path / "exported.py")
    assert_styled(file)
    module = module_of(file)
    np.testing.assert_allclose(module.predict_proba(TEXTS), model.predict_proba(TEXTS), atol=1e-5)
    assert module.predict(TEXTS).tolist() == model.predict(TEXTS).tolist()


def test_an_exported_language_model_of_byte_pairs_writes_the_same_text(tmp_path):
    (tmp_path / "t.txt").write_text("the cat and the dog, हिन्दी में é\n" * 30, encoding="utf-8")
    options = {"path": str(tmp_path / "t.txt"), "unit": "bpe", "vocabulary": 280, "window": 6}
    run = nntrain.fit(
        {
            "data": {"source": {"text": options}},
            "model": {
                "layers": [{"embedding": 8}, {"gru": {"units": 8, "return_sequences": True}}, {"dense": 280}]
            },
            "loss": "cross_entropy",
            "optimizer": {"adam": 0.02},
            "train": {"epochs": 3, "batch_size": 8},
        },
        runs_dir=None,
    )
    file = run.model.export("python", tmp_path / "exported.py")
    assert_styled(file)
    module = module_of(file)
    prompt = "the हिन्दी\n\n  dog zebra 猫"
    assert module.decode(module.encode(prompt)) == prompt
    assert module.generate(prompt, length=20, temperature=0) == run.model.generate(prompt, 20, temperature=0)
