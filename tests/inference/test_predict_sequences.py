"""`nntrain predict` of sequences: the next values, a class a sequence or a step, and texts that go on."""

import numpy as np
import pytest

from nntrain.inference.generate import Sampling, chosen
from tests.support.people import table_of

TEXT = """
data: {source: {text: {path: text.txt, window: 8}}, validation: 0.2}
model: {layers: [{embedding: 6}, {gru: {units: 16, return_sequences: true}}, {dense: 11}]}
loss: cross_entropy
optimizer: {adam: {lr: 0.03}}
train: {epochs: 30, batch_size: 8}
"""
CONSECUTIVE = TEXT.replace("window: 8", "window: 8, consecutive: true").replace(
    "units: 16", "units: 16, stateful: true"
)
TABLE = """
data: {source: {sequences: {path: table.csv, id: who, target: kind, features: [u, colour], predict: PREDICT}}, standardize: true}
model: {layers: [LAYER, {dense: 2}]}
loss: cross_entropy
optimizer: {adam: {lr: 0.05}}
train: {epochs: 40, batch_size: 8}
"""
SERIES = """
data: {source: {sequences: {path: series.csv, id: place, predict: next, window: 4, horizon: 2, target: value}}}
model: {layers: [flatten, {dense: 2}]}
loss: mse
optimizer: {adam: {lr: 0.05}}
train: {epochs: 200, batch_size: 8}
"""


def write_table(folder, name: str = "table.csv", header: str = "who,u,colour,kind") -> list[tuple]:
    """Interleaved sequences of 1 to 6 steps; their kind is the sign of u."""
    draw = np.random.default_rng(0)
    rows = []
    for number, length in enumerate(draw.integers(1, 7, 30)):
        sign = draw.choice([-1, 1])
        kind = "up" if sign > 0 else "down"
        rows += [
            (step, f"s{number}", round(sign * draw.uniform(0.5, 2), 3), draw.choice(["red", "blue"]), kind)
            for step in range(length)
        ]
    rows = [row[1:] for row in sorted(rows, key=lambda row: row[0])]
    (folder / name).write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return rows


def predicted(shell, *arguments, **options) -> str:
    return shell.run("predict", "runs/run", *arguments, **options).stdout


def complaint(shell, *arguments) -> str:
    return shell.run("predict", "runs/run", *arguments, code=2).stderr


@pytest.fixture(params=[TEXT, CONSECUTIVE], ids=["windows", "state"])
def writer(request, shell):
    """A network that has learned to count."""
    (shell.folder / "text.txt").write_text("0123456789\n" * 60)
    shell.fit(request.param)
    return shell


def test_a_text_goes_on(writer):
    assert (
        predicted(writer, "--prompt", "345", "--length", 30, "--temperature", 0)
        == "3456789\n0123456789\n0123456789\n012\n"
    )
    long = "0123456789\n" * 5
    assert predicted(writer, "--prompt", long, "--length", 12, "--temperature", 0) == long + "0123456789\n0\n"


def test_the_same_seed_writes_the_same_text_with_any_number_of_threads(writer):
    def drawn(*arguments):
        return predicted(writer, "--prompt", "0", "--length", 80, "--temperature", 3, *arguments)

    first = drawn("--seed", 1)
    assert len(first) == 82
    assert drawn("--seed", 1, "--threads", 1) == first
    assert drawn("--seed", 2) != first
    assert (
        drawn("--seed", 1)[:40]
        == predicted(writer, "--prompt", "0", "--length", 39, "--temperature", 3, "--seed", 1)[:40]
    )
    assert drawn("--top-k", 1) == predicted(writer, "--prompt", "0", "--length", 80, "--temperature", 0)


