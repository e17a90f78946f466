"""Predictions of networks that classify texts: from arguments, lines, tables and files; each by itself."""

import json
import pickle

import numpy as np
import pytest

import nntrain
from tests.data.test_text_classes import ROWS, csv

LAYERS = {
    "mean": ["global_avg_pool"],
    "maximum": ["global_max_pool"],
    "convolution": [
        {"conv1d": {"filters": 6, "kernel_size": 3, "padding": "same", "activation": "relu"}},
        "global_max_pool",
    ],
    "recurrent": [
        {"bidirectional": {"layer": {"gru": {"units": 4, "return_sequences": True}}}},
        "global_avg_pool",
    ],
    "attention": [
        "positional_encoding",
        {"multi_head_attention": {"heads": 2}},
        "layer_norm",
        "global_avg_pool",
    ],
    "deep convolution": [
        {"conv1d": {"filters": 6, "kernel_size": 3, "padding": "same"}},
        "layer_norm",
        "relu",
        {"conv1d": {"filters": 6, "kernel_size": 5, "padding": "same", "activation": "relu"}},
        "global_avg_pool",
    ],
    "several pools": [
        {"spatial_dropout": {"rate": 0.2, "name": "tokens"}},
        {"global_avg_pool": {"name": "words"}},
        {"conv1d": {"filters": 6, "kernel_size": 3, "padding": "same", "inputs": ["tokens"]}},
        {"global_max_pool": {"name": "phrases"}},
        {"concat": {"inputs": ["words", "phrases"]}},
    ],
    "last state": [{"lstm": {"units": 4, "return_sequences": True}}, {"lstm": 4}],
    "both ends": [{"bidirectional": {"layer": {"lstm": 4}}}],
    "blocks": [
        "positional_encoding",
        {"residual": {"body": ["layer_norm", {"multi_head_attention": {"heads": 2}}]}},
        {"residual": {"body": ["layer_norm", {"dense": {"units": 12, "activation": "gelu"}}, {"dense": 6}]}},
        {"residual": {"body": ["rms_norm", {"multi_head_attention": {"heads": 2, "causal": True}}]}},
        "global_avg_pool",
    ],
    "learned positions": ["learned_positions", {"multi_head_attention": {"heads": 2}}, "global_max_pool"],
}


def config(folder, layers=("global_avg_pool",), epochs=30, **source):
    return {
        "data": {"source": {"text_classes": {"path": str(folder / "t.csv"), **source}}},
        "model": {"layers": [{"embedding": 6}, *layers, {"dense": 2}]},
        "loss": "cross_entropy",
        "metrics": ["accuracy"],
        "optimizer": {"adam": 0.05},
        "train": {"epochs": epochs, "batch_size": 8},
    }


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("texts")
    csv(folder)
    run = nntrain.fit(config(folder), runs_dir=folder / "runs", name="t")
    return folder, run.model


@pytest.mark.parametrize("layers", LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("unit", ["word", "bpe"])
def test_a_prediction_does_not_depend_on_the_other_texts_of_its_batch(tmp_path, layers, unit):
    csv(tmp_path, [*ROWS, ("good " * 30, "yes")])
    model = nntrain.fit(config(tmp_path, layers, epochs=2, unit=unit), runs_dir=None).model
    texts = ["good", "bad day", "zork", "good bad good bad day sir night", "", "good " * 40]
    together = model.predict_proba(texts)
    alone = np.concatenate([model.predict_proba([text]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-6)


def test_the_api_takes_a_text_a_list_and_a_column(trained):
    pandas = pytest.importorskip("pandas")
    _, model = trained
    texts = ["good day", "bad night"]
    assert model.predict(texts).tolist() == ["yes", "no"]
    assert model.predict("good day").tolist() == ["yes"]
    assert model.predict(np.array(texts)).tolist() == ["yes", "no"]
    assert model.predict(pandas.Series(texts)).tolist() == ["yes", "no"]
    assert model.predict_proba(texts).argmax(axis=1).tolist() == [1, 0]
    assert model.evaluate(texts, ["yes", "no"])["accuracy"] == 1
    assert pickle.loads(pickle.dumps(model)).predict(texts).tolist() == ["yes", "no"]


def test_the_command_takes_texts_lines_tables_and_files(trained, shell):
    folder, _ = trained
    run = str(folder / "runs" / "t")
    answer = shell.run("predict", run, "--text", "good day", "--text", "bad, bad", "--probabilities").stdout
    assert answer.splitlines()[0] == "class,p(no),p(yes)"
    assert [line.split(",")[0] for line in answer.splitlines()[1:]] == ["yes", "no"]
    (folder / "n.csv").write_text('id,text\n7,"bad, sir"\n8,good\n')
    (folder / "n.jsonl").write_text('{"text": "bad, sir"}\n{"text": "good"}\n')
    for name in ("n.csv", "n.jsonl"):
        assert shell.run("predict", run, str(folder / name)).stdout.split() == ["class", "no", "yes"]
    (folder / "new" / "sub").mkdir(parents=True)
    (folder / "new" / "a.txt").write_text("good\nday\n")
    (folder / "new" / "sub" / "b.txt").write_text("bad")
    assert shell.run("predict", run, str(folder / "new")).stdout.split() == [
        "file,class",
        "a.txt,yes",
        "sub/b.txt,no",
    ]
    assert shell.run("predict", run, str(folder / "new" / "a.txt")).stdout.split() == ["class", "yes"]
    found = json.loads(shell.run("predict", run, "--text", "good", "--json").stdout)
    assert found == {"predictions": [{"class": "yes"}]}
    assert shell.run("eval", run, "--data", str(folder / "t.csv"), "--json").stdout


def test_a_text_in_place_of_a_file_names_the_option(trained, shell, wording):
    folder, _ = trained
    error = shell.run("predict", str(folder / "runs" / "t"), "hello", code=2).stderr
    assert "--text" in error
    wording(error)


def test_a_column_alone_needs_its_name(trained, shell):
    folder, _ = trained
    run = str(folder / "runs" / "t")
    (folder / "one.csv").write_text("good day\nbad\n")
    error = shell.run("predict", run, str(folder / "one.csv"), code=2).stderr
    assert "expected a column called 'text'. Received: 'good day'" in error
    (folder / "one.csv").write_text("text\ngood day\nbad\n")
    assert shell.run("predict", run, str(folder / "one.csv")).stdout.split() == ["class", "yes", "no"]


def test_new_tables_are_read_as_those_of_the_training(tmp_path, shell):
    """By numbers of columns with and without a header, and by the column that the labels leave."""
    csv(tmp_path)
    for header, options in (
        ("label,note", {"text": 2}),
        ("", {"text": 2, "label": 1}),
        ("label,note", {"label": "label"}),
    ):
        rows = [f'{label},"{text}"' for text, label in ROWS]
        (tmp_path / "t.csv").write_text("\n".join(filter(None, [header, *rows])))
        nntrain.fit(config(tmp_path, **options), runs_dir=tmp_path / "runs", name="t", overwrite=True)
        (tmp_path / "n.csv").write_text("\n".join(filter(None, [header, *rows[:2]])))
        answer = shell.run("predict", str(tmp_path / "runs" / "t"), str(tmp_path / "n.csv")).stdout
        assert answer.split() == ["class", "yes", "no"]


def test_text_cannot_be_combined(trained, shell):
    folder, _ = trained
    run = str(folder / "runs" / "t")
    assert "--text" in shell.run("predict", run, "x.csv", "--text", "a", code=2).stderr
    assert "--text" in shell.run("predict", run, "--prompt", "a", "--text", "a", code=2).stderr
