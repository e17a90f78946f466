"""In memory: stands in a run's config for arrays that a Python program passed to `nntrain.fit`."""

from collections.abc import Sequence
from pathlib import Path

from nntrain.data.dataset import Reader, Splits
from nntrain.errors import DataError
from nntrain.heads import HeadColumn


class InMemory(Reader, name="in_memory"):
    """Arrays of a Python program: `nntrain.fit(config, data=nntrain.Data(x, y))`.

    Only Python can pass them; a config that names this source cannot be trained by itself.
    """

    def load(self, folder: Path) -> Splits:
        raise DataError(
            "the data are arrays that a Python program passes", "Pass them again, or name another source."
        )

    def for_targets(self, columns: Sequence[HeadColumn]) -> "InMemory":
        return self
