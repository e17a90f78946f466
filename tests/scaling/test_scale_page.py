"""docs/scale.md is true: its job files are valid, its commands and options exist, its numbers follow its formula."""

import re
import shutil
import subprocess

import pytest
import yaml

from nntrain.config.train_section import TrainSection
from tests.support import ROOT

TEXT = (ROOT / "docs/scale.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def test_the_line_of_yaml_is_a_train_section():
    section = yaml.safe_load(blocks("yaml")[0])["train"]
    assert TrainSection(**section).shards == 4


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_the_batch_script_is_valid_and_asks_for_a_signal():
    script = next(block for block in blocks("sh") if "#SBATCH" in block)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    assert re.findall(r"^#SBATCH --signal=(.*)$", script, re.MULTILINE) == ["TERM@120"]


def test_the_job_of_kubernetes_starts_a_rank_on_each_worker():
    job = yaml.safe_load(next(block for block in blocks("yaml") if "MPIJob" in block))
    launcher, worker = (job["spec"]["mpiReplicaSpecs"][name] for name in ("Launcher", "Worker"))
    (command,) = launcher["template"]["spec"]["containers"][0]["args"]
    assert f"mpiexec -n {worker['replicas']} " in command
    for replica in (launcher, worker):
        spec = replica["template"]["spec"]
        (container,) = spec["containers"]
        assert [mount["name"] for mount in container["volumeMounts"]] == [
            volume["name"] for volume in spec["volumes"]
        ]


def test_options_of_the_page_exist(shell):
    known = "".join(shell.run(verb, "--help").stdout for verb in ("fit", "bench"))
    commands = re.findall(r"nntrain (?:fit|bench) [^`\n]*", TEXT)
    assert commands
    for command in commands:
        assert [option for option in re.findall(r"--[a-z-]+", command) if option not in known] == []


def test_each_table_is_of_one_speed_up_per_rank():
    rows = re.findall(r"^ *([\d,]+) +([\d,]+) +([\d,]+) +([\d,]+) +([\d.]+)× +(\d+)%$", TEXT, re.MULTILINE)
    assert len(rows) >= 5
    for ranks, _, _, _, speedup, efficiency in rows:
        ratio = float(speedup) / int(ranks.replace(",", ""))
        assert 100 * ratio == pytest.approx(int(efficiency), abs=1.01)
