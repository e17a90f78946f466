"""Sequences from tables and arrays: samples of different lengths, windows, batches by length."""

import numpy as np
import pytest

from nntrain.data.batches import Batches, by_length
from nntrain.data.conform.arrays import conform
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.windows import Windows
from nntrain.data.splits import hashes, split
from nntrain.data.transforms.standardize import standardize
from tests.support.data import load, refused

# Steps of b, a and c in turn; c is over after two, and d has a single one.
ROWS = [
    ("b", 0, 10, "x"),
    ("a", 1, 11, "x"),
    ("c", 2, 12, "y"),
    ("b", 3, 13, "x"),
    ("a", 4, 14, "x"),
    ("c", 5, 15, "y"),
    ("b", 6, 16, "x"),
    ("d", 7, 17, "y"),
    ("a", 8, 18, "x"),
    ("b", 9, 19, "x"),
]


def write(folder, rows=ROWS, header="who,u,v,kind"):
    (folder / "table.csv").write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")


def sequences(folder, **options) -> Dataset:
    return load({"sequences": {"path": "table.csv", "id": "who", **options}}, folder).train


def gathered(data: Dataset, indices=None, steps=None):
    """Everything that a network gets of these samples."""
    indices = np.arange(len(data)) if indices is None else np.array(indices)
    batch = data.batch(len(indices), np.float64)
    if steps is not None:
        batch.x = np.empty((len(indices), steps, *batch.x.shape[2:]))
        if data.per_step:
            batch.target = np.empty((len(indices), steps, *batch.target.shape[2:]), batch.target.dtype)
            batch.weight = np.empty((len(indices), steps))
    data.gather(indices, batch)
    return batch


def test_rows_become_the_steps_of_the_sequence_that_their_id_names(tmp_path):
    write(tmp_path)
    data = sequences(tmp_path)
    batch = gathered(data)
    assert batch.x[..., 0].tolist() == [[0, 3, 6, 9], [1, 4, 8, 0], [2, 5, 0, 0], [7, 0, 0, 0]]
    assert batch.x[..., 1].tolist() == [[10, 13, 16, 19], [11, 14, 18, 0], [12, 15, 0, 0], [17, 0, 0, 0]]
    assert batch.lengths.tolist() == data.lengths.tolist() == [4, 3, 2, 1]
    assert batch.target.tolist() == [0, 0, 1, 1]
    assert batch.weight is None
    assert (data.classes, data.feature_names, data.per_step) == (("x", "y"), ("u", "v"), False)


def test_each_step_can_have_a_class_or_numbers(tmp_path):
    write(tmp_path)
    batch = gathered(sequences(tmp_path, predict="step"))
    assert batch.target.tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    assert batch.weight.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]
    numbers = sequences(tmp_path, predict="step", target=["v", "u"], task="regression")
    batch = gathered(numbers)
    assert batch.target[1].tolist() == [[11, 1], [14, 4], [18, 8], [0, 0]]
    assert numbers.per_step
    assert numbers.target_shape == (4, 2)


def test_a_batch_of_short_sequences_takes_their_steps_only(tmp_path):
    write(tmp_path)
    data = sequences(tmp_path, predict="step")
    whole, short = gathered(data, [2, 3]), gathered(data, [2, 3], steps=2)
    assert np.array_equal(short.x, whole.x[:, :2])
    assert np.array_equal(short.target, whole.target[:, :2])
    assert np.array_equal(short.weight, whole.weight[:, :2])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"longer": "first"}, [[0, 3], [1, 4], [2, 5], [7, 0]]),
        ({"longer": "last"}, [[6, 9], [4, 8], [2, 5], [7, 0]]),
        ({"longer": "split", "predict": "step"}, [[0, 3], [6, 9], [1, 4], [8, 0], [2, 5], [7, 0]]),
    ],
)
def test_longer_sequences_are_cut_as_set(tmp_path, options, expected):
    write(tmp_path)
    data = sequences(tmp_path, steps=2, **options)
    assert gathered(data).x[..., 0].tolist() == expected
    assert data.lengths.tolist() == [1 if row[1] == 0 else 2 for row in expected]
    if "predict" in options:
        assert gathered(data).target.tolist() == [[0, 0]] * 4 + [[1, 1], [1, 0]]


def test_steps_can_be_more_than_there_are(tmp_path):
    write(tmp_path)
    assert sequences(tmp_path, steps=9).input_shape == (9, 2)


