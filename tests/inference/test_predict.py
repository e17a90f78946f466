"""`nntrain predict`: what a network says of samples in files, streams and sources."""

import gzip

import numpy as np
import pytest

from nntrain.losses import Loss
from nntrain.metrics.metric import predicted_classes
from nntrain.run.checkpoint import read
from tests.support.data import idx, images
from tests.support.people import HEADER, NUMBERS, PEOPLE, people, table_of, text_of, write_numbers

DIGITS = """
data: digits
model: {layers: [{dense: 10}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 1, batch_size: 64}
"""
IMAGES = """
data: {source: {idx: {images: images.idx, labels: labels.idx}}}
model: {layers: [flatten, {dense: 2}]}
loss: cross_entropy
optimizer: {sgd: {lr: 0.01}}
train: {epochs: 1, batch_size: 4}
"""


def predict(shell, *arguments, **options) -> str:
    return shell.run("predict", "runs/run", *arguments, **options).stdout


def test_predictions_on_the_test_file_give_the_scores_of_eval(trained):
    said = table_of(predict(trained, "others.csv", "--probabilities"))
    assert list(said) == ["class", "p(old)", "p(other)", "p(red)"]
    true = [row[-1] for row in people(1, 40)]
    scores = trained.scores("runs/run")
    assert np.mean([a == b for a, b in zip(said["class"], true, strict=True)]) == scores["accuracy"] > 0.5
    p_true = [float(said[f"p({kind})"][row]) for row, kind in enumerate(true)]
    assert -np.log(p_true).mean() == pytest.approx(scores["loss"], rel=1e-5)
    assert sum(float(said[f"p({kind})"][0]) for kind in ("old", "other", "red")) == pytest.approx(1)


def test_columns_are_found_by_name(trained):
    expected = predict(trained, "others.csv", "--probabilities")
    shuffled = [[kind, height, "unused", age, colour] for age, colour, height, kind in people(1, 40)]
    (trained.folder / "shuffled.csv").write_text(
        text_of(shuffled, ["kind", "height", "note", "age", "colour"])
    )
    (trained.folder / "no_target.csv").write_text(text_of([row[:3] for row in people(1, 40)], HEADER[:3]))
    (trained.folder / "semicolons.csv").write_text(text_of(people(1, 40)).replace(",", ";"))
    for name in ("shuffled.csv", "no_target.csv", "semicolons.csv", "{csv: {path: shuffled.csv}}"):
        assert predict(trained, name, "--probabilities") == expected


def test_a_file_a_packed_file_and_a_stream_are_one(trained):
    expected = predict(trained, "others.csv")
    text = (trained.folder / "others.csv").read_bytes()
    (trained.folder / "packed").write_bytes(gzip.compress(text))
    assert predict(trained, "packed") == expected
    assert predict(trained, "-", given=text) == expected


def test_a_checkpoint_alone_predicts(trained, monkeypatch):
    expected = predict(trained, "others.csv")
    elsewhere = trained.folder / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "alone.safetensors").write_bytes(
        (trained.folder / "runs/run/checkpoints/best.safetensors").read_bytes()
    )
    (trained.folder / "others.csv").rename(elsewhere / "others.csv")
    (trained.folder / "people.csv").unlink()
    monkeypatch.chdir(elsewhere)
    assert trained.run("predict", "alone.safetensors", "others.csv").stdout == expected


def test_predictions_do_not_depend_on_the_batch_or_the_threads(trained, monkeypatch):
    expected = predict(trained, "others.csv", "--probabilities")
    header, *lines = expected.splitlines(keepends=True)
    for start, end in ((0, 1), (1, 8), (8, 40)):
        (trained.folder / "some.csv").write_text(text_of(people(1, 40)[start:end]))
        assert predict(trained, "some.csv", "--probabilities") == "".join([header, *lines[start:end]])
    for rows in (1, 7, 39):
        monkeypatch.setattr("nntrain.inference.trained.ROWS", rows)
        assert predict(trained, "others.csv", "--probabilities", "--threads", 1) == expected


def test_a_row_can_have_gaps_only(trained):
    (trained.folder / "gaps.csv").write_text("height,age,colour\n170,,\n?,NA,blue\n")
    assert len(table_of(predict(trained, "gaps.csv"))["class"]) == 2


