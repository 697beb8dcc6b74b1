"""All checks together: quick, in full, and as one error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rl.config.schema import Config, JudgeConfig, ScorerConfig
from rl.doctor.diagnosis import Unfit, diagnose, quick, refuse
from rl.doctor.finding import Finding


def test_a_quick_look_finds_this_machine_fit_and_imports_neither_ray_nor_torch(faces: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from actors.environment import prepare_process
prepare_process()
from rl.config.load import load_config
from rl.doctor.diagnosis import quick, refuse
words = ["data.directory={faces}", "runs={tmp_path / "runs"}", "cluster.address=local"]
findings = quick(load_config(Path("configs/quickstart.yaml"), words))
refuse(findings)
print(len(findings), *{{"ray", "torch", "vllm", "mlflow", "deepspeed"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (count,) = done.stdout.split()
    assert int(count) >= 15
    assert not (tmp_path / "runs").exists()


def test_faults_are_raised_together_and_warnings_are_not(config: Config, tmp_path: Path) -> None:
    refuse([Finding("a", "ok", "x"), Finding("b", "warning", "y")])
    (tmp_path / "data" / "videos").mkdir(parents=True)
    config.learner.gpus, config.cluster.address = 99.0, "local"
    with pytest.raises(Unfit) as raised:
        refuse(quick(config))
    assert "no train.jsonl" in str(raised.value)
    assert "99 are asked for" in str(raised.value)
    assert str(raised.value).count("\n  - ") == 2


def test_without_a_configuration_the_machine_alone_is_looked_at() -> None:
    names = {one.name for one in diagnose(None)}
    assert {"system", "python", "disk", "shared memory", "temporary folder"} <= names
    assert not {"checkpoint", "mlflow", "scorers"} & names


def test_with_a_configuration_everything_is_looked_at(config: Config, tmp_path: Path) -> None:
    config.cluster.address, config.tracking.mlflow = "local", False
    scorer = tmp_path / "scorer.py"
    scorer.write_text("def score(sample):\n    return 1.0\n")
    config.rewards.scorers = {"mine": ScorerConfig(spec=f"{scorer}:score")}
    found = {one.name: one for one in diagnose(config)}
    assert {"system", "disk", "checkpoint", "data", "scorers", "mlflow", "cluster"} <= found.keys()
    assert (found["scorers"].verdict, found["scorers"].found) == ("ok", "mine")
    config.rewards.judge = JudgeConfig(model=str(tmp_path))
    (missing,) = (one for one in diagnose(config) if one.name == "judge")
    assert (missing.verdict, "holds no config.json" in missing.found) == ("fault", True)
    (tmp_path / "config.json").write_text("{}")
    assert [one.verdict for one in diagnose(config) if one.name == "judge"] == ["ok"]
    scorer.write_text("import not_installed\n")
    (broken,) = (one for one in diagnose(config) if one.name == "scorers")
    assert broken.verdict == "fault"
    assert "not_installed" in broken.found


def test_where_only_the_base_is_installed_the_doctor_says_so() -> None:
    code = """
import sys
sys.modules |= dict.fromkeys(("psutil", "pynvml", "ray", "torch", "vllm", "mlflow", "transformers"))  # as if not there
from importlib import metadata
def version(name): raise metadata.PackageNotFoundError(name)
metadata.version = version
from rl.config.schema import Config
from rl.doctor.diagnosis import diagnose
from rl.doctor.services import cluster
print(*(one for one in [*diagnose(None), cluster(Config())] if one.verdict == "fault"), sep="\\n")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "vllm: vLLM is not installed; set the environment up: make setup",
        "cluster: Ray is not installed; set the environment up: make setup",
    ], done.stderr[-3000:]