@pytest.mark.parametrize(
    ("rows", "options", "place"),
    [
        (ROWS, {"steps": 2}, "table.csv"),
        ([*ROWS, ("b", 1, 1, "y")], {}, "table.csv:12"),
        ([*ROWS, ("", 1, 1, "y")], {}, "table.csv:12"),
        (ROWS, {"id": "kind"}, "table.csv"),
        (ROWS, {"features": ["u", "who"]}, "table.csv"),
        (ROWS, {"id": "whom"}, "table.csv"),
        (ROWS, {"predict": "next", "target": "v", "features": ["u", "v"], "window": 3}, "table.csv"),
    ],
)
def test_tables_that_are_not_sequences_are_refused(tmp_path, rows, options, place, wording):
    write(tmp_path, rows)
    told = refused(sequences, tmp_path, **options)
    assert told.startswith(place)
    wording(told)


def test_windows_predict_the_next_values_of_their_own_series(tmp_path):
    rows = [(name, step + 100 * (name == "b")) for step in range(6) for name in "ab"]
    write(tmp_path, rows, "who,value")
    data = sequences(tmp_path, predict="next", window=3, horizon=2)
    batch = gathered(data)
    assert batch.x[..., 0].tolist() == [[0, 1, 2], [1, 2, 3], [100, 101, 102], [101, 102, 103]]
    assert batch.target.tolist() == [[3, 4], [4, 5], [103, 104], [104, 105]]
    assert (data.target_names, data.per_step) == (("value+1", "value+2"), False)
    assert len(sequences(tmp_path, predict="next", window=3, horizon=2, stride=2)) == 2
    alone = load(
        {"sequences": {"path": "table.csv", "predict": "next", "window": 4, "features": ["value"]}}, tmp_path
    )
    assert len(alone.train) == 8  # all rows are one series


def test_the_end_of_each_series_is_held_out(tmp_path):
    write(tmp_path, [(name, step + 1000 * (name == "b")) for step in range(50) for name in "ab"], "who,value")
    parts, _ = split(Splits(sequences(tmp_path, predict="next", window=4, horizon=2)), 0.2, None, 0)
    for first in (0, 1000):
        reach = {}
        for name, part in parts.parts().items():
            batch = gathered(part)
            values = np.concatenate([batch.x[..., 0], batch.target], axis=1)
            reach[name] = values[(values >= first) & (values < first + 1000)]
        assert reach["train"].max() < reach["test"].min()
        assert reach["test"].max() == first + 49


