"""`mpiexec -n N nntrain fit`: the same bytes for any number of ranks; what goes wrong on one rank ends all, and the run can go on."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.conftest import contents
from tests.distributed.launched import ENVIRONMENT, command, needs_mpi, run, start

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = """
data: {source: digits, validation: 0.2}
model:
  layers:
    - dense: 24
    - batch_norm
    - relu
    - dropout: 0.2
    - dense: 10
loss: cross_entropy
metrics: [accuracy, auc]
optimizer: {adam: {lr: 0.01}}
train: {epochs: 3, schedule_epochs: 3, batch_size: 32, shards: 4, grad_clip: {norm: 1.0}, ema: {decay: 0.9}, watch_test: true}
"""
ENDLESS = SMALL.replace("epochs: 3", "epochs: 100000")

pytestmark = needs_mpi


def written(folder: Path, config: str) -> Path:
    (folder / "config.yaml").write_text(config)
    return folder


def fitted(folder: Path, ranks: int, *arguments: object, name: str | None = None, code: int = 0) -> Path:
    name = name or f"on-{ranks}"
    run(folder, ranks, "fit", "config.yaml", "--name", name, "--quiet", "--threads", 1, *arguments, code=code)
    return folder / "runs" / name


@pytest.mark.parametrize(
    "clipped", [True, False]
)  # by the norm of the whole gradient; without, ranks update parts
def test_any_number_of_ranks_leaves_the_same_bytes(clipped, tmp_path):
    written(
        tmp_path, SMALL if clipped else SMALL.replace("grad_clip: {norm: 1.0}, ", "regularize: {l1: 1e-4}, ")
    )
    one = contents(fitted(tmp_path, 1))
    for ranks in (2, 4):
        folder = fitted(tmp_path, ranks)
        assert contents(folder) == one
        assert json.loads((folder / "run.json").read_text())["ranks"] == ranks


def small(name: str) -> str:
    """A config of the gallery, made small."""
    config = yaml.safe_load((CONFIGS / f"{name}.yaml").read_text())
    config["train"] = config["train"] | {"epochs": 1, "shards": 4, "evaluate_every": {"steps": 5}}
    config["data"] = {"source": config["data"]} if isinstance(config["data"], str) else config["data"]
    if name == "mnist_mlp":
        config["data"] |= {"source": {"random": {"input": [28, 28, 1], "classes": 10, "samples": 600}}}
        config["data"]["validation"] = 0.1
    if name == "char_gru":
        config["data"] = {
            "source": {"text": {"path": "text.txt", "window": 16, "consecutive": True}},
            "validation": 0.1,
        }
        config["model"]["layers"][-1] = {"dense": 27}
    return yaml.safe_dump(config)


@pytest.mark.parametrize("name", ["mnist_mlp", "digits_cnn", "char_gru"])
def test_networks_of_the_gallery_too(name, tmp_path):
    text = "the quick brown fox jumps over the lazy dog " * 100
    (tmp_path / "text.txt").write_text(text)
    written(tmp_path, small(name))
    one = contents(fitted(tmp_path, 1))
    for ranks in (2, 4):
        assert contents(fitted(tmp_path, ranks)) == one


def wait_for_checkpoint(folder: Path, process) -> None:
    checkpoint = folder / "runs/run/checkpoints/last.safetensors"
    end = time.monotonic() + 100
    while not checkpoint.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.05)


def workers(folder: Path) -> list[int]:
    """The processes that train in a folder, not those that watch over them."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            here = os.readlink(process / "cwd") == str(folder)
            line = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if here and b"nntrain" in line and b"-n" not in line:
            found.append(int(process.name))
    return sorted(found)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")
