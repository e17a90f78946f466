"""Weights: how much each sample counts, from a column, an array or memory; in batches, statistics and splits."""

import numpy as np
import pytest

from nntrain.config import Document, checked
from nntrain.data.dataset import Dataset
from nntrain.data.in_memory import Data
from nntrain.data.loading import load_splits
from nntrain.data.splits import hashes
from nntrain.data.transforms.augmentations.mixing import Mixup
from nntrain.data.transforms.augmented import Augmenter
from nntrain.errors import ConfigError
from nntrain.inference import baseline
from nntrain.losses import Loss
from nntrain.metrics import Metric
from tests.support.data import load, refused

NETWORK = "model: {layers: [{dense: 2}]}\nloss: mse\noptimizer: {sgd: 0.1}\ntrain: {epochs: 1}\n"
ROWS = "a,b,y,w\n1,2,no,0.5\n3,4,yes,0\n5,7,no,1.5\n8,8,yes,2\n"


def loaded(data: str, folder):
    """The splits of a `data` section."""
    config, document = checked(Document.parse(f"{NETWORK}data: {data}", file="config.yaml"))
    try:
        return load_splits(config.data, folder, 0)[0]
    except ConfigError as error:
        raise document.explain(error) from None


def gathered(data: Dataset, rows: int = 4):
    batch = data.batch(rows, np.float32)
    data.gather(np.arange(rows), batch)
    return batch


def repeated(data: Data, times) -> Data:
    """The same samples, each as often as its whole weight says."""
    own = data.source.dataset
    return Data(np.repeat(own.x, times, axis=0), np.repeat(own.target, times, axis=0))


def test_a_column_of_weights_is_gathered_with_the_rows_and_is_no_feature(tmp_path):
    (tmp_path / "t.csv").write_text(ROWS)
    train = load({"csv": {"path": "t.csv", "target": "y", "weight": "w"}}, tmp_path).train
    assert train.feature_names == ("a", "b")
    assert gathered(train).weight.tolist() == [0.5, 0, 1.5, 2]  # their mean is 1
    assert gathered(train.select(np.array([3, 1])), 2).weight.tolist() == [2, 0]
    assert "weight w: from 0 to 2; 1 of 4 are 0" in train.notes


def test_only_ratios_of_weights_matter(tmp_path):
    (tmp_path / "t.csv").write_text(ROWS)
    (tmp_path / "u.csv").write_text("a,b,y,w\n1,2,no,5e200\n3,4,yes,0\n5,7,no,1.5e201\n8,8,yes,2e201\n")
    of = [
        load({"csv": {"path": name, "target": "y", "weight": "w"}}, tmp_path).train
        for name in ("t.csv", "u.csv")
    ]
    np.testing.assert_allclose(of[0].weight, of[1].weight, rtol=1e-12)


def test_equal_weights_are_as_none():
    assert Data(np.arange(3.0), np.arange(3.0), weight=[0.1, 0.1, 0.1]).source.dataset.weight is None


def test_an_npz_has_an_array_of_weights_and_a_pandas_series_is_one(tmp_path):
    pandas = pytest.importorskip("pandas")
    x, y, w = np.arange(4.0), np.arange(4.0) / 3, np.array([1, 0, 2, 1])
    np.savez(tmp_path / "a.npz", x=x, y=y, w=w)
    from_file = load({"npz": {"path": "a.npz", "weight": "w"}}, tmp_path).train
    from_memory = Data(x, y, weight=pandas.Series(w)).source.dataset
    assert from_file.weight.tolist() == from_memory.weight.tolist() == [1, 0, 2, 1]
    assert "weight w: from 0 to 2; 1 of 4 are 0" in from_file.notes


def test_weights_of_padded_sequences_are_0_at_padded_steps():
    x, y = np.ones((2, 3, 1)), np.ones((2, 3, 1))
    data = Data(x, y, lengths=[2, 3], weight=[0.5, 1.5]).source.dataset
    assert gathered(data, 2).weight.tolist() == [[0.5, 0.5, 0], [1.5, 1.5, 1.5]]
    one_target = Data(x, y[:, 0], lengths=[2, 3], weight=[0.5, 1.5]).source.dataset
    assert gathered(one_target, 2).weight.tolist() == [0.5, 1.5]


def test_splits_without_weights_count_equally_beside_one_with_weights():
    x, y = np.arange(4.0), np.arange(4.0)
    data = Data(x, y, validation=(x, y), test={"x": x, "y": y, "weight": [1, 1, 1, 5]}).load()[0]
    assert data.train.weight.tolist() == data.validation.weight.tolist() == [1, 1, 1, 1]
    assert data.test.weight.tolist() == [0.5, 0.5, 0.5, 2.5]


def test_the_hashes_of_the_data_cover_the_weights():
    x, y = np.arange(4.0), np.arange(4.0)
    found = [hashes(Data(x, y, weight=weight).load()[0]) for weight in (None, [1, 1, 1, 1], [1, 1, 1, 2])]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("statistic", ["mean", "median", "most_frequent"])
