"""The operating system, Python, compilers, open files, processors and memory."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rl.config.schema import Config, JudgeConfig
from rl.doctor import machine
from rl.doctor.diagnosis import diagnose
from tests.unit.rl.doctor.common import GIB


@pytest.mark.parametrize(("platform", "said"), [("darwin", "macOS"), ("win32", "Windows"), ("freebsd14", "freebsd14")])
def test_other_systems_are_a_fault_in_one_line(platform: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = machine.operating_system(platform)
    assert found.verdict == "fault"
    assert said in found.found
    monkeypatch.setattr(sys, "platform", platform)
    assert diagnose(None)[0] == found
    assert machine.operating_system("linux").verdict == "ok"


def test_pythons_that_are_not_supported_are_a_fault() -> None:
    assert machine.interpreter((3, 12), "/usr/bin/python3.12").verdict == "ok"
    found = machine.interpreter((3, 10), "/usr/bin/python3.10")
    assert found.verdict == "fault"
    assert "/usr/bin/python3.10" in found.found
    assert "3.11 or 3.12" in found.advice


def test_who_compiles_decides_what_a_missing_compiler_means(config: Config) -> None:
    assert machine.compilers(None, None, config).verdict == "ok"
    found = machine.compilers("there is no g++", None, config)
    assert found.verdict == "ok"
    assert "without torch.compile" in found.found
    config.rollout.enforce_eager = False
    assert machine.compilers("there is no g++", None, config).verdict == "warning"
    config.rollout.gpus = 1.0
    assert machine.compilers(None, None, config).verdict == "fault"
    assert machine.compilers("/tmp is mounted noexec", "/usr/bin/gcc", config).verdict == "ok"


def test_the_hard_limit_of_open_files_counts() -> None:
    assert machine.open_files(64, 4096, workers=3).verdict == "ok"  # train raises it
    assert machine.open_files(-1, -1, workers=3).verdict == "ok"
    found = machine.open_files(128, 128, workers=3)
    assert found.verdict == "fault"
    assert "128" in found.found
    assert "256" in found.found
    assert machine.open_files(512, 512, workers=64).verdict == "fault"


V1 = "4:memory:/pod/c\n2:cpu,cpuacct:/pod/c\n1:name=systemd:/\n"
CGROUPS = [
    ("0::/pod/c\n", {"cpu.max": "150000 100000", "memory.max": str(GIB)}, "pod/c", 1.5, GIB),
    ("0::/pod/c\n", {"cpu.max": "max 100000", "memory.max": "max"}, "pod/c", 8, 32 * GIB),
    ("0::/pod/c\n", {"cpu.max": "50000 100000"}, "pod", 0.5, 32 * GIB),  # of the group above
    ("0::/../..\n", {"cpu.max": "200000 100000", "memory.max": str(GIB)}, "", 2, GIB),  # seen from within a container
    (V1, {"cpu.cfs_quota_us": "300000", "cpu.cfs_period_us": "100000"}, "cpu/pod/c", 3, 32 * GIB),
    (V1, {"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"}, "cpu/pod/c", 8, 32 * GIB),
    (V1, {"memory.limit_in_bytes": str(2 * GIB)}, "memory/pod", 8, 2 * GIB),
    ("", {}, "", 8, 32 * GIB),
]


@pytest.mark.parametrize(("own", "files", "group", "cpus", "memory"), CGROUPS)
def test_quotas_of_containers_are_read(
    tmp_path: Path, own: str, files: dict[str, str], group: str, cpus: float, memory: int
) -> None:
    (tmp_path / group).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (tmp_path / group / name).write_text(text + "\n")
    assert machine.usable_processors(8, tmp_path, own) == cpus
    assert machine.usable_memory(32 * GIB, tmp_path, own) == memory


def test_more_threads_than_processors_are_a_warning(config: Config) -> None:
    assert machine.processors(2.0, config).verdict == "ok"
    found = machine.processors(1.0, config)
    assert found.verdict == "warning"
    assert "learner.threads = 2 x 1" in found.found
    assert "rollout.threads=1" in found.advice
    config.rewards.judge = JudgeConfig(threads=8, engines=2)
    assert "rewards.judge.threads = 8 x 2" in machine.processors(2.0, config).found
    config.rewards.judge = None
    config.learner.gpus = config.rollout.gpus = 1.0
    assert machine.processors(1.0, config).verdict == "ok"


def test_memory_has_to_hold_the_object_store(config: Config) -> None:
    assert machine.memory(16 * GIB, config).verdict == "ok"
    assert machine.memory(3 * GIB, config).verdict == "warning"
    config.cluster.object_store_gib = 20.0
    assert machine.memory(16 * GIB, config).verdict == "fault"