def test_numbers_that_name_categories_are_known_again(shell):
    rows = [
        [code, str(x), "yes" if (code == "10") == (x > 0) else "no"]
        for code in ("9", "10", "33")
        for x in (-1, 0.5, 2)
    ]
    (shell.folder / "codes.csv").write_text(text_of(rows, ["code", "x", "answer"]))
    shell.fit(
        "data: {csv: {path: codes.csv, categorical: [code]}}\nmodel: {layers: [{dense: 2}]}\nloss: cross_entropy\n"
        "optimizer: {sgd: {lr: 0.1}}\ntrain: {epochs: 2, batch_size: 4}\n"
    )
    expected = predict(shell, "codes.csv", "--probabilities")
    (shell.folder / "other.csv").write_text(
        text_of([[f" {float(code)}", x] for code, x, _ in rows], ["code", "x"])
    )
    assert predict(shell, "other.csv", "--probabilities") == expected


def test_numbers_are_in_columns_named_as_the_targets(shell):
    x = write_numbers(shell.folder)
    shell.fit(NUMBERS)
    said = table_of(predict(shell, "numbers.csv"))
    assert list(said) == ["sum", "product"]
    errors = np.array([said["sum"], said["product"]], float).T - np.stack(
        [x.sum(axis=1), x.prod(axis=1)], axis=1
    )
    assert np.square(errors).mean() == pytest.approx(
        shell.scores("runs/run", "--split", "train")["loss"], rel=1e-4
    )
    assert all(len(cell.strip("-0.")) <= 11 for cell in said["sum"])  # no digits that float32 does not have


@pytest.mark.parametrize(
    ("loss", "link"),
    [
        ("mse", lambda y: y),
        ("poisson", np.exp),
        ("binary_cross_entropy", lambda y: 1 / (1 + np.exp(-y))),
    ],
)
def test_numbers_are_in_the_unit_of_the_targets(shell, loss, link):
    np.savez(shell.folder / "data.npz", x=np.linspace(-1, 1, 20)[:, None], y=np.linspace(0, 1, 20))
    config = (
        "data: {npz: {path: data.npz, task: regression}}\nmodel: {layers: [{dense: {units: 1, name: only}}]}\n"
        f"loss: {loss}\noptimizer: {{sgd: {{lr: 0.1}}}}\ntrain: {{epochs: 2, precision: float64}}\n"
    )
    run = shell.fit(config)
    tensors = read(run / "checkpoints/best.safetensors").tensors
    expected = link(
        np.linspace(-1, 1, 20)[:, None] @ tensors["parameter.only.weight"] + tensors["parameter.only.bias"]
    )
    said = table_of(predict(shell, "data.npz"))
    assert list(said) == ["target"]
    np.testing.assert_allclose(np.array(said["target"], float), expected[:, 0], rtol=1e-12)


def test_columns_without_names_go_by_their_numbers(shell):
    rows = [[kind, age or "30", height] for age, _, height, kind in people(0, 40)]
    (shell.folder / "plain.csv").write_text(text_of(rows, None))
    shell.fit(
        PEOPLE.partition("data:")[0]
        + "data: {csv: {path: plain.csv, target: 1}}\nmodel"
        + PEOPLE.partition("model")[2]
    )
    expected = predict(shell, "plain.csv")
    (shell.folder / "new.csv").write_text(text_of([row[1:] for row in rows], None))
    assert predict(shell, "new.csv") == expected
    (shell.folder / "more.csv").write_text(
        text_of([[*row, "1"] for row in rows], ["kind", "years", "cm", "more"])
    )
    assert predict(shell, "more.csv") == expected


