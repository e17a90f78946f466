"""Verification: trains a few steps straight, and again with a restart in the middle, and compares every bit."""

import json
import math
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nntrain.config.schema import Config
from nntrain.config.train_section import IntervalSection
from nntrain.data.dataset import Splits
from nntrain.errors import NntrainError
from nntrain.network.graph import build_graph
from nntrain.network.snapshot import Snapshot
from nntrain.options import MOST_NAMES
from nntrain.run.checkpoint import encode, read
from nntrain.run.memory import MemoryRecord
from nntrain.run.pretrained import initialize
from nntrain.training.interruption import Interrupted
from nntrain.training.loop import Trainer
from nntrain.training.record import Silent
from nntrain.training.setup import Setup

STEPS, SEAM = 7, 3  # without a common factor, so that hidden counters do not meet by chance
EVALUATE_EVERY = 2  # steps; a restart then falls between two evaluations, and training ends there
SAMPLES = 512  # of each split that is evaluated, at most


class ResumeDiffers(NntrainError):
    """A resumed run is not the straight one."""


@dataclass(frozen=True)
class Verified:
    """What was equal: so many arrays of so many bytes."""

    arrays: int
    bytes: int

    def __str__(self) -> str:
        return (
            f"resume is exact: {STEPS} steps, and {SEAM} steps, a restart and {STEPS - SEAM} more, leave the same bits in "
            f"{self.arrays} arrays ({self.bytes / 2**20:,.2f} MiB)"
        )


class StopAt:
    """A `training.loop.StopRequest` that is true from a step on."""

    def __init__(self, trainer: Trainer, step: int):
        self.trainer, self.step = trainer, step

    def __bool__(self) -> bool:
        return self.trainer.state.step >= self.step


def verify_resume(setup: Setup, folder: Path, start: Path | None = None) -> Verified:
    """Raises ResumeDiffers, which names what differs. Paths count from `folder`; `start`: as of `initialize`."""
    short = shortened(setup)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "checkpoint.safetensors"
        straight, losses = _trained(short, STEPS, file, folder, start)
        half, first = _trained(short, SEAM, file, folder, start)
        resumed, rest = _trained(short, STEPS, file, folder, start, half)
    found = [
        *_different_losses(losses, first + rest),
        *_different_arrays(straight, resumed),
        *_different_facts(straight.facts["training"], resumed.facts["training"]),
    ]
    if found:
        raise _report(found, not any(_different_losses(losses[:SEAM], first)), setup)
    return Verified(len(straight.tensors), sum(array.nbytes for array in straight.tensors.values()))


def shortened(setup: Setup) -> Setup:
    """The setup for a few steps, which are evaluated often and end before training does."""
    train = setup.config.train
    changes = {
        "epochs": max(train.epochs, STEPS + 1),
        "schedule_epochs": train.schedule_epochs or train.epochs,
        "early_stopping": None,
        "evaluate_every": IntervalSection(steps=EVALUATE_EVERY),
    }
    config = setup.config.model_copy(update={"train": train.model_copy(update=changes)})
    parts = {
        name: data if name == "train" else data.select(slice(SAMPLES))
        for name, data in setup.splits.parts().items()
    }
    return replace(setup, config=config, splits=Splits(**parts))


def _trained(
    setup: Setup, until: int, file: Path, folder: Path, start: Path | None, from_: Snapshot | None = None
) -> tuple[Snapshot, list[float]]:
    """A fresh trainer's checkpoint after step `until`, as its file has it, and the losses of its steps."""
    trainer, record = Trainer(_fresh(setup)), MemoryRecord()
    if from_ is None:
        initialize(trainer.setup.graph, trainer.network, folder, start)
    else:
        trainer.restore(from_)
    trainer.warm_up()
    with suppress(Interrupted):
        trainer.train(record, Silent(), StopAt(trainer, until))
    assert record.last is not None  # saved when it was interrupted
    file.write_bytes(encode(record.last))
    return read(file), [loss for _, _, loss, _ in record.steps]


def _fresh(setup: Setup) -> Setup:
    """The setup with components of its own, so that what one trainer changes in them the next one does not see."""
    config = Config.model_validate(setup.config.model_dump())
    data = setup.splits.train
    graph = build_graph(
        config.model.layers,
        data.input_shape,
        config.model.initializer,
        vocabulary=data.vocabulary,
        embedded=data.embedded,
        groups=config.parameter_groups,
    )
    return replace(setup, config=config, graph=graph)


def _different_losses(straight: list[float], resumed: list[float]) -> Iterator[str]:
    for step, (one, other) in enumerate(zip(straight, resumed, strict=True), 1):
        if one != other and not (math.isnan(one) and math.isnan(other)):  # `on_nan: skip` goes on after a NaN
            yield f"the loss of step {step}: {one!r}, then {other!r}"
            return


def _different_arrays(straight: Snapshot, resumed: Snapshot) -> Iterator[str]:
    for name in sorted(straight.tensors.keys() | resumed.tensors.keys()):
        one, other = straight.tensors.get(name), resumed.tensors.get(name)
        if one is None or other is None:
            yield f"{name}: only in one of them"
        elif one.dtype != other.dtype or one.shape != other.shape or one.tobytes() != other.tobytes():
            yield f"{name}{_how_far(one, other)}"


def _how_far(one: np.ndarray, other: np.ndarray) -> str:
    if one.shape != other.shape or not one.size:
        return f": shape {one.shape}, then {other.shape}"
    difference = np.abs(one.astype(np.float64) - other.astype(np.float64)).max()
    return f": by up to {difference:.3g}"


def _different_facts(straight: dict[str, Any], resumed: dict[str, Any]) -> Iterator[str]:
    for name in straight.keys() | resumed.keys():
        one, other = straight.get(name), resumed.get(name)
        if one != other:
            yield f"{name}: {json.dumps(one)[:60]}, then {json.dumps(other)[:60]}"


def _report(found: list[str], repeats: bool, setup: Setup) -> ResumeDiffers:
    lines = found[:MOST_NAMES]
    if len(found) > MOST_NAMES:
        lines.append(f"and {len(found) - MOST_NAMES} more")
    what = (
        f"a run that is resumed after step {SEAM} is not the straight run after step {STEPS}"
        if repeats
        else "training does not repeat itself: the same steps give other numbers the second time"
    )
    foreign = plugin_components(setup)
    hint = "Whatever training changes must be in arrays that the checkpoint has: the `state` of a layer, the slots of an optimizer"
    hint += f". From plugins there are: {', '.join(foreign)}" if foreign else ""
    return ResumeDiffers("".join([what, *(f"\n  {line}" for line in lines)]), f"{hint}.")


def plugin_components(setup: Setup) -> list[str]:
    """The names of the components of a config that plugins define."""
    config = setup.config
    used = [*(node.layer for node in setup.graph.layers), config.loss, config.optimizer, config.schedule]
    used += [*config.metrics, *config.data.augment]
    return list(
        dict.fromkeys(one.yaml_name for one in used if not type(one).__module__.startswith("nntrain."))
    )
