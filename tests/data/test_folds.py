"""Folds: what each one holds out, and that nothing is measured on it."""

import json
from pathlib import Path

import numpy as np
import pytest

from nntrain.config import Document
from nntrain.config.validate import checked
from nntrain.data.folds import allocation
from nntrain.data.in_memory import Data
from nntrain.data.loading import load_splits
from nntrain.errors import ConfigError
from tests.support.data import refused, seen

RECORDED = json.loads((Path(__file__).parents[1] / "vectors" / "folds.json").read_text())
NETWORK = "model: {layers: [{dense: 3}]}\nloss: cross_entropy\noptimizer: {sgd: {lr: 0.1}}\n"


def load(data: str, folder: Path = Path(), seed: int = 0):
    """The splits and rows of a `data` section."""
    config, document = checked(Document.parse(f"{NETWORK}data: {data}", file="config.yaml"))
    try:
        return load_splits(config.data, folder, seed)
    except ConfigError as error:
        raise document.explain(error) from None


def fold(number: int, of: int, **more) -> str:
    return "fold: " + json.dumps({"number": number, "of": of} | more)


def write_rows(path: Path, header: str, rows) -> Path:
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


@pytest.mark.parametrize("of", [2, 3, 5, 7, 10])
@pytest.mark.parametrize("table", RECORDED["stratified"])
def test_stratified_folds_have_the_counts_of_scikit_learn(tmp_path, table, of):
    recorded = RECORDED["stratified"][table]
    write_rows(tmp_path / "table.csv", "x,label", enumerate(recorded["labels"]))
    source = "iris" if table == "iris" else "{csv: table.csv}"
    for number, counts in enumerate(recorded["counts"][str(of)], start=1):
        splits, _ = load(f"{{source: {source}, {fold(number, of)}}}", tmp_path)
        assert np.bincount(splits.test.target, minlength=len(counts)).tolist() == counts


@pytest.mark.parametrize("case", RECORDED["even"])
def test_folds_of_numbers_have_the_sizes_of_scikit_learn(case):
    count, of = map(int, case.split())
    sizes = []
    for number in range(1, of + 1):
        data = Data(np.arange(count, dtype=float), np.arange(count) / 2)
        data.fold = checked_fold(number, of)
        sizes.append(len(data.load()[0].test))
    assert sizes == RECORDED["even"][case]


@pytest.mark.parametrize("case", RECORDED["by time"])
def test_blocks_by_time_are_those_of_scikit_learn(case):
    count, of = map(int, case.split())
    assert [list(allocation.by_time(count, of, number)) for number in range(of)] == RECORDED["by time"][case]


@pytest.mark.parametrize("case", RECORDED["grouped"])
def test_folds_by_group_are_as_balanced_as_those_of_scikit_learn(case):
    recorded, of = RECORDED["grouped"][case], int(case.split()[1])
    groups = np.array(recorded["groups"])
    fold_of = allocation.by_group(groups, None, of, key=1)
    assert sorted(np.bincount(fold_of).tolist(), reverse=True) == recorded["sizes"]


def checked_fold(number, of):
    config, _ = checked(Document.parse(f"{NETWORK}data: {{source: iris, {fold(number, of)}}}", file="c.yaml"))
    return config.data.fold


@pytest.mark.parametrize("labels", [None, "classes"])
@pytest.mark.parametrize("seed", range(5))
def test_a_group_is_in_one_fold_and_no_fold_is_empty(labels, seed):
    draw = np.random.default_rng(seed)
    for groups, of in ((5, 5), (7, 3), (30, 6)):
        numbers = np.concatenate([np.arange(groups), draw.integers(0, groups, 100)])
        classes = None if labels is None else draw.integers(0, 3, len(numbers))
        fold_of = allocation.by_group(numbers, classes, of, seed)
        assert all(len(set(fold_of[numbers == group])) == 1 for group in range(groups))
        assert set(fold_of) == set(range(of))


