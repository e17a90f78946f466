"""`nntrain predict`: what a network says of samples in files, streams and sources, and what it refuses."""

import gzip
import math

import numpy as np
import pytest

from nntrain.losses import Loss
from nntrain.metrics import answers
from nntrain.training import predicting
from tests.data_helpers import idx, images
from tests.people import HEADER, PEOPLE, people, table_of, text_of, write_people

NUMBERS = """
data: {source: {csv: {path: numbers.csv, target: [sum, product], task: regression}}}
model: {layers: [{dense: {units: 8, activation: tanh}}, {dense: 2}]}
loss: mse
optimizer: {adam: {lr: 0.05}}
train: {epochs: 2, batch_size: 10}
"""
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


@pytest.fixture
def trained(shell):
    """A shell with a run of PEOPLE."""
    write_people(shell.folder)
    shell.fit(PEOPLE)
    return shell


def predict(shell, *arguments, **options) -> str:
    return shell.run("predict", "runs/run", *arguments, **options).stdout


def write_numbers(folder) -> np.ndarray:
    x = np.random.default_rng(0).normal(size=(40, 2)).round(3)
    rows = [[*map(str, row), str(row.sum()), str(row.prod())] for row in x]
    (folder / "numbers.csv").write_text(text_of(rows, ["a", "b", "sum", "product"]))
    return x


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
    (trained.folder / "shuffled.csv").write_text(text_of(shuffled, ["kind", "height", "note", "age", "colour"]))
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
    (elsewhere / "alone.safetensors").write_bytes((trained.folder / "runs/run/checkpoints/best.safetensors").read_bytes())
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
        monkeypatch.setattr(predicting, "ROWS", rows)
        assert predict(trained, "others.csv", "--probabilities", "--threads", 1) == expected


def test_a_row_can_have_gaps_only(trained):
    (trained.folder / "gaps.csv").write_text("height,age,colour\n170,,\n?,NA,blue\n")
    assert len(table_of(predict(trained, "gaps.csv"))["class"]) == 2


def test_numbers_are_in_columns_named_as_the_targets(shell):
    x = write_numbers(shell.folder)
    shell.fit(NUMBERS)
    said = table_of(predict(shell, "numbers.csv"))
    assert list(said) == ["sum", "product"]
    errors = np.array([said["sum"], said["product"]], float).T - np.stack([x.sum(axis=1), x.prod(axis=1)], axis=1)
    assert np.square(errors).mean() == pytest.approx(shell.scores("runs/run", "--split", "train")["loss"], rel=1e-4)
    assert all(len(cell.strip("-0.")) <= 11 for cell in said["sum"])  # no digits that float32 does not have


@pytest.mark.parametrize(("loss", "link"), [("mse", lambda y: y), ("poisson", np.exp), ("binary_cross_entropy", lambda y: 1 / (1 + np.exp(-y)))])
def test_numbers_are_in_the_unit_of_the_targets(shell, loss, link):
    np.savez(shell.folder / "data.npz", x=np.linspace(-1, 1, 20)[:, None], y=np.linspace(0, 1, 20))
    config = ("data: {npz: {path: data.npz, task: regression}}\nmodel: {layers: [{dense: {units: 1, name: only}}]}\n"
              f"loss: {loss}\noptimizer: {{sgd: {{lr: 0.1}}}}\ntrain: {{epochs: 2, precision: float64}}\n")
    run = shell.fit(config)
    from nntrain.training.checkpoint import read
    tensors = read(run / "checkpoints/best.safetensors").tensors
    expected = link(np.linspace(-1, 1, 20)[:, None] @ tensors["parameter.only.weight"] + tensors["parameter.only.bias"])
    said = table_of(predict(shell, "data.npz"))
    assert list(said) == ["target"]
    np.testing.assert_allclose(np.array(said["target"], float), expected[:, 0], rtol=1e-12)


