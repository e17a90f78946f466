"""Every schedule of tests/support/samples.py: its learning rates, counted in epochs and in steps, with warmup, and its memory."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from nntrain.errors import ConfigError
from nntrain.schedules import Schedule
from tests.support import VECTORS as VECTORS_FOLDER
from tests.support.reference.schedules import BASE, END, monitored
from tests.support.samples import SCHEDULES

VECTORS = dict(np.load(VECTORS_FOLDER / "training.npz"))

each_sample = pytest.mark.parametrize("sample", SCHEDULES, ids=str)
each_with_any_warmup = pytest.mark.parametrize(
    "sample", [sample for sample in SCHEDULES if "warmup" not in sample.options], ids=str
)


def parsed(sample, **common) -> Schedule:
    return Schedule.parse({sample.name: {**sample.options, **common}})


def by_epoch(schedule, steps_per_epoch=1):
    """The learning rate at each epoch's first step."""
    state, lrs, higher_is_better = schedule.start(), [], getattr(schedule, "mode", "min") == "max"
    for epoch, metric in enumerate(monitored()):
        lrs.append(schedule.lr(BASE, epoch * steps_per_epoch, steps_per_epoch, END, state))
        state = json.loads(json.dumps(schedule.observe(float(metric), state, higher_is_better)))
    return lrs


def test_every_schedule_has_a_sample():
    assert {sample.name for sample in SCHEDULES} == {kind.yaml_name for kind in Schedule.members().values()}


@each_sample
def test_options_survive_being_spelled_out(sample):
    schedule = parsed(sample, warmup={"epochs": 2.5}, unit="step")
    assert Schedule.parse(json.loads(json.dumps(schedule.spelled()))) == schedule


@each_sample
def test_learning_rates_equal_the_recurrence(sample):
    expected = sample.reference(BASE, END, **sample.options)
    np.testing.assert_allclose(by_epoch(parsed(sample)), expected, rtol=1e-12, atol=1e-15)


@each_sample
def test_learning_rates_equal_pytorch(sample):
    if not sample.in_pytorch:
        assert f"{sample}/lr" not in VECTORS
        return
    np.testing.assert_allclose(by_epoch(parsed(sample)), VECTORS[f"{sample}/lr"], rtol=1e-12, atol=1e-14)


@each_sample
@pytest.mark.parametrize("steps_per_epoch", [1, 3, 7, 49])
def test_an_epochs_steps_share_one_learning_rate(sample, steps_per_epoch):
    schedule = parsed(sample)
    state = schedule.observe(1.0, schedule.start())
    for epoch in range(END):
        first, *others = (
            schedule.lr(BASE, step, steps_per_epoch, END, state)
            for step in range(epoch * steps_per_epoch, (epoch + 1) * steps_per_epoch)
        )
        assert all(lr == first for lr in others)
        assert first == schedule.lr(BASE, epoch, 1, END, state)


