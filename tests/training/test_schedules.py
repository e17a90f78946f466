"""Every schedule of tests/support/samples.py: its learning rates, counted in epochs and in steps, with warmup, and its memory."""

import json

import numpy as np
import pytest
from pydantic import ValidationError

from nntrain.schedules import Schedule
from tests.support import VECTORS as VECTORS_FOLDER
from tests.support.reference.schedules import BASE, END, monitored
from tests.support.samples import SCHEDULES

VECTORS = dict(np.load(VECTORS_FOLDER / "training.npz"))
WITHOUT_PYTORCH = {"inverse_time", "polynomial-power=2.0-end_factor=0.1"}

each_sample = pytest.mark.parametrize("sample", SCHEDULES, ids=str)


def parsed(sample, **common) -> Schedule:
    return Schedule.parse({sample.name: {**sample.options, **common}})


def by_epoch(schedule, steps_per_epoch=1):
    """The learning rate at each epoch's first step."""
    state, lrs = schedule.start(), []
    for epoch, metric in enumerate(monitored()):
        lrs.append(schedule.lr(BASE, epoch * steps_per_epoch, steps_per_epoch, END, state))
        state = json.loads(json.dumps(schedule.observe(float(metric), state)))
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
    if sample.name in WITHOUT_PYTORCH or str(sample) in WITHOUT_PYTORCH:
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


@each_sample
def test_counting_steps_equals_counting_epochs_of_one_step(sample):
    state = parsed(sample).start()
    lrs = [parsed(sample, unit="step").lr(BASE, step, 10, END // 10, state) for step in range(END)]
    assert lrs == [parsed(sample).lr(BASE, step, 1, END, state) for step in range(END)]


@pytest.mark.parametrize(
    ("warmup", "steps"), [({"steps": 30}, 30), ({"epochs": 3}, 30), ({"epochs": 2.5}, 25)]
)
@each_sample
def test_warmup_is_a_rising_factor_within_epochs_too(sample, warmup, steps):
    plain, warmed = parsed(sample), parsed(sample, warmup={**warmup, "start_factor": 0.2})
    state = plain.start()
    for step in range(2 * steps):
        factor = 0.2 + 0.8 * min(1, step / steps)
        assert warmed.lr(BASE, step, 10, 10, state) == pytest.approx(
            factor * plain.lr(BASE, step, 10, 10, state), rel=1e-14
        )


def test_warmup_starts_from_a_hundredth():
    schedule = Schedule.parse({"constant": {"warmup": {"epochs": 1}}})
    assert schedule.lr(1.0, 0, 100, 10, {}) == 0.01
    assert schedule.lr(1.0, 100, 100, 10, {}) == 1.0


@each_sample
def test_observing_leaves_the_earlier_state_alone(sample):
    schedule = parsed(sample)
    state = schedule.start()
    before = json.dumps(state)
    schedule.observe(2.0, state)
    assert json.dumps(state) == before


def test_a_nan_is_no_improvement():
    schedule = Schedule.parse({"reduce_on_plateau": {"patience": 1}})
    state = schedule.start()
    for metric in (float("nan"), float("nan")):
        state = schedule.observe(metric, state)
    assert schedule.lr(1.0, 0, 1, 10, state) == pytest.approx(0.1)


def test_a_higher_metric_can_be_the_better_one():
    rising = [0.1, 0.2, 0.3, 0.4, 0.5]
    for mode, lr in (("max", 1.0), ("min", 0.1**2)):
        schedule = Schedule.parse({"reduce_on_plateau": {"patience": 1, "mode": mode}})
        state = schedule.start()
        for metric in rising:
            state = schedule.observe(metric, state)
        assert schedule.lr(1.0, 0, 1, 10, state) == pytest.approx(lr)


@pytest.mark.parametrize("end", [1, 2, 3, 10])
@each_sample
def test_short_trainings_have_finite_learning_rates(sample, end):
    schedule = parsed(sample)
    lrs = [
        schedule.lr(BASE, step, 1, end, schedule.start()) for step in range(end + 1)
    ]  # asked for at the very end too
    assert all(0 <= lr < 1 for lr in lrs)


def test_one_cycle_may_rise_to_the_end():
    schedule = Schedule.parse({"one_cycle": {"max_lr": 1.0, "pct_start": 1.0}})
    lrs = [schedule.lr(BASE, step, 1, 10, {}) for step in range(11)]
    assert lrs[0] == pytest.approx(0.04)
    assert lrs == sorted(lrs)
    assert lrs[-2:] == [1.0, 1.0]


@pytest.mark.parametrize(
    ("schedule", "steps_per_epoch", "epochs", "texts"),
    [
        (
            {"multi_step": {"milestones": [5, 10, 12]}},
            7,
            10,
            [
                "milestone 10 lies beyond the end of training at 10 epochs",
                "milestone 12 lies beyond the end of training at 10 epochs",
            ],
        ),
        ({"multi_step": {"milestones": [5, 9]}}, 7, 10, []),
        (
            {"multi_step": {"milestones": [69, 70], "unit": "step"}},
            7,
            10,
            ["milestone 70 lies beyond the end of training at 70 st"],
        ),
        (
            {"step": {"step_size": 10}},
            7,
            10,
            ["the first drop, at 10 epochs, lies beyond the end of training"],
        ),
        ({"step": {"step_size": 9}}, 7, 10, []),
        ({"cosine": {"total": 5}}, 7, 10, ["rises again until 10"]),
        ({"cosine": {"total": 10}}, 7, 10, []),
        (
            {"constant": {"warmup": {"epochs": 11}}},
            7,
            10,
            ["the warmup is longer than the training of 10 epochs"],
        ),
        ({"constant": {"warmup": {"steps": 70}}}, 7, 10, []),
    ],
)
def test_what_has_no_effect_is_a_warning(schedule, steps_per_epoch, epochs, texts):
    found = Schedule.parse(schedule).warnings(steps_per_epoch, epochs)
    assert len(found) == len(texts)
    for warning, text in zip(found, texts, strict=True):
        assert text in warning


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
    ],
)
def test_wrong_options_are_errors(name, options):
    with pytest.raises(ValidationError):
        Schedule.parse({name: options})
