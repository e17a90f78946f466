"""`nntrain bench --shards`: alone and by mpiexec, as text and as JSON."""

import io
import json
import subprocess

import pytest
from rich.console import Console

from nntrain.report.terminal.scaling import scaling_text
from nntrain.scaling.measure import Scaling
from nntrain.scaling.prediction import Costs, Link, same_batch, same_per_rank
from tests.conftest import MOONS
from tests.distributed.launched import ENVIRONMENT, command, needs_mpi, run

SMALL = """
data: {source: digits, validation: 0.2}
model: {layers: [{dense: 24}, batch_norm, relu, {dropout: 0.2}, {dense: 10}]}
loss: cross_entropy
metrics: [accuracy, auc]
optimizer: {adam: {lr: 0.01}}
train: {epochs: 3, batch_size: 32, shards: 4, grad_clip: {norm: 1.0}}
"""


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr("nntrain.scaling.measure.SECONDS", 0.02)
    monkeypatch.setattr("nntrain.scaling.measure.SECONDS_PER_SIZE", 0.01)


def test_one_process_measures_its_step_and_assumes_a_network(shell, quick):
    found = json.loads(shell.run("bench", shell.write(SMALL), "--shards", 4, "--threads", 1, "--json").stdout)
    assert (found["batch_size"], found["shards"], found["ranks"], found["threads"]) == (32, 4, 1, 1)
    assert (found["latency_us"], found["bandwidth_gbit_s"], found["link_measured"]) == (20, 25, False)
    assert found["exchange_us"] == found["sent_bytes"] == 0
    assert list(found["shard_us"]) == ["2", "4", "8"]  # batch norm needs two rows
    assert all(spent > 0 for spent in found["shard_us"].values())
    assert found["same_batch"][0]["step_us"] == found["predicted_us"] > 0
    assert [line["ranks"] for line in found["same_batch"]] == [1, 2, 4, 8, 16]
    assert found["same_per_rank"][-1]["ranks"] == 1024


def test_another_network_can_be_given(shell, quick):
    options = ("--shards", 2, "--json", "--latency", 1.5, "--bandwidth", 100)
    found = json.loads(shell.run("bench", shell.write(SMALL), *options).stdout)
    assert (found["latency_us"], found["bandwidth_gbit_s"]) == pytest.approx((1.5, 100))


def test_the_batch_size_can_be_given(shell, quick):
    found = json.loads(
        shell.run("bench", shell.write(MOONS), "--shards", 8, "--batch-size", 64, "--json").stdout
    )
    assert (found["batch_size"], found["shards"], list(found["shard_us"])) == (64, 8, ["1", "2", "4", "8"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("--shards", 3),
        ("--shards", 4, "--batch-size", 30),
        ("--latency", 3),
        ("--bandwidth", 3),
        ("--shards", 0),
    ],
)
def test_errors_name_the_options(shell, wording, arguments):
    wording(shell.run("bench", shell.write(SMALL), *arguments, code=2).stderr)


def example(ranks: int, measured: bool) -> Scaling:
    costs = Costs({1: 1e-5, 32: 2e-4}, 1e-5, True, 0.0, 1e-7, 235_000, 0, 4)
    link = Link(5e-6, 5e9)
    same, grown = same_batch(costs, link, 128, 4), same_per_rank(costs, link, 128, 4)
    now = next(line.step_us for line in same if line.ranks == ranks)
    return Scaling(
        step_us=now,
        samples_per_s=128e6 / now,
        batch_size=128,
        shards=4,
        ranks=ranks,
        hosts=["a"] * ranks,
        threads=1,
        forward_backward_us=800 / ranks,
        repeated_us=10.4,
        exchange_us=200.0 * measured,
        wait_us=5.0 * measured,
        sent_bytes=940_000.0 * measured,
        shard_us={32: 200.0},
        latency_us=5,
        bandwidth_gbit_s=40,
        link_measured=measured,
        predicted_us=now,
        same_batch=same,
        same_per_rank=grown,
    )


def shown(found: Scaling, width: int) -> str:
    console = Console(width=width, color_system=None, record=True, file=io.StringIO())
    console.print(scaling_text(found))
    return console.export_text()


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize(("ranks", "measured"), [(1, False), (2, True)])
def test_the_text_fits_and_has_a_line_for_each_prediction(ranks, measured, width):
    found = example(ranks, measured)
    text = shown(found, width)
    assert all(len(line) <= width for line in text.splitlines())
    for line in (*found.same_batch, *found.same_per_rank):
        assert f"{line.step_us:,.0f}" in text
    words = " ".join(text.split())
    assert ("as measured between ranks on one machine" in words) == measured
    assert ("are assumed" in words) == (not measured)
    assert ("waiting for the slowest rank" in words) == (ranks > 1)


@needs_mpi
@pytest.mark.parametrize("ranks", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_ranks_measure_their_network_and_the_root_alone_prints(ranks, tmp_path):
    words = command(ranks, "-m", "nntrain", "bench", "-", "--shards", 4, "--threads", 1, "--json")
    done = subprocess.run(
        words,
        cwd=tmp_path,
        env=ENVIRONMENT,
        input=SMALL,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    found = json.loads(done.stdout)
    assert done.stderr == ""
    assert (found["ranks"], len(found["hosts"]), found["link_measured"]) == (ranks, ranks, True)
    assert found["exchange_us"] > 0
    assert found["sent_bytes"] > 4 * (64 * 24 + 24 * 10)
    assert found["predicted_us"] > 0


@needs_mpi
@pytest.mark.slow
def test_ranks_take_the_shards_of_the_config(tmp_path):
    (tmp_path / "config.yaml").write_text(SMALL)
    done = run(tmp_path, 2, "bench", "config.yaml")
    assert done.stdout.count("µs/step with 32 samples in 4 shards") == 1
    assert "2 ranks of " in done.stdout


@needs_mpi
def test_ranks_that_cannot_have_equally_many_shards_are_an_error(tmp_path):
    (tmp_path / "config.yaml").write_text(SMALL.replace("shards: 4, ", ""))
    done = run(tmp_path, 2, "bench", "config.yaml", code=2)
    assert done.stderr.count("error: ") == 1
    assert "Use --shards 2." in done.stderr