def test_standardizing_counts_real_steps_once(tmp_path):
    write(tmp_path)
    data = standardize(Splits(sequences(tmp_path))).train
    values = np.array([row[1:3] for row in ROWS], float)
    np.testing.assert_allclose(data.shift, values.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(1 / data.scale, values.std(axis=0), rtol=1e-14)
    batch = gathered(data)
    assert batch.x[1, 2, 1] == pytest.approx((18 - data.shift[1]) * data.scale[1])
    assert (batch.x[1, 3:] == 0).all()  # padding stays 0
    part = Dataset(Windows(values, np.array([0, 1, 7]), 2), np.zeros((3, 1)))
    np.testing.assert_allclose(
        standardize(Splits(part)).train.shift, values[[0, 1, 2, 7, 8]].mean(axis=0), rtol=1e-14
    )


def npz(folder, **options) -> Dataset:
    return load({"npz": {"path": "data.npz", "lengths": "n", **options}}, folder).train


def test_arrays_can_say_how_long_their_sequences_are(tmp_path):
    x = np.arange(24.0).reshape(3, 4, 2)
    y = np.array([[1, 2, 1, 9], [2, 9, 9, 9], [2, 2, 2, 1]])
    np.savez(tmp_path / "data.npz", x=x, y=y, n=[3, 1, 4])
    data = npz(tmp_path)
    assert data.classes == ("1", "2")  # 9 stands at padded steps only
    batch = gathered(data)
    assert batch.lengths.tolist() == [3, 1, 4]
    assert batch.weight.tolist() == [[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]]
    assert np.array_equal(batch.x, np.where(batch.weight[..., None] > 0, x, 0))
    assert np.array_equal(data.target[batch.weight > 0], (y - 1)[batch.weight > 0])
    chosen = data.select(np.array([2, 0]))
    assert chosen.lengths.tolist() == [4, 3]
    other = Dataset(data.x, data.target, data.classes, lengths=np.array([3, 2, 4], np.int32))
    assert hashes(Splits(data)) != hashes(Splits(other))


@pytest.mark.parametrize(
    ("lengths", "place"),
    [([3, 0, 4], "data.npz"), ([3, 5, 4], "data.npz"), ([3, 5], "data.npz"), ([3.0, 4.0, 4.0], "data.npz")],
)
def test_impossible_lengths_are_refused(tmp_path, lengths, place, wording):
    np.savez(tmp_path / "data.npz", x=np.zeros((3, 4, 2)), y=[0, 1, 0], n=lengths)
    told = refused(npz, tmp_path)
    assert told.startswith(place)
    wording(told)


def test_only_sequences_have_lengths(tmp_path, wording):
    np.savez(tmp_path / "data.npz", x=np.zeros(3), y=[0, 1, 0], n=[1, 1, 1])
    wording(refused(npz, tmp_path))


def test_other_sequences_are_padded_as_in_the_training(tmp_path, wording):
    write(tmp_path)
    train = sequences(tmp_path, predict="step")
    write(tmp_path, [("q", 5, 4, "y"), ("q", 7, 6, "x")], "who,v,u,kind")
    other = conform("other", train, sequences(tmp_path, predict="step"))
    batch = gathered(other)
    assert batch.x.tolist() == [[[4, 5], [6, 7], [0, 0], [0, 0]]]
    assert batch.target[0, :2].tolist() == [1, 0]
    write(tmp_path, [("q", 5, 4, "y")] * 6, "who,v,u,kind")
    wording(refused(conform, "other", train, sequences(tmp_path, predict="step")))


def test_sequences_of_similar_length_share_batches():
    lengths = (np.arange(1000) * 7919 % 97 + 1).astype(np.int32)
    data = Dataset(np.zeros((1000, 97, 1)), np.zeros((1000, 1)), lengths=lengths)
    batches = Batches(data, 16, seed=3)
    epoch = [batches.indices(5, number) for number in range(len(batches))]
    assert sorted(np.concatenate(epoch)) == list(range(1000))
    assert [len(indices) for indices in epoch] == [16] * 62 + [8]
    padded = sum(lengths[indices].max() * len(indices) for indices in epoch)
    assert (
        padded
        < 1.05 * lengths.sum()
        < sum(lengths[chunk].max() * 16 for chunk in np.split(np.arange(992), 62))
    )
    firsts = [lengths[indices].max() for indices in epoch[:-1]]
    assert firsts != sorted(firsts)
    for number in (61, 0, 62):  # whichever batch comes first: a function of seed and epoch
        assert np.array_equal(Batches(data, 16, seed=3).indices(5, number), epoch[number])
    assert not np.array_equal(batches.indices(6, 0), epoch[0])


def test_batches_by_length_come_from_pools_that_keep_chance(monkeypatch):
    monkeypatch.setattr("nntrain.data.batches.POOL", 2)
    ordered = by_length(np.arange(9), np.array([3, 1, 2, 1, 9, 7, 8, 9, 5]), 2, key=1)
    assert sorted(map(tuple, ordered[:8].reshape(-1, 2).tolist())) == [(1, 3), (2, 0), (4, 7), (5, 6)]
    assert ordered[8] == 8


@pytest.mark.parametrize("kind", ["adding", "parity", "brackets"])
def test_synthetic_sequences_have_the_answer_that_they_say(kind):
    parts = load({"synthetic_sequences": {"kind": kind, "steps": 9, "samples": 50, "test_samples": 20}})
    assert (len(parts.train), len(parts.test)) == (50, 20)
    x, target = np.asarray(parts.train.x), np.asarray(parts.train.target)
    for number, sample in enumerate(x):
        if kind == "adding":
            assert sorted(sample[:, 1]) == [0] * 7 + [1, 1]
            assert sample[:4, 1].sum() == sample[4:, 1].sum() == 1
            assert target[number, 0] == pytest.approx(sample[:, 0] @ sample[:, 1])
        elif kind == "parity":
            assert target[number].tolist() == (np.cumsum(sample[:, 0]) % 2).tolist()
        else:
            assert 5 <= parts.train.lengths[number] <= 9
            depths = np.cumsum(1 - 2 * sample)
            assert target[number].tolist() == depths.tolist()
            assert depths.min() >= 0
    assert not np.array_equal(x[:20], parts.test.x)


def test_always_answering_one_to_the_adding_problem_has_an_error_of_a_sixth():
    target = load({"synthetic_sequences": {"kind": "adding", "steps": 20, "samples": 100_000}}).train.target
    assert np.mean((target - 1) ** 2) == pytest.approx(1 / 6, abs=0.002)


def test_windows_of_sines_are_tested_on_what_follows():
    parts = load(
        {"synthetic_sequences": {"kind": "sines", "steps": 6, "samples": 30, "test_samples": 9, "horizon": 2}}
    )
    batch = gathered(parts.train)
    assert np.array_equal(batch.x[2:, 4:, 0], batch.target[:-2])
    assert parts.train.target.ends.max() <= parts.test.x.starts.min()
    assert load(
        {"synthetic_sequences": {"kind": "sines", "noise": 0.0, "samples": 9000}}
    ).train.x.stream.std() == pytest.approx(1, abs=0.02)