def test_columns_without_names_go_by_their_numbers(shell):
    rows = [[kind, age or "30", height] for age, _, height, kind in people(0, 40)]
    (shell.folder / "plain.csv").write_text(text_of(rows, None))
    shell.fit(PEOPLE.partition("data:")[0] + "data: {csv: {path: plain.csv, target: 1}}\nmodel" + PEOPLE.partition("model")[2])
    expected = predict(shell, "plain.csv")
    (shell.folder / "new.csv").write_text(text_of([row[1:] for row in rows], None))
    assert predict(shell, "new.csv") == expected
    (shell.folder / "more.csv").write_text(text_of([[*row, "1"] for row in rows], ["kind", "years", "cm", "more"]))
    assert predict(shell, "more.csv") == expected


def test_numpy_files_are_read_and_written(shell):
    shell.fit(DIGITS)
    x = np.random.default_rng(0).random((5, 8, 8, 1))
    np.savez(shell.folder / "images.npz", x=x, other=[1])
    np.save(shell.folder / "vectors.npy", x.reshape(5, 64))
    assert predict(shell, "images.npz", "--output", "said.npz", "--probabilities") == "wrote said.npz: 5 predictions\n"
    said = np.load(shell.folder / "said.npz")
    assert sorted(said) == ["class", "classes", "probabilities"]
    assert said["classes"].tolist() == list("0123456789")
    assert said["probabilities"].dtype == np.float32
    assert said["class"].tolist() == said["classes"][said["probabilities"].argmax(axis=1)].tolist()
    assert table_of(predict(shell, "vectors.npy"))["class"] == said["class"].tolist()
    (shell.folder / "table.csv").write_text(text_of(x.reshape(5, 64).tolist(), None))
    assert table_of(predict(shell, "table.csv"))["class"] == said["class"].tolist()


def test_of_a_source_the_test_part_is_predicted(shell):
    run = shell.fit(DIGITS)
    assert len(table_of(predict(shell, "digits"))["class"]) == 360
    (shell.folder / "source.yaml").write_text("digits: {as: image}\n")
    assert predict(shell, "source.yaml") == predict(shell, "digits")
    write_people(shell.folder)
    assert "expected samples of the shape (64,)" in shell.run("predict", run, "iris", code=2).stderr


def test_bytes_are_bytes_in_every_kind_of_file(shell):
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
    assert shell.run("predict", "runs/run", "floats.npy", code=2).stderr == (
        "error: floats.npy: expected whole numbers from 0 to 255, as in the training. Received: float64.\n")


def test_an_output_file_is_whole_and_never_replaced_unasked(trained):
    said = trained.folder / "said.csv"
    assert predict(trained, "others.csv", "--output", "said.csv") == "wrote said.csv: 40 predictions\n"
    assert said.read_text() == predict(trained, "others.csv")
    said.write_text("precious")
    assert trained.run("predict", "runs/run", "others.csv", "--output", "said.csv", code=2).stderr == (
        "error: --output said.csv: this file exists. Give another name, or replace it by --overwrite.\n")
    assert said.read_text() == "precious"
    (trained.folder / "bad.csv").write_text("age\n1\n")
    predict(trained, "bad.csv", "--output", "said.csv", "--overwrite", code=2)
    assert said.read_text() == "precious"
    predict(trained, "others.csv", "--output", "said.csv", "--overwrite")
    assert said.read_text() == predict(trained, "others.csv")


@pytest.mark.parametrize("name", [name for name, loss in Loss.members().items() if loss.takes != "reals"])
def test_probabilities_agree_with_the_answer(name):
    loss = Loss.members()[name]()
    draw = np.random.default_rng(0)
    classes = 2 if loss.yes_or_no else 4
    outputs = draw.normal(size=(50, loss.required_outputs(classes, None))).astype(np.float32)
    if name in ("nll", "kl_div"):
        outputs -= np.log(np.exp(outputs).sum(axis=1, keepdims=True))
    outputs[:3] *= 50
    p = loss.probabilities(outputs)
    assert p.shape == (50, classes)
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-6)
    said, _ = answers(outputs, np.empty(0, np.int32), loss.yes_or_no)
    positive = (outputs > 0).any(axis=1) | loss.from_logits | loss.yes_or_no | (name in ("nll", "kl_div"))
    assert (p.argmax(axis=1) == said)[positive].all()
    assert not loss.gives_probabilities == (set(np.unique(p)) == {0, 1})


