"""Members: the runs of a group, trained, resumed, or only read."""

import pytest
import yaml

from nntrain.config import Document
from nntrain.config.validate import checked
from nntrain.data.in_memory import Data
from nntrain.errors import UserError
from nntrain.report.observer import Observer
from nntrain.run.folder import RunFolder
from nntrain.search.members import Origin, members, result_of, train_member
from nntrain.training.interruption import Interrupted, NeverInterrupted

IRIS = """
data: {source: iris, standardize: true, validation: 0.2}
model: {layers: [{dense: 3}]}
loss: cross_entropy
metrics: [accuracy, confusion_matrix]
optimizer: {sgd: {lr: 0.1}}
train: {epochs: 3, batch_size: 16}
"""


WATCHES_NOTHING, NEVER = Observer(), NeverInterrupted()


def trained(origin, member, folder, observer=WATCHES_NOTHING, interruption=NEVER):
    return train_member(origin, member, folder, observer, interruption)


@pytest.mark.parametrize(
    ("folds", "seeds", "names"),
    [
        (3, 1, ["fold-1", "fold-2", "fold-3"]),
        (2, 2, ["seed-7-fold-1", "seed-7-fold-2", "seed-8-fold-1", "seed-8-fold-2"]),
        (None, 2, ["seed-7", "seed-8"]),
        (10, 1, [f"fold-{number:02}" for number in range(1, 11)]),
    ],
)
def test_members_are_folds_for_each_seed(folds, seeds, names):
    found = members(7, folds, seeds)
    assert [member.name for member in found] == names
    for member in found:
        config, _ = checked(Document.parse(IRIS), member.overrides)
        assert config.seed == member.seed
        assert (config.data.fold and config.data.fold.number) == member.fold
        assert folds is None or config.data.fold.of == folds


@pytest.mark.parametrize("group", ["person", 3, "a: b, {c}", 'say "x"', "true"])
def test_a_group_is_the_same_column_in_the_override(group):
    (first, *_) = members(0, 2, 1, group)
    key, _, value = first.overrides[1].partition("=")
    assert key == "data.fold"
    assert yaml.safe_load(value)["group"] == group


def test_a_member_is_an_ordinary_run_with_its_scores_and_counts(tmp_path):
    member = members(0, 5, 1)[1]
    result = trained(Origin(Document.parse(IRIS), ("train.epochs=2",)), member, tmp_path / "a" / member.name)
    assert (result.name, result.seed, result.fold, result.status) == ("fold-2", 0, 2, "finished")
    assert result.counts == {"train": 96, "validation": 24, "test": 30}
    assert set(result.scores["test"]) == {"loss", "accuracy"}  # no matrix
    info = RunFolder(tmp_path / "a" / "fold-2").read_info()
    assert info["overrides"] == ["train.epochs=2", *member.overrides]
    assert result.scores["test"]["loss"] == info["scores"]["test"]["loss"]
    assert result == result_of(member, tmp_path / "a" / "fold-2")


def test_a_finished_member_is_only_read_and_a_stopped_one_goes_on(tmp_path):
    class StopAt(Observer):
        asked = False

        def stepped(self, state, loss, lr, rows):
            self.asked = state.step == 4

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def __bool__(self):
            return self.asked

    origin, member = Origin(Document.parse(IRIS)), members(0, 3, 1)[0]
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    expected = trained(origin, member, straight)
    stop = StopAt()
    with pytest.raises(Interrupted):
        trained(origin, member, stopped, stop, stop)
    assert result_of(member, stopped).status == "interrupted"
    assert trained(origin, member, stopped).scores == expected.scores
    assert (stopped / "checkpoints" / "best.safetensors").read_bytes() == (
        straight / "checkpoints" / "best.safetensors"
    ).read_bytes()
    unreadable = Origin(Document.parse(IRIS.replace("iris", "{csv: gone.csv}")))
    assert trained(unreadable, member, stopped).scores == expected.scores


def test_a_member_that_has_not_started_is_missing(tmp_path):
    result = result_of(members(0, 3, 1)[0], tmp_path / "fold-1")
    assert (result.status, result.scores, result.seconds, result.counts) == ("missing", {}, None, {})


def test_members_of_arrays_in_memory_hold_out_their_rows(tmp_path):
    data = Data([[float(i % 7), float(i)] for i in range(60)], [i % 3 for i in range(60)])
    origin = Origin(Document.parse(IRIS), ("data.source=in_memory",), data)
    assert trained(origin, members(0, 4, 1)[0], tmp_path / "fold-1").counts["test"] == 15


def test_an_error_has_its_place_in_the_config():
    with pytest.raises(UserError, match=r"^config.yaml:2:"):
        Origin(Document.parse(IRIS.replace("iris", "{csv: gone.csv}, tset: 1"))).setup()
