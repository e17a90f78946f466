"""Subject: what a picture is of: a config, or a run with its trained network. Everything is loaded when a picture asks for it."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nntrain.data.dataset import Dataset
    from nntrain.network.graph import Graph
    from nntrain.network.network import Network
    from nntrain.training.setup import Setup

ROWS = 256  # of a network with initial parameters


class Subject:
    """A config, or a run: its setup (config, data, graph), and its network."""

    def __init__(
        self,
        name: str,
        load: "Callable[[], Setup]",
        trained: "Callable[[], Network] | None" = None,
        folder: Path | None = None,
    ):
        self.name = name
        self.folder = folder  # of a run
        self._load, self._trained = load, trained

    @cached_property
    def setup(self) -> "Setup":
        """The config with its data and graph. Raises UserError."""
        return self._load()

    @property
    def is_run(self) -> bool:
        """Whether the network is trained."""
        return self._trained is not None

    @cached_property
    def network(self) -> "Network":
        """The network for inference: of a run, with the parameters of its best checkpoint; of a config, with the initial ones."""
        if self._trained is not None:
            return self._trained()
        return self.setup.network(min(ROWS, len(self.setup.splits.train)), backward=False)

    def learner(
        self,
        rows: int,
        *,
        precision: str | None = None,
        input_gradient: bool = False,
        graph: "Graph | None" = None,
    ) -> "Network":
        """A network of its own that can run backward, for batches of at most `rows` rows, with the parameters of `network`.

        graph: another one for the same parameters, such as one without fusion.
        """
        from nntrain.network.network import Network

        setup = self.setup
        network = Network(
            graph or setup.graph,
            rows,
            precision or setup.config.train.precision,
            setup.config.seed,
            integer_input=bool(setup.splits.train.vocabulary),
            input_gradient=input_gradient,
            initial=not self.is_run,
        )
        if self.is_run:
            for name, parameter in network.arena.parameters.items():
                parameter[...] = self.network.arena.parameters[name]
            for name, state in network.state.items():
                state[...] = self.network.state[name]
        return network

    @cached_property
    def judged(self) -> str:
        """The split that pictures of a model's quality use: the test split, else validation, else training."""
        return next(reversed(self.setup.splits.parts()))

    @property
    def judged_data(self) -> "Dataset":
        return self.setup.splits.parts()[self.judged]

    @cached_property
    def judged_outputs(self) -> np.ndarray:
        """The outputs (samples, ...) of the network for the judged split."""
        from nntrain.inference.evaluate import predictions

        return predictions(self.network, self.judged_data)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        """The outputs (samples, ...) of the network for new inputs (samples, *input_shape) in the units of the training data."""
        from nntrain.data.conform.arrays import unlabeled
        from nntrain.inference.evaluate import predictions

        train = self.setup.splits.train
        return predictions(self.network, unlabeled(train, x.astype(train.x.dtype)))