GAP_HINT = "Mend the file: the network knows what it was trained on."
BAD_TABLES = {
    "a missing column": ("age,color,height\n1,red,2\n",
        "new.csv: the columns do not fit those of the training: it lacks 'colour'. Did you mean 'color'?"),
    "missing columns": ("height\n2\n",
        "new.csv: the columns do not fit those of the training: it lacks 'age', 'colour'. There are: height."),
    "no header": ("30,red,170\n31,blue,171\n",
        "new.csv: the columns do not fit those of the training: it lacks 'age', 'colour', 'height'. There are: 30, red, 170."),
    "an unknown category": ("age,colour,height\n1,red,2\n1,pink,2\n",
        f"new.csv:3: column 'colour': expected one of the training's 'blue', 'green', 'red'. Received: 'pink'.\n{GAP_HINT}"),
    "a number for a category": ("age,colour,height\n1,7,2\n",
        f"new.csv:2: column 'colour': expected one of the training's 'blue', 'green', 'red'. Received: '7'.\n{GAP_HINT}"),
    "text for a number": ("age,colour,height\n1,red,2\nold,red,2\n",
        f"new.csv:3: column 'age': expected a number. Received: 'old'.\n{GAP_HINT}"),
    "infinity": ("age,colour,height\ninf,red,2\n", f"new.csv:2: column 'age': expected a finite number. Received: inf.\n{GAP_HINT}"),
    "a short row": ("age,colour,height\n1,red\n", "new.csv:2: expected 3 columns as in line 1. Received: 2."),
    "two columns of one name": ("age,colour,height,age\n1,red,2,1\n", "new.csv:1: columns 1 and 4 are both named 'age'."),
    "a header alone": ("age,colour,height\n", "new.csv: the file has a header and no lines after it."),
    "an empty file": ("", "new.csv: the file is empty."),
    "a value beyond float32": ("age,colour,height\n1e300,red,2\n", "INPUT: sample 1: what the network makes of it is not a finite "
        "number. Are its values much larger than those of the training?"),
}


@pytest.mark.parametrize("case", BAD_TABLES)
def test_bad_tables_are_refused(trained, case):
    text, message = BAD_TABLES[case]
    (trained.folder / "new.csv").write_text(text)
    result = trained.run("predict", "runs/run", "new.csv", code=2)
    assert (result.stdout, result.stderr) == ("", f"error: {message}\n")


def test_bad_cells_are_told_in_the_order_of_the_file(trained):
    bad = "age,colour,height\n" + "1,pink,x\n" * 4
    assert predict(trained, "-", given=bad.encode(), code=2) == ""
    told = trained.run("predict", "runs/run", "-", given=bad.encode(), code=2).stderr.splitlines()
    assert told[0].startswith("error: standard input:2: column 'colour'")
    assert told[1] == "standard input:2: column 'height': expected a number. Received: 'x'."
    assert told[5:] == ["... and 3 more.", GAP_HINT]


def test_a_gap_that_nothing_fills_is_refused(shell):
    write_numbers(shell.folder)
    shell.fit(NUMBERS)
    (shell.folder / "new.csv").write_text("b,a\n1,2\n,3\n")
    assert shell.run("predict", "runs/run", "new.csv", code=2).stderr == (
        "error: new.csv:3: column 'b': expected a number. Received: a missing value.\n"
        "Mend the file: the network knows what it was trained on, and fills gaps only if `impute` was said then.\n")
    assert shell.run("predict", "runs/run", "new.csv", "--probabilities", code=2).stderr == (
        "error: --probabilities: the network predicts numbers, not classes. Leave it out.\n")


