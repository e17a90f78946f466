"""Claims: a trial has one process; that of a dead process is taken over once, that of a living one never."""

from dataclasses import asdict, replace

import optuna
import pytest

from nntrain.search.sweep import claims
from nntrain.search.sweep.claims import OWNER, Claims, Owner, TrialLock


class Clock:
    """Seconds that only the test lets pass."""

    now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def study():
    return optuna.create_study(storage=optuna.storages.InMemoryStorage())


@pytest.fixture(autouse=True)
def _released(monkeypatch):
    """No lock outlives its test."""
    locks = []
    acquire = TrialLock.acquire
    monkeypatch.setattr(TrialLock, "acquire", lambda self: locks.append(self) or acquire(self))
    yield
    for lock in locks:
        lock.release()


class Machine:
    """A process on a machine of its own."""

    def __init__(self, study, folder, host):
        self.study, self.clock = study, Clock()
        self.claims = Claims(study._storage, folder / host, host, self.clock, self.clock.sleep)

    def start(self):
        trial = self.study.ask()
        return self.claims.new(trial._trial_id, trial.number)

    def take_over(self, number=0):
        return self.claims.taken_over(self.study.trials[number])


def test_a_process_on_the_same_machine_is_seen_to_live_and_to_die(study, tmp_path):
    first, second = Machine(study, tmp_path, "here"), Machine(study, tmp_path, "here")
    with first.start():
        assert second.take_over() is None
    taken = second.take_over()  # the lock ended, as with a process that is killed
    assert taken.owner.deaths == 1
    assert first.take_over() is None


def test_a_process_on_another_machine_is_dead_after_a_long_silence(study, tmp_path):
    first, other = Machine(study, tmp_path, "here"), Machine(study, tmp_path, "there")
    first.start()
    assert other.take_over() is None
    other.clock.now += claims.GRACE_S - 1
    assert other.take_over() is None
    other.clock.now += 2
    assert other.take_over() is not None


def test_a_process_on_another_machine_that_counts_is_alive(study, tmp_path):
    first, other = Machine(study, tmp_path, "here"), Machine(study, tmp_path, "there")
    claim = first.start()
    for beat in range(10):
        study._storage.set_trial_system_attr(claim.trial_id, OWNER, asdict(replace(claim.owner, beat=beat)))
        assert other.take_over() is None
        other.clock.now += claims.GRACE_S / 2


def test_of_two_machines_the_last_to_write_has_the_trial(study, tmp_path):
    Machine(study, tmp_path, "here").start()
    other, third = Machine(study, tmp_path, "there"), Machine(study, tmp_path, "elsewhere")
    for machine in (other, third):
        machine.take_over()
        machine.clock.now += claims.GRACE_S + 1
    seen, taken = study.trials[0], []  # before either writes
    other.claims.settle = lambda seconds: taken.append(third.claims.taken_over(seen))
    assert other.claims.taken_over(seen) is None
    assert taken[0] is not None


def test_a_process_that_lost_its_trial_notices_it(study, tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "BEAT_S", 0.001)
    with Machine(study, tmp_path, "here").start() as claim:
        study._storage.set_trial_system_attr(
            claim.trial_id, OWNER, asdict(replace(claim.owner, token="other"))
        )
        claim._thread.join(10)
        assert claim.lost
        assert not claim.holds()


def test_a_process_counts_while_it_works(study, tmp_path, monkeypatch):
    monkeypatch.setattr(claims, "BEAT_S", 0.001)
    with Machine(study, tmp_path, "here").start():
        while not Owner.of(study.trials[0]).beat:
            pass


def test_a_trial_that_was_put_back_is_not_taken_over(study, tmp_path):
    first, second = Machine(study, tmp_path, "here"), Machine(study, tmp_path, "here")
    with first.start() as claim:
        seen = study.trials[0]
        study._storage.set_trial_state_values(claim.trial_id, optuna.trial.TrialState.WAITING)
    assert second.claims.taken_over(seen) is None


def test_the_file_of_a_lock_is_removed(study, tmp_path):
    with Machine(study, tmp_path, "here").start():
        assert [path.name for path in (tmp_path / "here").iterdir()] == [".0000.lock"]
    assert list((tmp_path / "here").iterdir()) == []
