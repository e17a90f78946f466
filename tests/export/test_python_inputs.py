"""Export to Python: what a file takes and returns, as `nntrain.Model` does: tables, texts, images, sequences."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas
import pytest
import yaml

from nntrain.api.model import Model
from nntrain.api.setup import load_setup
from nntrain.export.program import program_of
from nntrain.export.python.target import Python
from nntrain.export.target import Request
from tests.export.test_python import imported_text
from tests.support.programs import untrained


def model_of(
    folder: Path, source: dict, layers: list, loss: object = "cross_entropy", **data: object
) -> Model:
    """A network with initial parameters for these data."""
    config = {
        "data": {"source": source, **data},
        "model": {"layers": layers},
        "loss": loss,
        "optimizer": {"sgd": 0.1},
        "train": {"epochs": 1, "batch_size": 8},
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    return Model(untrained(load_setup(path, ())[0]))


def exported(model: Model, folder: Path, logits: bool = False) -> ModuleType:
    program = program_of(model._trained, "exported", logits)
    text = next(
        iter(Python().write(Request(program, "exported", {"weights": "inside"})).files.values())
    ).decode()
    return imported_text(text, folder)


@pytest.fixture
def people(tmp_path) -> Path:
    """A table with a text column, gaps, and two classes."""
    random = np.random.default_rng(0)
    rows = ["age,colour,height,member"]
    for _ in range(60):
        age = "" if random.random() < 0.1 else f"{random.uniform(18, 80):.0f}"
        colour = random.choice(["red", "green", "deep blue"])
        rows.append(f"{age},{colour},{random.uniform(1.5, 2):.2f},{random.choice(['no', 'yes'])}")
    (tmp_path / "people.csv").write_text("\n".join(rows))
    return tmp_path


PEOPLE = {"csv": {"path": "people.csv", "target": "member", "impute": "mean"}}


@pytest.mark.parametrize("outputs", [2, 1])
def test_a_table_is_taken_as_dicts_as_a_dataframe_and_as_numbers(people, outputs):
    loss = "cross_entropy" if outputs == 2 else "binary_cross_entropy"
    model = model_of(people, PEOPLE, [{"dense": 5}, "tanh", {"dense": outputs}], loss, standardize=True)
    module = exported(model, people)
    frame = pandas.read_csv(people / "people.csv").drop(columns="member")
    wanted, names = model.predict_proba(frame), model.predict(frame)
    for x in (frame, frame.to_dict("records"), frame.replace({np.nan: None}).to_dict("records")):
        np.testing.assert_allclose(module.predict_proba(x), wanted, atol=1e-6)
        assert list(module.predict(x)) == list(names)
    assert module.classes == model.classes
    numbers = np.array([[40, 0, 0, 1, 1.7], [30, 1, 0, 0, 1.8]])
    np.testing.assert_allclose(module.predict_proba(numbers), model.predict_proba(numbers), atol=1e-6)
    printed = subprocess.run(
        [sys.executable, "-I", "-W", "error", "exported.py", "people.csv"],
        capture_output=True,
        text=True,
        check=True,
        cwd=people,
    ).stdout
    assert printed.split() == ["class", *names]


def test_an_unknown_category_is_an_error_that_names_the_column(people):
    module = exported(model_of(people, PEOPLE, [{"dense": 2}]), people)
    with pytest.raises(ValueError, match=r"colour: expected one of .*deep blue.* Received: 'pink'"):
        module.predict([{"age": 40, "colour": "pink", "height": 1.7}])


def test_texts_that_marked_missing_cells_in_the_training_data_mark_them_in_rows(people):
    rows = [{"age": gap, "colour": "red", "height": 1.7} for gap in ("", None, np.nan, "unknown")]
    model = model_of(people, {"csv": {**PEOPLE["csv"], "missing": ["unknown"]}}, [{"dense": 2}])
    found = exported(model, people).predict_proba(rows)
    assert (found == found[0]).all()
    with pytest.raises(ValueError, match="NA"):  # is no longer one
        exported(model, people).predict_proba([{**rows[0], "age": "NA"}])


def test_numbers_that_are_not_finite_are_an_error(people):
    module = exported(model_of(people, {"iris": {}}, [{"dense": 3}]), people)
    with pytest.raises(ValueError, match="expected finite numbers"):
        module.predict([[1, 2, np.nan, 4]])
    with pytest.raises(ValueError, match="reshape"):
        module.predict([[1, 2, 3]])


def test_values_are_in_the_units_of_the_targets(people):
    source = {"csv": {"path": "people.csv", "target": "height", "impute": "mean"}}
    for loss in ("mse", "poisson"):
        model = model_of(people, source, [{"dense": 1}], loss)
        module = exported(model, people)
        frame = pandas.read_csv(people / "people.csv").drop(columns="height")
        np.testing.assert_allclose(module.predict(frame), model.predict(frame), rtol=1e-5)
        assert module.targets == ("height",)
        assert not hasattr(module, "predict_proba")


def test_margins_have_no_probabilities(people):
    model = model_of(people, PEOPLE, [{"dense": 1}], "hinge")
    module = exported(model, people)
    frame = pandas.read_csv(people / "people.csv")
    assert list(module.predict(frame)) == list(model.predict(frame.drop(columns="member")))
    assert not hasattr(module, "predict_proba")


def test_logits_have_no_probabilities(people):
    model = model_of(people, {"iris": {}}, [{"dense": 3}])
    module = exported(model, people, logits=True)
    x = np.random.default_rng(0).uniform(1, 5, (4, 4))
    powers = np.exp(module.outputs(x))
    np.testing.assert_allclose(powers / powers.sum(axis=1, keepdims=True), model.predict_proba(x), atol=1e-6)
    assert not hasattr(module, "predict_proba")


def test_images_are_bytes(tmp_path):
    x = np.random.default_rng(0).integers(0, 256, (20, 6, 5, 3)).astype(np.uint8)
    np.savez(tmp_path / "images.npz", x=x, y=np.arange(20) % 4)
    layers = [{"conv2d": {"filters": 3, "kernel_size": 3}}, "flatten", {"dense": 4}]
    for standardize in (False, True):
        model = model_of(tmp_path, {"npz": {"path": "images.npz"}}, layers, standardize=standardize)
        module = exported(model, tmp_path)
        np.testing.assert_allclose(module.predict_proba(x), model.predict_proba(x), atol=1e-6)
        np.testing.assert_allclose(module.predict_proba(x.reshape(20, -1)), model.predict_proba(x), atol=1e-6)


SENTENCE = "Der Käfer läuft, der Wal singt: „Ist's gut?“\n"


@pytest.mark.parametrize("unit", ["character", "byte", "word"])
def test_a_language_model_continues_a_text_as_nntrain_does(unit, tmp_path):
    (tmp_path / "text.txt").write_text(SENTENCE * 9, encoding="utf-8")
    source = {"text": {"path": "text.txt", "unit": unit, "window": 12}}
    outputs = {"character": len(set(SENTENCE)), "byte": 256, "word": 15}[unit]
    layers = [{"embedding": 5}, {"gru": {"units": 7, "return_sequences": True}}, {"dense": outputs}]
    model = model_of(tmp_path, source, layers)
    module = exported(model, tmp_path)
    for prompt in ("der Käfer", "läuft, der Wal singt: der Käfer"):
        wanted = model.generate(prompt, 30, temperature=0)
        assert module.generate(prompt, 30, temperature=0) == wanted
    one, again = (module.generate("Wal", 30, temperature=0.7, top_k=5, seed=4) for _ in range(2))
    assert one == again
    assert one.startswith("Wal")
    with pytest.raises(ValueError, match="at least one"):
        module.generate("")


def test_a_transformer_with_rotary_positions_and_tied_weights_continues_a_text_as_nntrain_does(tmp_path):
    (tmp_path / "text.txt").write_text(SENTENCE * 9, encoding="utf-8")
    source = {"text": {"path": "text.txt", "window": 12}}
    attention = {"multi_head_attention": {"heads": 2, "causal": True, "rotary": True}}
    layers = [
        {"embedding": {"units": 8, "weight_initializer": {"normal": 0.3}}},
        {"residual": {"body": [attention]}},
        {"dense": {"tied_to": "embedding_1"}},
    ]
    model = model_of(tmp_path, source, layers)
    module = exported(model, tmp_path)
    for prompt in ("der Käfer", "läuft, der Wal singt: der Käfer"):
        assert module.generate(prompt, 30, temperature=0) == model.generate(prompt, 30, temperature=0)


@pytest.mark.parametrize("kind", ["simple_rnn", "lstm", "gru"])
def test_stateful_layers_carry_their_state_through_a_text(kind, tmp_path):
    (tmp_path / "text.txt").write_text(SENTENCE * 9, encoding="utf-8")
    source = {"text": {"path": "text.txt", "window": 6, "consecutive": True}}
    layer = {kind: {"units": 7, "return_sequences": True, "stateful": True}}
    model = model_of(tmp_path, source, [{"embedding": 5}, layer, {"dense": len(set(SENTENCE))}])
    module = exported(model, tmp_path)
    for prompt in ("der", "läuft, der Wal singt: der Käfer"):  # longer than a window too
        wanted = model.generate(prompt, 30, temperature=0)
        assert module.generate(prompt, 30, temperature=0) == wanted
    text = (tmp_path / "exported.py").read_text()
    assert f"stateful_{kind}(state.setdefault(" in text
    assert f"\ndef {kind}(" not in text


@pytest.mark.parametrize(
    "layer",
    [
        {"lstm": {"units": 5, "return_sequences": True}},
        {"bidirectional": {"layer": {"gru": {"units": 4, "return_sequences": True}}}},
        {"conv1d": {"filters": 4, "kernel_size": 3, "padding": "same"}},
        {"multi_head_attention": {"heads": 2}},
        {"max_pool1d": {"pool_size": 3, "stride": 1, "padding": "same"}},
    ],
    ids=lambda layer: next(iter(layer)),
)
@pytest.mark.parametrize("per_step", [True, False])
def test_sequences_of_different_lengths_are_computed_at_their_own(layer, per_step, tmp_path):
    random = np.random.default_rng(0)
    lengths = random.integers(1, 8, 12)
    x = random.standard_normal((12, 7, 4)) * (np.arange(7) < lengths[:, None])[..., None]
    y = random.integers(0, 3, (12, 7) if per_step else 12)
    np.savez(tmp_path / "data.npz", x=x, y=y, lengths=lengths)
    layers = [layer, *([] if per_step else ["global_avg_pool"]), {"dense": 3}]
    model = model_of(tmp_path, {"npz": {"path": "data.npz", "lengths": "lengths"}}, layers)
    module = exported(model, tmp_path)
    found = module.predict_proba([sequence[:length] for sequence, length in zip(x, lengths, strict=True)])
    for row, (sequence, length) in enumerate(zip(x, lengths, strict=True)):
        wanted = model.predict_proba(sequence[None, :length])
        np.testing.assert_allclose(found[row], wanted if per_step else wanted[0], atol=1e-6)
