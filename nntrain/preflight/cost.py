"""Cost: what a training takes: parameters, operations, memory, time."""

import time
from dataclasses import asdict, dataclass
from typing import Any

from nntrain.bench.layers import training_flops
from nntrain.data.dataset import Dataset, Splits
from nntrain.data.sequences.windows import Windows
from nntrain.data.system_memory import exceeds_memory
from nntrain.inference.evaluate import evaluate
from nntrain.network.size import network_size
from nntrain.training.loop import Trainer
from nntrain.training.memory import training_memory

BATCHES = 4  # of a split, by which the time of an evaluation is measured


@dataclass(frozen=True)
class Cost:
    """Counts, bytes and seconds. Time is measured on the machine as it is now."""

    parameters: int
    trainable: int
    flops_per_sample: int  # forward
    flops_per_step: int  # forward and backward
    batch_size: int
    steps_per_epoch: int
    epochs: int
    data_bytes: int
    memory_bytes: dict[str, int]  # by what it holds, without the data
    compile_s: float
    step_s: float
    evaluation_s: float  # of all splits that training evaluates, once

    @property
    def epoch_s(self) -> float:
        return self.steps_per_epoch * self.step_s + self.evaluation_s

    @property
    def run_s(self) -> float:
        return self.epochs * self.epoch_s

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "epoch_s": self.epoch_s, "run_s": self.run_s}


def cost_of(trainer: Trainer, compile_s: float, step_s: float, evaluation_s: float) -> Cost:
    config, graph, rows = trainer.config, trainer.setup.graph, trainer.batches.rows
    network = network_size(graph, rows, config.train.precision, backward=True)
    executor = trainer.network.executor(rows)
    memory = training_memory(config, graph, trainer.network.rows)
    return Cost(
        parameters=network.parameters,
        trainable=network.learning,
        flops_per_sample=sum(node.flops for node in graph.layers),
        flops_per_step=sum(training_flops(executor, name) for name in executor.contexts),
        batch_size=rows,
        steps_per_epoch=len(trainer.batches),
        epochs=config.train.epochs,
        data_bytes=data_bytes(trainer.setup.splits),
        memory_bytes={what: size for what, size in memory.items() if size},
        compile_s=compile_s,
        step_s=step_s,
        evaluation_s=evaluation_s,
    )


def data_bytes(splits: Splits) -> int:
    """Of samples and targets in memory; windows of one stream share it."""
    arrays = {
        id(array): array.nbytes
        for data in splits.parts().values()
        for values in (data.x, data.target)
        for array in ([values.stream] if isinstance(values, Windows) else [values])
        if not exceeds_memory(array)
    }
    return sum(arrays.values())


def evaluation_s(trainer: Trainer) -> float:
    """Seconds of the evaluations at the end of an epoch, from some samples of each split."""
    splits, config = trainer.setup.splits, trainer.config
    evaluated = [splits.validation, splits.test if config.train.watch_test else None]
    epochs = config.train.evaluate_every.epochs or 1
    return sum(seconds_of(trainer, data) for data in evaluated if data is not None) / epochs


def seconds_of(trainer: Trainer, data: Dataset) -> float:
    count = min(len(data), BATCHES * trainer.network.rows)
    some = data.select(slice(count))
    begun = time.perf_counter()
    evaluate(trainer.feeds, some, trainer.config.loss, trainer.config.metrics)
    return (time.perf_counter() - begun) * len(data) / count
