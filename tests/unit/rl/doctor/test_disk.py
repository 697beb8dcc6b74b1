"""What a run will write, and the room for it."""

from __future__ import annotations

from pathlib import Path

from rl.config.schema import Config, LoraConfig
from rl.doctor import disk
from tests.unit.rl.doctor.common import GIB


def test_checkpoints_and_their_moments_are_reckoned(config: Config) -> None:
    config.checkpoints.keep, config.evaluation.every = 2, 0
    million = 10**6
    assert disk.bytes_of_weights(config, million) == 3 * million * (4 + 8) + 3 * million * 4
    config.evaluation.every = 4
    assert disk.bytes_of_weights(config, million) == 5 * million * (4 + 8) + 3 * million * 4
    config.model.init, config.model.dtype = "checkpoint", "bfloat16"
    assert disk.bytes_of_weights(config, million) == 5 * million * (2 + 4 + 8) + 2 * million * 2
    config.model.lora = LoraConfig()
    assert disk.bytes_of_weights(config, million) == 5 * million * 2 + 2 * million * 2


def test_a_disk_is_a_fault_a_warning_or_enough(tmp_path: Path) -> None:
    wanted = [disk.Need("runs", tmp_path / "runs", 10 * GIB), disk.Need("data", tmp_path, 2 * GIB)]
    for free, verdict in ((11 * GIB, "fault"), (13 * GIB, "warning"), (16 * GIB, "ok")):
        (found,) = disk.disk(wanted, lambda _, free=free: free)
        assert found.verdict == verdict
        assert "12.0 GiB will be written" in found.found
    assert len(disk.disk([*wanted, disk.Need("store", Path("/dev/shm"), 1)], lambda _: 99 * GIB)) == 2


def test_what_a_resumed_run_has_written_is_not_asked_for_again(config: Config) -> None:
    def of_runs(written: int) -> float:
        return next(need.size for need in disk.needs(config, 10**9, Path("/tmp"), written) if need.what == "runs")

    assert of_runs(0) - of_runs(GIB) == GIB
    assert of_runs(10**12) == disk.LOGS_AND_REPORTS
