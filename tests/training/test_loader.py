"""The loader: batches in any order, read ahead by a thread that ends with training and hides nothing."""

import threading

import numpy as np
import pytest

from nntrain.config import load
from nntrain.data.transforms.augmented import Augmenter
from nntrain.training.loader import Loader
from nntrain.training.setup import Setup, prepare
from tests.conftest import MOONS, contents, interrupt_at


@pytest.fixture
def loaders(shell):
    """Two loaders of the same seven batches an epoch: one that reads ahead, one that does not."""
    config, _ = load(shell.write(MOONS.replace("batch_size: 20", "batch_size: 15")))
    setup = prepare(config, shell.folder)
    return [Loader(setup.batches(), setup.augmenter(), setup.network(15), ahead) for ahead in (True, False)]


def batch_of(loader: Loader, epoch: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    port = loader(epoch, number)
    assert port.executor.x is port.batch.x
    return port.batch.x.copy(), port.batch.target.copy()


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("loader")]


def test_any_batch_can_be_asked_for_whatever_is_under_way(loaders):
    ahead, inline = loaders
    places = [(0, number) for number in range(7)] + [(1, 0), (1, 1), (0, 3), (0, 4), (5, 6), (6, 0)]
    with ahead, inline:
        for place in places:
            x, target = batch_of(ahead, *place)
            expected = batch_of(inline, *place)
            assert np.array_equal(x, expected[0])
            assert np.array_equal(target, expected[1])
            assert len(x) == (6 if place[1] == 6 else 15)


def test_the_next_batch_is_prepared_by_another_thread(loaders, monkeypatch):
    ahead, inline = loaders
    by = []
    original = Augmenter.gather

    def noting(self, *rest, **options):
        by.append((threading.current_thread() is threading.main_thread(), options.get("serial", False)))
        return original(self, *rest, **options)

    monkeypatch.setattr(Augmenter, "gather", noting)
    with ahead:
        ahead(0, 0)
        ahead(0, 1)
    assert set(by) == {(False, True)}
    by.clear()
    with inline:
        inline(0, 0)
    assert by == [(True, False)]


def test_the_thread_ends_with_training(loaders):
    with loaders[0]:
        loaders[0](0, 0)
        assert len(threads()) == 1
    assert threads() == []
    with loaders[1]:
        loaders[1](0, 0)
        assert threads() == []


def test_without_the_thread_batches_are_gathered_in_place(loaders):
    first = batch_of(loaders[0], 0, 0)
    assert threads() == []
    with loaders[0]:
        assert np.array_equal(batch_of(loaders[0], 0, 0)[0], first[0])


def test_what_goes_wrong_on_the_thread_is_raised_by_training(shell, monkeypatch):
    monkeypatch.setattr(Setup, "waits_for_disk", True)
    original = Augmenter.gather

    def failing(self, indices, epoch, batch, serial=False):
        if epoch == 1:
            raise OSError("the disk is gone")
        return original(self, indices, epoch, batch, serial)

    monkeypatch.setattr(Augmenter, "gather", failing)
    with pytest.raises(OSError, match="the disk is gone"):
        shell.fit()
    assert threads() == []


def test_an_interrupted_run_leaves_no_thread(shell, monkeypatch):
    monkeypatch.setattr(Setup, "waits_for_disk", True)
    interrupt_at(monkeypatch, 3)
    shell.fit(code=130)
    assert threads() == []


def test_only_what_the_memory_cannot_keep_is_read_ahead(shell, monkeypatch):
    x = np.random.default_rng(0).random((50, 6))
    np.save(shell.folder / "x.npy", x)
    np.save(shell.folder / "y.npy", np.arange(50) % 2)
    text = MOONS.replace(
        "{synthetic: {kind: two_moons, samples: 120, noise: 0.1}}, validation: 0.2",
        "{npy: {x: x.npy, target: y.npy}}",
    )
    config, _ = load(shell.write(text))
    setup = prepare(config, shell.folder)
    assert not setup.waits_for_disk
    monkeypatch.setattr("nntrain.data.system_memory.memory_bytes", lambda: 1.5 * x.nbytes)
    assert setup.waits_for_disk
    shell.run(
        "fit", shell.write(text.replace("}}", "}}, validation: 0.2", 1))
    )  # a part of it is taken all the same
    in_memory, _ = load(shell.write(MOONS))
    assert not prepare(in_memory, shell.folder).waits_for_disk


KINDS = {
    "classes": MOONS,
    "tokens": """
data: {source: {text: {path: text.txt, window: 6, unit: character}}, validation: 0.2}
model: {layers: [{embedding: 4}, {gru: {units: 4, return_sequences: true}}, {dense: 11}]}
loss: cross_entropy
optimizer: {adam: {lr: 0.02}}
train: {epochs: 2, batch_size: 7}
""",
    "numbers": """
data: {source: {npz: {path: numbers.npz}}}
model: {layers: [{dense: 2}]}
loss: mse
optimizer: {adam: {lr: 0.02}}
train: {epochs: 2, batch_size: 7}
""",
    "padded sequences": """
data: {source: {npz: {path: padded.npz, lengths: n}}}
model: {layers: [{gru: 4}, {dense: 2}]}
loss: cross_entropy
optimizer: {adam: {lr: 0.02}}
train: {epochs: 2, batch_size: 7}
""",
    "padded steps": """
data: {source: {npz: {path: steps.npz, lengths: n}}}
model: {layers: [{gru: {units: 4, return_sequences: true}}, {dense: 2}]}
loss: cross_entropy
optimizer: {adam: {lr: 0.02}}
train: {epochs: 2, batch_size: 7}
""",
    "mixed images": """
data: {source: {digits: {as: image}}, augment: [{random_crop: {padding: 1}}, {mixup: 0.4}]}
model: {layers: [flatten, {dense: 10}]}
loss: cross_entropy
metrics: [accuracy]
optimizer: {adam: {lr: 0.02}}
train: {epochs: 1, batch_size: 300}
""",
}


@pytest.mark.parametrize("kind", KINDS)
def test_reading_ahead_changes_no_byte_of_any_kind_of_batch(shell, monkeypatch, kind):
    draw = np.random.default_rng(0)
    (shell.folder / "text.txt").write_text("0123456789\n" * 20)
    np.savez(shell.folder / "numbers.npz", x=draw.normal(size=(30, 3)), y=draw.normal(size=(30, 2)))
    x, n = draw.normal(size=(30, 9, 2)), draw.integers(1, 10, 30)
    np.savez(shell.folder / "padded.npz", x=x, n=n, y=draw.integers(0, 2, 30))
    np.savez(shell.folder / "steps.npz", x=x, n=n, y=draw.integers(0, 2, (30, 9)))
    plain = contents(shell.fit(KINDS[kind], name="plain"))
    monkeypatch.setattr(Setup, "waits_for_disk", True)
    assert contents(shell.fit(KINDS[kind], name="ahead")) == plain
