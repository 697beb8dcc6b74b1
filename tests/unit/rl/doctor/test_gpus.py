"""GPUs, their driver, and what vLLM was built for."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from rl.config.schema import Config
from rl.doctor import gpus


def test_gpus_that_are_not_there_are_a_fault_at_once(config: Config) -> None:
    assert gpus.gpus(config, gpus.Driver(0), None, local=True).verdict == "ok"
    config.learner.gpus, config.rollout.gpus, config.rollout.engines = 1.0, 0.5, 2
    found = gpus.gpus(config, gpus.Driver(1), None, local=True)
    assert found.verdict == "fault"
    assert "1 GPUs; 2 are asked for" in found.found
    assert gpus.gpus(config, gpus.Driver(2), None, local=True).verdict == "ok"
    assert gpus.gpus(config, gpus.Driver(0), None, local=False).verdict == "ok"


def test_a_gpu_machine_without_a_driver_is_told(config: Config, tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed' >&2\nexit 9\n")
    tool.chmod(0o755)
    without = gpus.Driver(0, "Driver Not Loaded")
    found = gpus.gpus(config, without, str(tool), local=True)
    assert found.verdict == "warning"
    assert f"{tool} is there, but its driver does not answer (Driver Not Loaded)" in found.found
    config.learner.gpus = 1.0
    assert gpus.gpus(config, without, str(tool), local=True).verdict == "fault"


def test_no_device_is_visible_where_none_is_named() -> None:
    for named in ("", "-1", "NoDevFiles"):
        assert gpus.driver({"CUDA_VISIBLE_DEVICES": named}).gpus == 0
    assert gpus.driver({"CUDA_VISIBLE_DEVICES": "0"}).gpus <= 1


class NVMLError(Exception):
    """As NVIDIA's library raises it."""


def library(gpus: int, trouble: str = "") -> ModuleType:
    """What stands in for NVIDIA's library, on a machine with so many GPUs or with a driver that does not answer."""

    def init() -> None:
        if trouble:
            raise NVMLError(trouble)

    made = ModuleType("pynvml")
    for name, value in {
        "nvmlInit": init,
        "nvmlDeviceGetCount": lambda: gpus,
        "nvmlShutdown": lambda: None,
        "NVMLError": NVMLError,
    }.items():
        setattr(made, name, value)
    return made


def test_the_driver_is_asked_and_variables_hide_some_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", library(4))
    assert gpus.driver({}) == gpus.Driver(4)
    assert gpus.driver({"CUDA_VISIBLE_DEVICES": "0, 2"}) == gpus.Driver(2)
    assert gpus.driver({"CUDA_VISIBLE_DEVICES": "0,1,2,3,4,5"}) == gpus.Driver(4)
    assert gpus.driver({"CUDA_VISIBLE_DEVICES": ""}) == gpus.Driver(0, "CUDA_VISIBLE_DEVICES=")
    monkeypatch.setitem(sys.modules, "pynvml", library(4, "Driver Not Loaded"))
    assert gpus.driver({}) == gpus.Driver(0, "Driver Not Loaded")
    monkeypatch.setitem(sys.modules, "pynvml", None)  # as if not installed
    assert gpus.driver({}) == gpus.Driver(0, "nvidia-ml-py is not installed")


def test_vllm_has_to_be_built_for_what_engines_run_on(config: Config) -> None:
    assert gpus.engine_build(config, "cpu").verdict == "ok"
    assert gpus.engine_build(config, None).verdict == "fault"
    assert "HARDWARE=cpu" in gpus.engine_build(config, "gpu").advice
    config.rollout.gpus = 1.0
    assert gpus.engine_build(config, "gpu").verdict == "ok"
    assert gpus.engine_build(config, "cpu").verdict == "fault"
    assert gpus.installed_build() in ("cpu", "gpu")