def test_numpy_files_are_read_and_written(shell):
    shell.fit(DIGITS)
    x = np.random.default_rng(0).random((5, 8, 8, 1))
    np.savez(shell.folder / "images.npz", x=x, other=[1])
    np.save(shell.folder / "vectors.npy", x.reshape(5, 64))
    assert predict(shell, "images.npz", "--output", "said.npz", "--probabilities") == ""
    with np.load(shell.folder / "said.npz") as file:
        said = dict(file)
    assert sorted(said) == ["class", "classes", "probabilities"]
    assert said["classes"].tolist() == list("0123456789")
    assert said["probabilities"].dtype == np.float32
    assert said["class"].tolist() == said["classes"][said["probabilities"].argmax(axis=1)].tolist()
    assert table_of(predict(shell, "vectors.npy"))["class"] == said["class"].tolist()
    (shell.folder / "table.csv").write_text(text_of(x.reshape(5, 64).tolist(), None))
    assert table_of(predict(shell, "table.csv"))["class"] == said["class"].tolist()


def test_of_a_source_the_test_split_is_predicted(shell, wording):
    run = shell.fit(DIGITS)
    assert len(table_of(predict(shell, "digits"))["class"]) == 360
    (shell.folder / "source.yaml").write_text("digits: {as: image}\n")
    assert predict(shell, "source.yaml") == predict(shell, "digits")
    wording(shell.run("predict", run, "iris", code=2).stderr)


def test_what_is_not_finite_is_no_prediction(shell, wording):
    run = shell.fit(DIGITS)
    np.save(shell.folder / "huge.npy", np.array([[0.0], [1e300]]).repeat(64, axis=1))
    found = shell.run("predict", run, "huge.npy", code=2).stderr
    assert "sample 2" in found
    wording(found)
    blank = shell.run("predict", run, "huge.npy", "--on-error", "blank")
    assert [bool(line.strip('"')) for line in blank.stdout.splitlines()[1:]] == [True, False]
    wording(blank.stderr)


def test_bytes_are_bytes_in_every_kind_of_file(shell, wording):
    (shell.folder / "images.idx").write_bytes(images(8))
    (shell.folder / "labels.idx").write_bytes(idx([0, 1] * 4))
    shell.fit(IMAGES)
    values = np.arange(32).reshape(8, 2, 2)
    np.savez(shell.folder / "images.npz", x=values)
    (shell.folder / "images.csv").write_text(text_of(values.reshape(8, 4).tolist(), None))
    expected = predict(shell, "{idx: {images: images.idx, labels: labels.idx}}", "--probabilities")
    assert predict(shell, "images.npz", "--probabilities") == expected
    assert predict(shell, "images.csv", "--probabilities") == expected
    np.save(shell.folder / "floats.npy", values / 255)
    wording(shell.run("predict", "runs/run", "floats.npy", code=2).stderr)


def test_an_output_file_is_whole_and_never_replaced_unasked(trained, wording):
    said = trained.folder / "said.csv"
    written = trained.run("predict", "runs/run", "others.csv", "--output", "said.csv")
    assert written.stdout == ""
    wording(written.stderr)
    assert said.read_text() == predict(trained, "others.csv")
    said.write_text("precious")
    wording(trained.run("predict", "runs/run", "others.csv", "--output", "said.csv", code=2).stderr)
    assert said.read_text() == "precious"
    (trained.folder / "bad.csv").write_text("age\n1\n")
    predict(trained, "bad.csv", "--output", "said.csv", "--overwrite", code=2)
    assert said.read_text() == "precious"
    predict(trained, "others.csv", "--output", "said.csv", "--overwrite")
    assert said.read_text() == predict(trained, "others.csv")


@pytest.mark.parametrize("name", [name for name, loss in Loss.members().items() if loss.targets != "real"])
def test_probabilities_agree_with_the_answer(name):
    loss = Loss.members()[name]()
    draw = np.random.default_rng(0)
    classes = 2 if loss.binary else 4
    outputs = draw.normal(size=(50, loss.required_outputs(classes, None))).astype(np.float32)
    outputs[:3] *= 30
    if name in ("nll", "kl_div"):
        outputs -= np.log(np.exp(outputs).sum(axis=1, keepdims=True))
    p = loss.probabilities(outputs)
    assert p.shape == (50, classes)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    said = predicted_classes(outputs)
    positive = (outputs > 0).any(axis=1) | loss.from_logits | loss.binary | (name in ("nll", "kl_div"))
    assert (p.argmax(axis=1) == said)[positive].all()
    assert loss.probabilistic != (set(np.unique(p)) == {0, 1})
