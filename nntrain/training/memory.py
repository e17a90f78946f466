"""Memory: what training takes in all, known before anything is allocated."""

import math

from nntrain.config.schema import Config
from nntrain.errors import Problem
from nntrain.limits import memory_room, program_bytes, size
from nntrain.network.graph import Graph
from nntrain.network.size import network_size
from nntrain.training.groups import slot_names

FEWEST_ROWS = 32  # samples per evaluation batch, at least, however small the training batch


def training_memory(config: Config, graph: Graph, rows: int) -> dict[str, int]:
    """The bytes of each part, by what they hold; the data are in memory already."""
    network = network_size(graph, rows, config.train.precision, backward=True)
    learning = network.learning * network.item
    parameters = network.parameters * network.item
    slots = learning * len(slot_names(config))
    average = learning if config.train.ema else 0
    remembered = learning if config.train.record and config.train.record.weights else 0
    sums = (2 + math.ceil(math.log2(config.train.shards))) * learning if config.train.shards > 1 else 0
    stored = parameters + slots + average + network.states
    return {
        "parameters": parameters + network.states,
        "gradients": learning,
        "sums of gradients over shards": sums,
        "state of the optimizer": slots,
        "the average of the parameters": average,
        "a copy of the parameters for sam": learning if config.optimizer.perturbation else 0,
        f"values between layers, for {rows:,} samples at once": network.buffers,
        "weights before a recorded step": remembered,
        "copies for a rollback": stored if config.train.on_nan == "rollback" else 0,
        "copies for a checkpoint": 2 * stored,  # its arrays, and the bytes of its file
    }


def memory_problems(config: Config, graph: Graph, rows: int) -> list[Problem]:
    """A network that needs more memory than this process can have."""
    parts = training_memory(config, graph, max(rows, FEWEST_ROWS))
    needed, room = sum(parts.values()) + program_bytes(), memory_room()
    if needed <= room.free:
        return []
    listed = ", ".join(f"{size(n_bytes)} of {what}" for what, n_bytes in parts.items() if n_bytes)
    message = f"training takes about {size(needed)} ({listed}), but {room.too_small_for(needed)}"
    return [Problem(("model", "layers"), message, "Use smaller layers or a smaller `train.batch_size`.")]