def test_a_state_says_the_same_as_the_whole_text_read_at_once(shell, monkeypatch):
    (shell.folder / "text.txt").write_text("0123456789\n" * 60)
    shell.fit(CONSECUTIVE, "--set", "train.epochs=3")
    options = ("--prompt", "01", "--length", 6, "--temperature", 2)  # within a window both see all of it
    carried = predicted(shell, *options)
    monkeypatch.setattr("nntrain.inference.generate.reads_pieces", lambda graph: False)
    assert predicted(shell, *options) == carried


def test_a_run_ends_with_the_command_that_lets_it_write(shell):
    (shell.folder / "text.txt").write_text("0123456789\n" * 60)
    shell.fit(TEXT, "--set", "train.epochs=1")
    last = (shell.folder / "runs/run/train.log").read_text().splitlines()[-1]
    assert last == f"next        nntrain predict {shell.folder / 'runs/run'} --prompt 0123456789"
    assert predicted(shell, "--prompt", "0123456789").startswith("0123456789")


def test_a_text_can_be_written_to_a_file(writer, wording):
    options = ("--prompt", "01", "--length", 3, "--temperature", 0)
    written = writer.run("predict", "runs/run", *options, "--output", "said.txt")
    assert written.stdout == ""
    wording(written.stderr)
    assert (writer.folder / "said.txt").read_text() == "01234\n"
    wording(complaint(writer, "--prompt", "01", "--output", "said.csv"))


@pytest.mark.parametrize(
    ("arguments", "place"),
    [(["--prompt", "0x1y"], "--prompt: "), (["--prompt", ""], "--prompt: "), (["text.txt"], "INPUT: ")],
)
def test_a_prompt_that_cannot_be_read_is_reported(writer, arguments, place, wording):
    found = complaint(writer, *arguments)
    assert found.startswith(f"error: {place}")
    wording(found)


def test_unknown_characters_of_a_prompt_can_be_left_out(writer, wording):
    options = ("--length", 5, "--temperature", 0)
    strange = "0🙂1" + "".join(map(chr, range(0x4E00, 0x4E00 + 2000))) + "2"
    refused = complaint(writer, "--prompt", strange, *options)
    assert len(refused) < 500
    wording(refused)
    left_out = writer.run("predict", "runs/run", "--prompt", strange, *options, "--on-error", "skip")
    assert left_out.stdout == "01234567\n"
    wording(left_out.stderr)
    wording(complaint(writer, "--prompt", "🙂", *options, "--on-error", "skip"))


def test_unknown_words_of_a_prompt_are_named(shell, wording):
    (shell.folder / "text.txt").write_text("one two three\n" * 60)
    shell.fit(
        TEXT,
        "--set",
        "train.epochs=1",
        "--set",
        "data.source.text.unit=word",
        "--set",
        "model.layers[-1].dense=5",
    )
    found = shell.run("predict", "runs/run", "--prompt", "one zwei two drei zwei", "--length", 2)
    assert found.stdout.startswith("one zwei two drei zwei ")
    wording(found.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--prompt", "a", "--on-error", "blank"],
        ["table.csv", "--prompt", "a"],
        ["table.csv", "--top-k", 3],
        ["--prompt", "a", "--probabilities"],
        ["--prompt", "a", "--temperature", -1],
        ["--prompt", "a"],
    ],
)
def test_options_that_cannot_be_combined_are_reported(shell, arguments, wording):
    write_table(shell.folder)
    shell.fit(TABLE.replace("PREDICT", "step").replace("LAYER", "{dense: 2}"), "--set", "train.epochs=1")
    wording(complaint(shell, *arguments))


def test_tokens_are_sampled_by_their_probabilities():
    logits = np.log([0.1, 0.6, 0.3])
    uniforms = (np.arange(1000) + 0.5) / 1000
    for options, expected in (
        (Sampling(), [100, 600, 300]),
        (Sampling(top_k=2), [0, 667, 333]),
        (Sampling(temperature=0.5), [22, 783, 195]),
        (Sampling(temperature=0.0), [0, 1000, 0]),
    ):
        counts = np.bincount([chosen(logits, options, uniform) for uniform in uniforms], minlength=3)
        np.testing.assert_allclose(counts, expected, atol=1)
    assert chosen(np.array([-np.inf, 0.0]), Sampling(), np.nextafter(1, 0)) == 1