def test_a_loss_without_probabilities_gives_none(trained):
    two = PEOPLE.replace("cross_entropy", "hinge").replace("{dense: 3}", "{dense: 1}").replace(
        "\n  test: {csv: {path: others.csv, target: kind, impute: median}}", "")
    table = (trained.folder / "people.csv").read_text()
    (trained.folder / "people.csv").write_text(table.replace(",other\n", ",old\n"))
    run = trained.fit(two, name="hinge")
    assert set(table_of(trained.run("predict", run, "people.csv").stdout)["class"]) <= {"old", "red"}
    assert trained.run("predict", run, "people.csv", "--probabilities", code=2).stderr == (
        "error: --probabilities: hinge trains distances from a border, not probabilities. Leave it out, or train with "
        "binary_cross_entropy.\n")


@pytest.mark.parametrize(("arguments", "message"), [
    (["runs/none", "others.csv"], "runs/none: no such run folder or checkpoint."),
    (["people.csv", "others.csv"], "people.csv: this is not an nntrain checkpoint, or it is truncated."),
    (["runs/run", "other.csv"], "other.csv: there is no such file in {folder}. Did you mean 'others.csv'?"),
    (["runs/run", "runs"], "runs: cannot be read: Is a directory."),
    (["runs/run", "new.npz"], "new.npz: there is no such file in {folder}."),
    (["runs/run", "x.npz"], "x.npz: there is no array named 'x'. There are: y."),
    (["runs/run", "wide.npy"], "wide.npy: expected samples of the shape (5,), as in the training. Received: (6,)."),
    (["runs/run", "bytes.npy"], "bytes.npy: expected numbers as in the training. Received: bytes (uint8), which stand for 0 to 1. "
        "Convert them to float32 in the unit of the training."),
    (["runs/run", "words.npy"], "words.npy: expected numbers. Received: text."),
    (["runs/run", "nan.npy"], "nan.npy: sample 2, value 1: expected a finite number. Received: nan."),
    (["runs/run", "{csv: {pth: others.csv}}"], "INPUT: csv.path: is required.\n"
        "INPUT: csv.pth: no such option. Did you mean 'path'?"),
    (["runs/run", "{cvs: others.csv}"], "INPUT: no source is named 'cvs'. Did you mean 'csv'?"),
    (["runs/run", "new.yaml"], "new.yaml: no such file. Did you mean './new.yaml'?"),
    (["runs/run", "digits"], "INPUT: expected samples of the shape (5,), as in the training. Received: (64,)."),
    (["runs/run", "others.csv", "--output", "said.txt"], "--output said.txt: expected a name that ends in .csv or .npz."),
    (["runs/run", "others.csv", "--output", "none/said.csv"], "--output none/said.csv: there is no folder none."),
    (["runs/run", "others.csv", "--threads", "0"], "--threads 0: expected a number from 1 to {threads}, which is all there are here."),
])
def test_bad_arguments_are_refused(trained, arguments, message):
    from nntrain import kernels

    folder = trained.folder
    np.savez(folder / "x.npz", y=[1.0])
    for name, array in {"wide": np.zeros((2, 6)), "bytes": np.zeros((2, 5), np.uint8), "words": np.full((2, 5), "a"),
                        "nan": np.where(np.eye(5), math.nan, 0)[[4, 0]][::1]}.items():
        np.save(folder / f"{name}.npy", array)
    before = sorted(folder.rglob("*"))
    result = trained.run("predict", *arguments, code=2)
    told = message.format(folder=folder, threads=kernels.jit.thread_limit()) if "{folder}" in message or "{threads}" in message else message
    assert (result.stdout, result.stderr) == ("", f"error: {told}\n")
    assert sorted(folder.rglob("*")) == before


def test_overwrite_needs_an_output(trained):
    assert trained.run("predict", "runs/run", "others.csv", "--overwrite", code=2).stderr.endswith(
        "Error: --overwrite goes with --output.\n")
