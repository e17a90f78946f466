"""Random networks: each trains, resumes to the same bytes, evaluates to its own scores, and gives the same bits without fusion."""

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import numpy as np
import yaml
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from nntrain import load
from nntrain.api.fit import policy, train
from nntrain.files import jsonable
from nntrain.run.opening import Place
from nntrain.run.score import score
from nntrain.run.stored import open_stored
from nntrain.training.interruption import Interrupted, NeverInterrupted
from tests.conftest import contents
from tests.properties.networks import ConfigDrawer
from tests.support.no_pictures import no_pictures
from tests.support.scale import examples


class StopAfter:
    """A stop request that comes after so many steps."""

    def __init__(self, steps: int):
        self.left = steps

    def __bool__(self) -> bool:
        self.left -= 1
        return self.left < 0


@contextlib.contextmanager
def stopping(steps: int) -> Iterator[StopAfter]:
    yield StopAfter(steps)


def fit(
    config: dict[str, Any], folder: Path, name: str, interruption: Any = None, resume: bool = False
) -> Path:
    place = Place(folder, name, policy(resume, overwrite=False))
    train(config, (), place, interruption or NeverInterrupted(), threads=1, terminal=False)
    return folder / name


def layers_of(run: Path) -> bytes:
    """What `train.record` recorded; empty where it did not."""
    table = run / "layers.csv"
    return table.read_bytes() if table.exists() else b""


@settings(max_examples=examples(60, 500), deadline=None, suppress_health_check=list(HealthCheck))
@given(choose=st.randoms(use_true_random=False))
def test_a_random_network_trains_resumes_and_evaluates(choose: Random):
    config = ConfigDrawer(choose).config()
    note(yaml.safe_dump(config))
    with tempfile.TemporaryDirectory() as name, np.errstate(all="ignore"), no_pictures():
        folder = Path(name)
        straight = fit(config, folder, "straight")
        with contextlib.suppress(Interrupted):  # after the last step there is nothing to interrupt
            fit(config, folder, "resumed", stopping(choose.randrange(6)))
        resumed = fit(config, folder, "resumed", resume=True)
        assert contents(resumed) == contents(straight)
        assert layers_of(resumed) == layers_of(straight)
        kept = json.loads((straight / "run.json").read_text())["scores"]
        for split in ("train", "validation"):
            again = score(open_stored(straight), split).scores
            assert json.loads(json.dumps(jsonable(again))) == kept[split]

        with mock.patch("nntrain.network.graph.fuse"):
            # What is recorded changes nothing either.
            recorded = {**config, "train": {**config["train"], "record": {"every_steps": 1}}}
            unfused = fit(recorded, folder, "unfused")
        left, right = load(straight).parameters, load(unfused).parameters
        assert left.keys() == right.keys()
        tokens = (
            "vocabulary" in config["data"]["source"]["random"]
        )  # an embedding multiplied first sums in another order
        for parameter in left:
            compare = np.testing.assert_allclose if tokens else np.testing.assert_array_equal
            compare(left[parameter], right[parameter], **({"rtol": 1e-3, "atol": 1e-4} if tokens else {}))
        scores = [json.loads((run / "run.json").read_text())["scores"] for run in (straight, unfused)]
        assert tokens or scores[0] == scores[1]
