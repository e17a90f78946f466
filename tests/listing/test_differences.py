"""In which options runs differ from others on the same data."""

from nntrain.listing.differences import differences
from tests.support.run_folders import SETTINGS


def names(found):
    return [{each.short_name: each.value for each in run if each.is_shown} for run in found]


def changed(**sections):
    return {**SETTINGS, **sections}


def test_options_that_differ_have_the_shortest_names_that_tell_them_apart():
    found = differences([SETTINGS, changed(optimizer={"sgd": {"lr": 0.2, "momentum": 0.9}})])
    assert names(found) == [{"lr": 0.1}, {"lr": 0.2}]
    assert found[0][0].name == "optimizer.sgd.lr"


def test_runs_on_other_data_are_not_compared():
    iris = changed(data={"source": {"iris": {}}}, seed=3)
    image = changed(data={**SETTINGS["data"], "source": {"digits": {"as": "image"}}})
    found = differences([SETTINGS, iris, {}, image])
    assert names(found) == [{"as": "vector"}, {}, {}, {"as": "image"}]
    tables = [changed(data={"source": {"csv": {"path": path, "target": None}}}) for path in "ab"]
    assert names(differences(tables)) == [{}, {}]


def test_of_many_options_only_those_that_most_others_have_otherwise_are_shown():
    runs = [changed(train={"epochs": 4, "a": 0, "b": 0, "c": 0, "d": 0, "e": 0}) for _ in range(5)]
    runs += [changed(train={**runs[0]["train"], letter: 1}) for letter in "abcde"]
    found = differences(runs)
    assert names(found) == [{}] * 5 + [{letter: 1} for letter in "abcde"]
    assert all(len(run) == 5 for run in found)  # to be found in --json