def test_each_sequence_has_a_line_with_its_id(shell):
    rows = write_table(shell.folder)
    shell.fit(TABLE.replace("PREDICT", "sequence").replace("LAYER", "{gru: 8}"))
    said = table_of(predicted(shell, "table.csv", "--probabilities"))
    assert list(said) == ["who", "class", "p(down)", "p(up)"]
    kinds = {row[0]: row[3] for row in rows}
    assert said["who"] == list(kinds)
    assert said["class"] == list(kinds.values())
    predicted(shell, "table.csv", "--output", "said.npz")
    with np.load(shell.folder / "said.npz") as file:
        assert file["ids"].tolist() == list(kinds)


def test_each_step_has_a_line_in_the_order_of_the_file(shell, wording):
    rows = write_table(shell.folder)
    shell.fit(TABLE.replace("PREDICT", "step").replace("LAYER", "{dense: 4}"))
    said = table_of(predicted(shell, "table.csv"))
    assert said == {"class": [row[3] for row in rows]}
    (shell.folder / "new.csv").write_text("colour,who,u\nred,x,1\nblue,y,-1\nblue,x,2\n")
    assert table_of(predicted(shell, "new.csv"))["class"] == ["up", "down", "up"]
    given = b"who,colour,u\n" + b"x,red,-1\n" * 7
    wording(shell.run("predict", "runs/run", "-", given=given, code=2).stderr)
    (shell.folder / "less.csv").write_text("who,colour\n1,red\n")
    wording(complaint(shell, "less.csv"))


def test_padded_arrays_are_predicted_with_their_lengths(shell, wording):
    np.savez(
        shell.folder / "data.npz",
        x=np.array([[[1.0], [-1]], [[-1], [9]]]).repeat(8, axis=0),
        n=[2] * 8 + [1] * 8,
        y=np.array([[1, 0], [0, 5]]).repeat(8, axis=0),
    )
    shell.fit(
        "data: {npz: {path: data.npz, lengths: n}}\nmodel: {layers: [{dense: 2}]}\nloss: cross_entropy\n"
        "optimizer: {adam: {lr: 0.1}}\ntrain: {epochs: 30, batch_size: 4}\n"
    )
    assert table_of(predicted(shell, "data.npz"))["class"] == ["1", "0"] * 8 + ["0"] * 8
    np.savez(shell.folder / "short.npz", x=[[[3.0]]], n=[1])
    assert table_of(predicted(shell, "short.npz"))["class"] == ["1"]
    np.savez(shell.folder / "empty.npz", x=[[[3.0]]], n=[0])
    wording(complaint(shell, "empty.npz"))
    np.savez(shell.folder / "long.npz", x=[[[3.0]] * 3], n=[3])
    wording(complaint(shell, "long.npz"))
    np.savez(shell.folder / "none.npz", x=[[[3.0]]])
    wording(complaint(shell, "none.npz"))


def test_the_next_values_of_each_series_are_forecast(shell, wording):
    lines = [
        f"{place},{start + slope * step}"
        for step in range(30)
        for place, start, slope in (("north", 0, 0.1), ("south", 2, -0.05))
    ]
    (shell.folder / "series.csv").write_text("\n".join(["place,value", *lines]) + "\n")
    shell.fit(SERIES)
    said = table_of(predicted(shell, "series.csv"))
    assert list(said) == ["place", "value+1", "value+2"]
    assert said["place"] == ["north", "south"]
    np.testing.assert_allclose(np.array(said["value+1"], float), [3.0, 0.5], atol=0.1)
    np.testing.assert_allclose(np.array(said["value+2"], float), [3.1, 0.45], atol=0.1)
    (shell.folder / "new.csv").write_text("value,place\n1,a\n2,a\n3,a\n")
    wording(complaint(shell, "new.csv"))