def test_statistics_with_whole_weights_are_those_of_repeated_rows(tmp_path, statistic):
    random = np.random.default_rng(0)
    rows = [
        (f"{v:.0f}", t, k)
        for v, t, k in zip(random.normal(0, 4, 40), random.choice(["p", "q"], 40), range(40), strict=True)
    ]
    rows[3:6] = [("", "", 3), ("", "q", 4), ("7", "", 5)]
    times = random.integers(0, 4, 40)
    times[0] = 0
    lines = [f"{v},{t},{k}" for v, t, k in rows]
    (tmp_path / "w.csv").write_text(
        "v,t,k,w\n" + "".join(f"{line},{w}\n" for line, w in zip(lines, times, strict=True))
    )
    again = [line for line, w in zip(lines, times, strict=True) for _ in range(w)]
    (tmp_path / "r.csv").write_text("v,t,k\n" + "".join(f"{line}\n" for line in again))
    common = f"target: k, task: regression, impute: {statistic}"
    by_weight = loaded(
        f"{{source: {{csv: {{path: w.csv, weight: w, {common}}}}}, standardize: true}}", tmp_path
    )
    by_rows = loaded(f"{{source: {{csv: {{path: r.csv, {common}}}}}, standardize: true}}", tmp_path)
    for name in ("fill", "shift", "scale"):
        np.testing.assert_allclose(
            by_weight.train.statistics[name], by_rows.train.statistics[name], rtol=1e-12
        )


def test_a_column_that_varies_only_in_rows_of_weight_0_is_constant():
    x = np.array([[0.3, 1], [0.1 + 0.2, 2], [9, 3]])
    train = Data(x, np.arange(3.0), weight=[1, 2, 0], standardize=True).load()[0].train
    assert train.scale[0] == 1


@pytest.mark.parametrize(("loss", "metric"), [("cross_entropy", "accuracy"), ("mse", "r2"), ("mae", "mae")])
def test_the_baseline_with_whole_weights_is_that_of_repeated_rows(loss, metric):
    random = np.random.default_rng(1)
    x, times = np.arange(30.0), random.integers(0, 4, 30)
    y = random.integers(0, 3, 30) if loss == "cross_entropy" else random.normal(size=30)
    weighted = Data(x, y, weight=times)
    found = [
        baseline.baseline(
            data.load()[0],
            Loss.parse(loss),
            [Metric.parse(metric)],
            3 if loss == "cross_entropy" else 1,
            np.dtype("float64"),
        )["train"]
        for data in (weighted, Data(np.repeat(x, times), np.repeat(y, times)))
    ]
    assert found[0] == pytest.approx(found[1], rel=1e-6)


def test_a_mixture_has_the_weight_of_its_first_sample_and_no_partner_of_weight_0():
    images = np.zeros((4, 1, 1, 1), np.float32)
    images[:, 0, 0, 0] = [1, 10, 100, 1000]
    data = Data(images, np.array([0, 1, 2, 3]), weight=[1, 0, 1, 6]).source.dataset
    augmenter = Augmenter(data, [Mixup()], 0, 4, np.float32)
    partners = np.zeros(4)
    for epoch in range(400):
        batch = augmenter.batch(4, np.float32)
        augmenter.gather(np.array([2, 2, 2, 2]), epoch, batch)
        assert batch.weight.tolist() == [0.5] * 4
        partners += batch.target.sum(axis=0)
    assert partners[1] == 0
    assert 4 < partners[3] / partners[0] < 9  # 6, but for chance


@pytest.mark.parametrize(
    ("rows", "options"),
    [
        ("1,0,-1\n2,1,x\n3,0,inf\n", {"weight": "w"}),
        ("1,0,1\n2,1,\n", {"weight": "w"}),
        ("1,0,0\n2,1,0\n", {"weight": "w"}),
        ("1,0,1\n2,1,2\n", {"weight": "wt"}),
        ("1,0,1\n2,1,2\n", {"weight": "w", "features": ["a", "w"]}),
        ("1,0,1\n2,1,2\n", {"weight": "w", "target": None}),
    ],
    ids=["not a weight", "missing", "all zero", "unknown", "a feature", "the target"],
)
def test_a_column_that_cannot_weight_is_an_error_with_its_place(tmp_path, rows, options, wording):
    (tmp_path / "t.csv").write_text(f"a,y,w\n{rows}")
    wording(refused(load, {"csv": {"path": "t.csv", "target": "y"} | options}, tmp_path))


@pytest.mark.parametrize(
    "weight",
    [[1.0, 2.0], [[1.0], [2.0], [3.0]], ["a", "b", "c"], [1, float("nan"), 1], [1, 1, -2], [0, 0, 0]],
)
def test_an_array_that_cannot_weight_is_an_error(weight, wording):
    wording(refused(Data, np.arange(3.0), np.arange(3.0), weight=weight))


def test_a_split_in_which_no_sample_counts_is_an_error(tmp_path, wording):
    (tmp_path / "t.csv").write_text("a,y,w\n" + "".join(f"{k},{k},{int(k == 0)}\n" for k in range(20)))
    source = "{csv: {path: t.csv, target: y, task: regression, weight: w}}"
    wording(refused(loaded, f"{{source: {source}, validation: 0.2, test: 0.2}}", tmp_path))


def test_sequences_and_unknown_arrays_refuse_weights(tmp_path, wording):
    (tmp_path / "t.csv").write_text("id,y,w\n1,2,1\n1,2,1\n")
    wording(refused(loaded, "{sequences: {path: t.csv, id: id, target: y, weight: w}}", tmp_path))
    x = np.arange(3.0)
    wording(refused(Data, x, x, validation={"x": x, "y": x, "weights": x}))