def test_a_killed_rank_ends_all_and_the_run_can_be_resumed(tmp_path):
    written(tmp_path, ENDLESS)
    process = start(tmp_path, 2, "fit", "config.yaml", "--name", "run", "--quiet", "--threads", 1)
    wait_for_checkpoint(tmp_path, process)
    os.kill(workers(tmp_path)[-1], signal.SIGKILL)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 1
    assert errors.count("error: ") == 1
    assert "of 2 on " in errors
    assert "was killed by SIGKILL" in errors
    end = time.monotonic() + 10
    while workers(tmp_path):
        assert time.monotonic() < end
        time.sleep(0.05)
    step = json.loads(run(tmp_path, 1, "eval", "runs/run", "--json").stdout)
    assert step["samples"] == 360
    # With as many epochs as it has, and two more, the resumed run is the straight one.
    rows = (tmp_path / "runs/run/metrics.csv").read_text().splitlines()
    epochs = int(float(rows[-1].split(",")[1])) + 2
    written(tmp_path, SMALL.replace("epochs: 3", f"epochs: {epochs}"))
    resumed = fitted(tmp_path, 4, "--resume", name="run")
    assert contents(resumed) == contents(fitted(tmp_path, 1, name="straight"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_mpiexec_saves(number, tmp_path):
    written(tmp_path, ENDLESS)
    process = start(tmp_path, 2, "fit", "config.yaml", "--name", "run", "--quiet", "--threads", 1)
    wait_for_checkpoint(tmp_path, process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert json.loads((tmp_path / "runs/run/run.json").read_text())["status"] == "interrupted"


ERRORS = {
    "train.shards=1": (
        "1 shard of a batch cannot be divided equally among 2 ranks",
        "Set `train.shards` to 2.",
    ),
    "train.batch_size=31": ("expected a number that divides `batch_size`, 31", "Set `batch_size` to 32"),
    "optimizer.adam.lr=x": ("expected a number", ""),
}


@pytest.mark.parametrize("override", ERRORS)
def test_an_error_in_the_config_is_reported_once(override, tmp_path):
    written(tmp_path, SMALL)
    done = run(tmp_path, 2, "fit", "config.yaml", "--set", override, code=2)
    assert done.stderr.count("error: ") == 1
    for part in ERRORS[override]:
        assert part in " ".join(done.stderr.split())
    assert not (tmp_path / "runs").exists()


def test_an_existing_run_is_not_touched(tmp_path):
    written(tmp_path, SMALL)
    (tmp_path / "runs/run").mkdir(parents=True)
    (tmp_path / "runs/run/run.json").write_text("{}")
    done = run(tmp_path, 2, "fit", "config.yaml", "--name", "run", code=2)
    assert done.stderr.count("error: ") == 1
    assert "--resume" in done.stderr


def on_rank_1(folder: Path, *other: str, before: str = "") -> str:
    """A launched program that gives rank 1 other arguments, or code that it runs before."""
    program = folder / "program.py"
    program.write_text(
        f"""
import os, sys
from nntrain.cli.main import main
is_other = os.environ.get("PMI_RANK", os.environ.get("OMPI_COMM_WORLD_RANK")) == "1"
other = {list(other)!r} if is_other else []
if is_other:
    exec({before!r})
main(["fit", "config.yaml", "--name", "run", "--quiet", *other])
"""
    )
    return str(program)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (("--set", "seed=1"), "another config than rank 0"),
        (("--set", "data.source={csv: missing.csv}"), "no such file"),
        (("--threads", "999"), "expected a number from 1 to"),
        (("--plugin", "plugin.py"), "other plugins than rank 0"),
        (("--plugin", "missing.py"), "cannot read the plugin"),
    ],
)
def test_what_one_rank_has_otherwise_ends_all_with_one_message(other, reason, tmp_path):
    written(tmp_path, SMALL)
    (tmp_path / "plugin.py").touch()
    words = command(2, on_rank_1(tmp_path, *other))
    done = subprocess.run(
        words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("error: ") == 1
    assert "rank 1 on " in done.stderr
    assert reason in " ".join(done.stderr.split())
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("error", ["MemoryError", "RuntimeError"])
def test_what_fails_on_one_rank_ends_all_and_names_it(error, tmp_path):
    written(tmp_path, SMALL)
    program = Path(on_rank_1(tmp_path))
    fails = f"""
import os, nntrain.training.loop as loop
def fail(*arguments, **options):
    raise {error}("broken")
if os.environ.get("PMI_RANK", os.environ.get("OMPI_COMM_WORLD_RANK")) == "1":
    loop.evaluate = fail
"""
    program.write_text(fails + program.read_text())
    done = subprocess.run(
        command(2, program),
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "rank 1 on " in done.stderr
    assert "broken" in done.stderr


FAILURES = {  # what fails on rank 1 alone: a function that it calls, the error, and what is said of it
    "training.setup:load_splits": ("MemoryError", "error: rank 1 on "),
    "training.sharded_step:ShardedStep._compute": ("RuntimeError('broken')", "RuntimeError: broken"),
    "training.loop:evaluate": ("MemoryError", "not enough memory"),
}


@pytest.mark.parametrize("place", FAILURES)
def test_what_fails_on_one_rank_ends_all(place, tmp_path):
    (error, said), (module, name) = FAILURES[place], place.split(":")
    *owner, function = name.split(".")
    written(tmp_path, SMALL)
    fails = f"""
import nntrain.{module} as owner
def fail(*arguments, **options):
    raise {error}
setattr({".".join(["owner", *owner])}, {function!r}, fail)
"""
    words = command(2, on_rank_1(tmp_path, before=fails))
    done = subprocess.run(
        words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert said in done.stderr
    assert "rank 1 on " in done.stderr
    assert done.stderr.count("error: ") <= 1


def test_a_rank_whose_update_differs_does_not_drift_away(tmp_path):
    """Each parameter is that of the rank whose part it is in: what the root saves is what all compute with."""
    written(tmp_path, SMALL)
    differs = """
from nntrain.training.step import Step
update = Step.update
def updated_otherwise(self, *arguments):
    update(self, *arguments)
    self.network.theta[0] += 1e-3  # in the part of rank 0
Step.update = updated_otherwise
"""
    words = command(2, on_rank_1(tmp_path, before=differs))
    done = subprocess.run(
        words, cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert contents(tmp_path / "runs/run") == contents(fitted(tmp_path, 1, name="alone"))


def test_a_divergence_is_reported_once_by_all(tmp_path):
    written(tmp_path, SMALL.replace("lr: 0.01", "lr: 1e38"))
    done = run(tmp_path, 2, "fit", "config.yaml", "--name", "run", "--quiet", code=1)
    assert done.stderr.count("error: ") == 1
    assert json.loads((tmp_path / "runs/run/run.json").read_text())["status"] == "failed"


@pytest.mark.parametrize("arguments", [("summary", "config.yaml"), ("fit", "config.yaml", "--verify-resume")])
def test_what_runs_in_one_process_says_so(arguments, tmp_path):
    done = run(tmp_path, 2, *arguments, code=2)
    assert done.stderr.count("error: ") == 1
    assert "runs in a single process" in done.stderr


def test_only_the_root_prints(tmp_path):
    assert run(tmp_path, 2, "--version").stdout.count("version") == 1


def test_a_config_from_stdin_reaches_all_ranks(tmp_path):
    """A launcher passes stdin to the root alone, and the others never see its end."""
    words = command(2, "-m", "nntrain", "fit", "-", "--name", "run", "--quiet", "--threads", 1)
    subprocess.run(words, cwd=tmp_path, env=ENVIRONMENT, input=SMALL, text=True, timeout=60, check=True)
    assert (tmp_path / "runs/run/config.yaml").read_text() == SMALL