def test_folds_by_group_are_stratified_as_far_as_groups_allow():
    groups, labels = np.repeat(np.arange(20), 5), np.repeat(np.arange(20) % 2, 5)  # a group has one class
    for of in (2, 5, 10):
        fold_of = allocation.by_group(groups, labels, of, key=0)
        counts = [np.bincount(labels[fold_of == number], minlength=2).tolist() for number in range(of)]
        assert counts == [[50 // of, 50 // of]] * of


def test_each_sample_is_held_out_once_and_the_seed_chooses_which():
    def held_out(seed):
        return [load(f"{{source: iris, {fold(number, 5)}}}", seed=seed)[1]["test"] for number in range(1, 6)]

    assert sorted(np.concatenate(held_out(0))) == list(range(150))
    assert all(np.array_equal(first, again) for first, again in zip(held_out(3), held_out(3), strict=True))
    assert not np.array_equal(held_out(0)[0], held_out(1)[0])


def test_validation_comes_from_the_training_part_and_rows_count_from_the_source():
    whole = load("iris")[0].train
    splits, rows = load(f"{{source: iris, validation: 0.2, {fold(2, 5)}}}")
    assert {name: len(part) for name, part in splits.parts().items()} == {
        "train": 96,
        "validation": 24,
        "test": 30,
    }
    assert sorted(np.concatenate(list(rows.values()))) == list(range(150))
    for name, part in splits.parts().items():
        assert np.array_equal(part.x, np.asarray(whole.x)[rows[name]])
    assert np.array_equal(rows["test"], load(f"{{source: iris, {fold(2, 5)}}}")[1]["test"])


@pytest.mark.parametrize("section", ["source: digits", "source: iris, test: 0.2", "source: iris, test: iris"])
def test_a_fold_takes_the_place_of_any_other_test_split_and_a_note_says_so(section):
    splits, _ = load(f"{{{section}, {fold(1, 3)}}}")
    assert len(splits.test) + len(splits.train) == (1437 if "digits" in section else 150)
    assert any("is not used: the fold takes its place" in note for note in splits.notes)
    assert any(note.startswith("fold 1 of 3: ") for note in splits.notes)


def test_standardization_and_imputation_are_measured_on_the_training_part(tmp_path):
    draw = np.random.default_rng(0)
    rows = [[f"{x:.3f}" if x < 1.2 else "", "ab"[i % 2]] for i, x in enumerate(draw.normal(size=60))]
    write_rows(tmp_path / "t.csv", "x,y", rows)
    source = "source: {csv: {path: t.csv, impute: median}}, standardize: true"
    for number in (1, 2):
        splits, taken = load(f"{{{source}, {fold(number, 4)}}}", tmp_path)
        kept = np.array([float(rows[row][0] or "nan") for row in taken["train"]])
        filled = np.where(np.isnan(kept), np.nanmedian(kept), kept)
        assert splits.test.fill == pytest.approx(np.nanmedian(kept))
        assert splits.test.shift == pytest.approx(filled.mean())
        assert 1 / splits.test.scale == pytest.approx(filled.std())
        assert seen(splits.train).mean() == pytest.approx(0, abs=1e-9)


def test_categories_are_those_of_the_training_part_and_samples_with_others_are_not_tested(tmp_path):
    rows = [[["rome", "oslo", "bern"][i % 3], i % 5, "ab"[i % 2]] for i in range(30)]
    rows[7][0] = "paris"
    write_rows(tmp_path / "t.csv", "city,x,y", rows)
    seen_without = 0
    for number in range(1, 4):
        splits, taken = load(f"{{source: {{csv: t.csv}}, {fold(number, 3)}}}", tmp_path)
        knows_paris = 7 in taken["train"]
        assert ("city=paris" in splits.train.feature_names) == knows_paris
        assert splits.train.input_shape == splits.test.input_shape == (5 if knows_paris else 4,)
        assert splits.train.one_hot[0].places == slice(0, 4 if knows_paris else 3)
        assert np.array_equal(
            np.asarray(splits.test.x).sum(axis=1), 1 + np.array([r[1] for r in rows])[taken["test"]]
        )
        if not knows_paris:
            seen_without += 1
            (warning,) = splits.warnings
            assert "1 of 10 held-out samples is not tested" in warning
            assert "'paris' in column 'city'" in warning
            assert 7 not in taken["test"]
    assert seen_without == 1


def test_a_fold_of_samples_that_training_cannot_know_is_an_error(tmp_path, wording):
    write_rows(tmp_path / "t.csv", "person,x,y", [[f"p{i % 4}", i, "ab"[i % 2]] for i in range(20)])
    source = "source: {csv: {path: t.csv, features: [person, x]}}"
    wording(refused(load, f"{{{source}, {fold(1, 2, group='person')}}}", tmp_path))


def people(tmp_path, people=6):
    rows = [[f"p{i % people}", i * 7 % 5, "ab"[i % 2]] for i in range(60)]
    write_rows(tmp_path / "t.csv", "person,x,y", rows)
    return np.array([row[0] for row in rows])


def test_folds_by_group_of_a_table_hold_out_whole_groups_and_the_column_is_no_feature(tmp_path):
    person = people(tmp_path)
    for number in (1, 2, 3):
        splits, rows = load(
            f"{{source: {{csv: t.csv}}, validation: 0.25, {fold(number, 3, group='person')}}}", tmp_path
        )
        assert splits.train.feature_names == ("x",)
        parts = [set(person[rows[name]]) for name in ("train", "validation", "test")]
        assert sum(map(len, parts)) == 6  # also those of validation are in no other split
        assert len(parts[2]) == 2


def test_the_group_column_is_a_feature_where_features_lists_it(tmp_path):
    write_rows(tmp_path / "t.csv", "year,x,y", [[2000 + i % 6, i * 7 % 5, "ab"[i % 2]] for i in range(60)])
    source = "source: {csv: {path: t.csv, features: [x, year]}}"
    splits, _ = load(f"{{{source}, {fold(1, 3, group='year')}}}", tmp_path)
    assert splits.train.feature_names == ("x", "year")
    assert not set(splits.train.x[:, 1]) & set(splits.test.x[:, 1])
    by_number, _ = load(f"{{source: {{csv: t.csv}}, {fold(1, 3, group=1)}}}", tmp_path)
    assert by_number.train.feature_names == ("x",)


def test_folds_by_group_of_arrays(tmp_path):
    x, y, who = np.arange(40.0)[:, None], np.arange(40) % 2, np.arange(40) // 4
    np.savez(tmp_path / "a.npz", x=x, y=y, who=who)
    splits, rows = load(f"{{source: {{npz: a.npz}}, {fold(1, 5, group='who')}}}", tmp_path)
    assert not set(who[rows["train"]]) & set(who[rows["test"]])
    assert len(splits.test) == 8
    data = Data(x, y, group=[f"person {number}" for number in who], validation=0.2)
    data.fold = checked_fold(1, 5)
    _, own = data.load()
    assert np.array_equal(own["test"], rows["test"])
    assert not set(who[own["train"]]) & set(who[own["validation"]])


def test_sequences_are_held_out_whole_and_by_a_group_of_theirs(tmp_path):
    rows = [[s, step, s % 4, "ab"[s % 2]] for s in range(12) for step in range(6)]
    write_rows(tmp_path / "s.csv", "id,x,person,label", rows)
    common = "path: s.csv, id: id, target: label"
    splits, taken = load(f"{{source: {{sequences: {{{common}}}}}, {fold(1, 3)}}}", tmp_path)
    assert np.bincount(splits.test.target).tolist() == [2, 2]
    splits, taken = load(f"{{source: {{sequences: {{{common}}}}}, {fold(1, 2, group='person')}}}", tmp_path)
    assert splits.train.feature_names == ("x",)
    assert not {row % 4 for row in taken["train"]} & {row % 4 for row in taken["test"]}
    cut = f"{common}, predict: step, steps: 2, longer: split"
    splits, taken = load(f"{{source: {{sequences: {{{cut}}}}}, {fold(1, 3)}}}", tmp_path)
    assert len(splits.test) == 12  # the parts of a sequence stay together: four sequences of three parts
    assert not {row // 3 for row in taken["train"]} & {row // 3 for row in taken["test"]}


def test_series_are_cut_by_time_without_windows_across_the_border(tmp_path):
    write_rows(tmp_path / "s.csv", "id,x", [[s, f"{step}.5"] for s in "uv" for step in range(40)])
    source = "source: {sequences: {path: s.csv, id: id, target: x, predict: next, window: 4, horizon: 2}}"
    for number in (1, 2, 3):
        splits, _ = load(f"{{{source}, {fold(number, 3)}}}", tmp_path)
        for series in (0, 1):
            train = np.asarray(splits.train.target)[splits.train.series == series]
            test = np.asarray(splits.test.x)[splits.test.series == series]
            assert train.max() < test.min() == 8 * number + (35 - 8 * 4) + 0.5
            assert len(test) == 8
    splits, _ = load(
        f"{{{source}, {fold(1, 2, group='id')}}}", tmp_path
    )  # a series that training has not seen
    assert set(splits.train.series) != set(splits.test.series)


def test_the_vocabulary_of_a_text_is_that_of_what_precedes_the_held_out_block(tmp_path):
    text = "abcab " * 30 + "xyz " + "abc ab" * 30
    (tmp_path / "t.txt").write_text(text)
    source = "source: {text: {path: t.txt, window: 6}}"
    splits, rows = load(f"{{{source}, {fold(1, 2)}}}", tmp_path)
    assert splits.train.classes == (" ", "a", "b", "c", "<unused 1>", "<unused 2>", "<unused 3>")
    assert splits.train.vocabulary == 7  # as the layers of the config are made for
    assert any(
        "not tested, because the training part has no characters: 'x'" in text for text in splits.warnings
    )
    assert not (np.asarray(splits.test.x) >= 4).any()
    windows = [text[6 * row : 6 * row + 7] for row in rows["test"]]
    assert not any(set("xyz") & set(window) for window in windows)
    assert [
        "".join(splits.test.classes[token] for token in window) for window in np.asarray(splits.test.x)
    ] == [window[:6] for window in windows]
    later, _ = load(f"{{{source}, {fold(2, 2)}}}", tmp_path)
    assert later.train.classes == (" ", "a", "b", "c", "x", "y", "z")
    assert later.warnings == []


def test_words_outside_the_training_part_are_unknown_in_the_held_out_block(tmp_path):
    (tmp_path / "t.txt").write_text("one two two three " * 20 + "late late late late " * 40)
    source = "source: {text: {path: t.txt, unit: word, words: 4, window: 4}}"
    splits, _ = load(f"{{{source}, {fold(1, 3)}}}", tmp_path)
    assert splits.train.classes == ("<unknown>", "two", "one", "three")
    assert (np.asarray(splits.test.x) == 0).any()
    whole, _ = load(f"{{{source}}}", tmp_path)
    assert "late" in whole.train.classes


@pytest.mark.parametrize(
    "section",
    [
        "{number: 6, of: 5}",
        "{number: 1, of: 1}",
        "{number: 0, of: 5}",
        "{of: 5}",
        "{number: 1, of: 51}",
        "{number: 1, of: 5, group: species}",
        "5",
    ],
)
def test_a_fold_that_cannot_be_is_an_error_with_its_place(section, wording):
    wording(refused(load, f"{{source: iris, fold: {section}}}"))


@pytest.mark.parametrize(
    "case", [{"group": "persn"}, {"group": "y"}, {"group": "person", "of": 7}, {"group": 9}]
)
def test_a_group_that_cannot_be_is_an_error_with_its_place(tmp_path, case, wording):
    people(tmp_path)
    wording(refused(load, f"{{source: {{csv: t.csv}}, {fold(1, **{'of': 2} | case)}}}", tmp_path))


def test_rows_without_a_group_and_groups_that_change_in_a_sequence_are_errors(tmp_path, wording):
    write_rows(tmp_path / "t.csv", "person,x,y", [["", i, "ab"[i % 2]] for i in range(9)])
    wording(refused(load, f"{{source: {{csv: t.csv}}, {fold(1, 2, group='person')}}}", tmp_path))
    write_rows(tmp_path / "s.csv", "id,x,person,label", [[i // 4, i, i, "ab"[i // 4 % 2]] for i in range(16)])
    source = "source: {sequences: {path: s.csv, id: id, target: label}}"
    wording(refused(load, f"{{{source}, {fold(1, 2, group='person')}}}", tmp_path))


def test_arrays_have_groups_of_whole_numbers_or_text_one_per_sample():
    for groups in ([1, 2], [0.5, 1.5, 2.5], [[1], [2], [3]]):
        assert refused(Data, [[1.0], [2.0], [3.0]], [0, 1, 0], group=groups).startswith("group: expected")
    data = Data([[1.0], [2.0], [3.0], [4.0]], [0, 1, 0, 1], group=[1, 1, 1, 1], validation=0.5)
    assert "at least two groups" in refused(data.load)


def test_a_class_with_fewer_samples_than_folds_is_a_warning(tmp_path, wording):
    labels = ["a"] * 20 + ["b"] * 3 + ["c"]
    write_rows(tmp_path / "t.csv", "x,y", [[i * 7 % 9, label] for i, label in enumerate(labels)])
    splits, _ = load(f"{{source: {{csv: {{path: t.csv, features: [x]}}}}, {fold(1, 5)}}}", tmp_path)
    wording("\n".join(splits.warnings))


def test_a_class_that_is_only_in_a_held_out_group_is_a_warning(tmp_path):
    rows = [[f"p{i % 4}", i * 7 % 5, "c" if i % 4 == 3 and i > 20 else "ab"[i % 2]] for i in range(60)]
    write_rows(tmp_path / "t.csv", "person,x,y", rows)
    warned = []
    for number in (1, 2):
        splits, taken = load(f"{{source: {{csv: t.csv}}, {fold(number, 2, group='person')}}}", tmp_path)
        held_out = 3 in taken["test"]
        assert held_out == any("tested without being learned: 'c' (10)" in text for text in splits.warnings)
        warned.append(held_out)
    assert sorted(warned) == [False, True]


def test_too_few_windows_for_folds_by_time_is_an_error(tmp_path, wording):
    write_rows(tmp_path / "s.csv", "x", [[f"{step}.5"] for step in range(12)])
    source = "source: {sequences: {path: s.csv, target: x, predict: next, window: 8}}"
    wording(refused(load, f"{{{source}, {fold(1, 5)}}}", tmp_path))
    wording(refused(load, f"{{{source}, {fold(1, 2)}}}", tmp_path))