@each_with_any_warmup
def test_steps_equal_epochs_of_one_step(sample):
    state = parsed(sample).start()
    lrs = [parsed(sample, unit="step").lr(BASE, step, 10, END // 10, state) for step in range(END)]
    assert lrs == [parsed(sample).lr(BASE, step, 1, END, state) for step in range(END)]


@pytest.mark.parametrize(
    ("warmup", "steps"), [({"steps": 30}, 30), ({"epochs": 3}, 30), ({"epochs": 2.5}, 25)]
)
@each_with_any_warmup
def test_warmup_is_an_increasing_factor_per_step(sample, warmup, steps):
    plain, warmed = parsed(sample), parsed(sample, warmup={**warmup, "start_factor": 0.2})
    state = plain.start()
    for step in range(2 * steps):
        factor = 0.2 + 0.8 * min(1, step / steps)
        assert warmed.lr(BASE, step, 10, 10, state) == pytest.approx(
            factor * plain.lr(BASE, step, 10, 10, state), rel=1e-14
        )


def test_warmup_starts_at_a_hundredth():
    schedule = Schedule.parse({"constant": {"warmup": {"epochs": 1}}})
    assert schedule.lr(1.0, 0, 100, 10, {}) == 0.01
    assert schedule.lr(1.0, 100, 100, 10, {}) == 1.0


@each_sample
def test_observe_does_not_modify_the_state(sample):
    schedule = parsed(sample)
    state = schedule.start()
    before = json.dumps(state)
    schedule.observe(2.0, state)
    assert json.dumps(state) == before


def test_nan_is_not_an_improvement():
    schedule = Schedule.parse({"reduce_on_plateau": {"patience": 1}})
    state = schedule.start()
    for metric in (float("nan"), float("nan")):
        state = schedule.observe(metric, state)
    assert schedule.lr(1.0, 0, 1, 10, state) == pytest.approx(0.1)


@pytest.mark.parametrize(("higher_is_better", "lr"), [(True, 1.0), (False, 0.1**2)])
def test_plateaus_are_those_of_the_monitored_metric(higher_is_better, lr):
    schedule = Schedule.parse({"reduce_on_plateau": {"patience": 1}})
    state = schedule.start()
    for metric in [0.1, 0.2, 0.3, 0.4, 0.5]:
        state = schedule.observe(metric, state, higher_is_better)
    assert schedule.lr(1.0, 0, 1, 10, state) == pytest.approx(lr)


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_an_equal_negative_value_is_a_plateau(higher_is_better):
    schedule = Schedule.parse({"reduce_on_plateau": {"patience": 1}})
    state = schedule.start()
    for metric in [-0.5] * 5:
        state = schedule.observe(metric, state, higher_is_better)
    assert schedule.lr(1.0, 0, 1, 10, state) == pytest.approx(0.1**2)


@pytest.mark.parametrize(("mode", "higher_is_better"), [("min", True), ("max", False)])
def test_a_mode_that_contradicts_the_metric_is_an_error(mode, higher_is_better):
    schedule = Schedule.parse({"reduce_on_plateau": {"mode": mode}})
    schedule.check("validation_loss", not higher_is_better)
    with pytest.raises(ConfigError):
        schedule.check("validation_loss", higher_is_better)


@pytest.mark.parametrize("end", [1, 2, 3, 10])
@each_sample
def test_learning_rates_of_short_trainings_are_finite(sample, end):
    schedule = parsed(sample)
    lrs = [
        schedule.lr(BASE, step, 1, end, schedule.start()) for step in range(end + 1)
    ]  # after the last step too
    assert all(0 <= lr < 1 for lr in lrs)


@pytest.mark.parametrize("warmup", [{"steps": 40}, {"epochs": 4}])
def test_inverse_sqrt_decays_from_the_end_of_its_warmup(warmup):
    schedule = Schedule.parse({"inverse_sqrt": {"unit": "step", "warmup": {**warmup, "start_factor": 0.5}}})
    lrs = [
        schedule.lr(1.0, step, 10, epochs, {})
        for step, epochs in ((0, 1), (20, 1), (40, 1), (160, 1), (160, 99))
    ]
    assert lrs == pytest.approx([0.5, 0.75, 1, 0.5, 0.5])
    by_epoch = Schedule.parse({"inverse_sqrt": {"warmup": warmup}})
    assert by_epoch.lr(1.0, 169, 10, 20, {}) == pytest.approx(0.5)


def test_wsd_is_stable_whatever_the_number_of_epochs():
    schedule = Schedule.parse({"wsd": {"decay": 0.25}})
    assert {schedule.lr(1.0, step, 1, epochs, {}) for epochs in (20, 40) for step in range(16)} == {1.0}
    assert [schedule.lr(1.0, step, 1, 20, {}) for step in range(15, 21)] == pytest.approx(
        [1, 0.8, 0.6, 0.4, 0.2, 0]
    )


def test_one_cycle_can_increase_to_the_end():
    schedule = Schedule.parse({"one_cycle": {"max_lr": 1.0, "pct_start": 1.0}})
    lrs = [schedule.lr(BASE, step, 1, 10, {}) for step in range(11)]
    assert lrs[0] == pytest.approx(0.04)
    assert lrs == sorted(lrs)
    assert lrs[-2:] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("schedule", "count"),
    [
        ({"multi_step": {"milestones": [5, 10, 12]}}, 2),
        ({"multi_step": {"milestones": [5, 9]}}, 0),
        ({"multi_step": {"milestones": [69, 70], "unit": "step"}}, 1),
        ({"step": {"step_size": 10}}, 1),
        ({"step": {"step_size": 9}}, 0),
        ({"cosine": {"total": 5}}, 1),
        ({"cosine": {"total": 10}}, 0),
        ({"constant": {"warmup": {"epochs": 11}}}, 1),
        ({"constant": {"warmup": {"steps": 70}}}, 0),
    ],
)
def test_options_without_effect_are_warnings(schedule, count, wording):
    """In a training of 10 epochs with 7 steps each."""
    found = Schedule.parse(schedule).warnings(7, 10)
    assert len(found) == count
    for warning in found:
        wording(warning)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("step", {}),
        ("step", {"step_size": 0}),
        ("multi_step", {"milestones": []}),
        ("multi_step", {"milestones": [1.5]}),
        ("cyclic", {"max_lr": 1.0, "step_size": 3, "mode": "square"}),
        ("constant", {"unit": "batch"}),
        ("constant", {"warmup": {}}),
        ("constant", {"warmup": {"epochs": 1, "steps": 5}}),
        ("reduce_on_plateau", {"factor": 1.0}),
        ("wsd", {"decay": 0}),
        ("wsd", {"decay_type": "exponential"}),
        ("inverse_sqrt", {}),
    ],
)
def test_wrong_options_are_errors(name, options):
    with pytest.raises(ValidationError):
        Schedule.parse({name: options})
