"""What the doctor finds, in made-up folders and on this machine."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from rich.console import Console
from safetensors.torch import save_file

from rl.config import Config, FacesConfig, LoraConfig, ModelConfig
from rl.doctor import disk, gpus, machine, places, rows, services
from rl.doctor.checkpoint import checkpoint, parameters_of
from rl.doctor.diagnosis import Unfit, diagnose, quick, refuse
from rl.doctor.finding import Finding, table
from rl.doctor.folders import RAY_SOCKET, SOCKET_BYTES, holds_sockets, is_plain, private_folder, short_link, writable

NOWHERE = "/proc/nowhere"
"""A folder that nobody can make, root neither."""
GIB = 2**30


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = Config(runs=str(tmp_path / "runs"), model=ModelConfig(init="tiny"))
    made.data.directory = str(tmp_path / "data")
    made.data.faces = FacesConfig(clips=16)
    return made


def verdicts(findings: list[Finding]) -> list[str]:
    return [one.verdict for one in findings]


# Folders


def test_folders_are_tried_rather_than_asked(tmp_path: Path) -> None:
    assert writable(tmp_path)
    assert writable(tmp_path / "to" / "be" / "made")
    assert not writable(Path(NOWHERE))
    assert list(tmp_path.iterdir()) == []


def test_sockets_fit_up_to_their_last_byte(tmp_path: Path) -> None:
    longest = "/" + "x" * (SOCKET_BYTES - len(RAY_SOCKET) - 1)
    assert holds_sockets(longest)
    assert not holds_sockets(longest + "x")
    assert not holds_sockets("/tmp/ü")
    with socket.socket(socket.AF_UNIX) as one:  # the limit is the system's
        one.bind(str(tmp_path / "s") if len(str(tmp_path)) < 100 else "\0x")
    with socket.socket(socket.AF_UNIX) as one, pytest.raises(OSError, match="too long"):
        one.bind("/" + "x" * SOCKET_BYTES)


def test_plain_paths_need_no_quotes() -> None:
    assert is_plain("/home/a-b/c_d.e/f+1@2%3=4,5~6#7")
    for path in ("a b", "a'b", 'a"b', "a$b", "a;b", "a(b", "ä", "a\nb"):
        assert not is_plain(path), path


def test_links_are_short_private_and_the_same_again(tmp_path: Path) -> None:
    link = short_link(tmp_path / "a b")
    assert link is not None
    assert link == short_link(tmp_path / "a b")
    assert link != short_link(tmp_path / "c d")
    assert len(str(link)) <= 40
    assert link.parent.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_somebody_else_has_put_there_is_not_used(tmp_path: Path) -> None:
    mine = private_folder(tmp_path)
    assert mine is not None
    mine.rmdir()
    (tmp_path / "theirs").mkdir()
    mine.symlink_to(tmp_path / "theirs")
    assert private_folder(tmp_path) is None
    assert private_folder(Path(NOWHERE)) is None


# The machine


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
    config.learner.gpus = config.rollout.gpus = 1.0
    assert machine.processors(1.0, config).verdict == "ok"


def test_memory_has_to_hold_the_object_store(config: Config) -> None:
    assert machine.memory(16 * GIB, config).verdict == "ok"
    assert machine.memory(3 * GIB, config).verdict == "warning"
    config.cluster.object_store_gib = 20.0
    assert machine.memory(16 * GIB, config).verdict == "fault"


# Places


def test_a_closed_home_is_told_and_so_is_a_closed_variable_of_the_users(tmp_path: Path) -> None:
    assert places.caches({"HOME": str(tmp_path)}, {}).verdict == "ok"
    given = {"XDG_CACHE_HOME": f"{tmp_path}/xdg_cache_home"}
    found = places.caches({"HOME": NOWHERE, **given}, given)
    assert found.verdict == "warning"
    assert NOWHERE in found.found
    assert str(tmp_path) in found.found
    assert places.caches({"HOME": NOWHERE}, {}).verdict == "fault"
    closed = places.caches({"HOME": str(tmp_path), "VLLM_CACHE_ROOT": NOWHERE}, {})
    assert closed.verdict == "fault"
    assert f"VLLM_CACHE_ROOT = {NOWHERE}" in closed.found
    assert places.caches({"HOME": "/stand/in"}, {"HOME": "/stand/in"}).verdict == "warning"


def test_temporary_folders_have_to_be_writable_and_to_hold_sockets(tmp_path: Path) -> None:
    assert places.temporary({}, {}).verdict == "ok"
    assert places.temporary({"TMPDIR": NOWHERE}, {}).verdict == "fault"
    long = tmp_path / ("x" * 80)
    found = places.temporary({"TMPDIR": str(long)}, {})
    assert found.verdict == "fault"
    assert f"{len(str(long)) + len(RAY_SOCKET)} bytes" in found.found
    long.mkdir()
    link = str(short_link(long))
    assert places.temporary({"TMPDIR": link}, {"TMPDIR": link}).verdict == "ok"
    assert places.temporary({"TMPDIR": str(long), "RAY_TMPDIR": "/tmp"}, {}).verdict == "ok"


def test_little_shared_memory_is_told_with_what_is_needed(config: Config) -> None:
    assert places.shared_memory(2 * GIB, config).verdict == "ok"
    found = places.shared_memory(64 * 2**20, config)
    assert found.verdict == "warning"
    assert "64 MiB free" in found.found
    assert "--shm-size=1.0g" in found.advice
    config.cluster.object_store_gib = 10.0  # more than Ray puts on disk
    assert places.shared_memory(64 * 2**20, config).verdict == "fault"
    config.cluster.address = "10.0.0.1:6379"
    assert places.shared_memory(64 * 2**20, config).verdict == "ok"
    config.rollout.gpus, config.rollout.tensor_parallel = 1.0, 2
    assert places.shared_memory(64 * 2**20, config).verdict == "warning"


def test_what_was_left_half_done_is_found_and_what_is_going_on_is_not(config: Config, tmp_path: Path) -> None:
    assert places.leftovers(config).verdict == "ok"
    gone = next(number for number in range(2**22, 0, -1) if not Path("/proc", str(number)).exists())
    for name in (f".data.{gone}.partial", ".data.1.partial", f".other.{gone}.partial", ".data.txt.partial", "data"):
        (tmp_path / name).mkdir()
    for run, files in {"whole": ["config.yaml"], "torn": [], "mlflow_artifacts": None}.items():
        (tmp_path / "runs" / run / "checkpoints" if files is not None else tmp_path / "runs" / run).mkdir(parents=True)
        for file in files or ():
            (tmp_path / "runs" / run / file).touch()
    found = places.leftovers(config)
    assert found.verdict == "warning"
    assert f".data.{gone}.partial" in found.found
    assert str(tmp_path / "runs" / "torn") in found.found
    for other in (".data.1.", ".other", "txt", "whole", "mlflow"):
        assert other not in found.found


# Disks


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


# GPUs


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


def test_vllm_has_to_be_built_for_what_engines_run_on(config: Config) -> None:
    assert gpus.engine_build(config, "cpu").verdict == "ok"
    assert gpus.engine_build(config, None).verdict == "fault"
    assert "HARDWARE=cpu" in gpus.engine_build(config, "gpu").advice
    config.rollout.gpus = 1.0
    assert gpus.engine_build(config, "gpu").verdict == "ok"
    assert gpus.engine_build(config, "cpu").verdict == "fault"
    assert gpus.installed_build() in ("cpu", "gpu")


# The checkpoint


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder that looks like a checkpoint, in two files."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2_5_vl"}))
    for name in ("tokenizer.json", "preprocessor_config.json"):
        (folder / name).write_text("{}")
    save_file({"a": torch.zeros(10, 10)}, folder / "1.safetensors")
    save_file({"b": torch.zeros(7, dtype=torch.bfloat16)}, folder / "2.safetensors")
    index = {"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder


def test_a_whole_checkpoint_is_counted(model: Path, tiny_model: Path) -> None:
    assert checkpoint(ModelConfig(path=str(model))).verdict == "ok"
    assert parameters_of(ModelConfig(path=str(model))) == 107
    found = checkpoint(ModelConfig(path=str(tiny_model)))
    assert found.verdict == "ok"
    counted, reckoned = parameters_of(ModelConfig(path=str(tiny_model))), parameters_of(ModelConfig(init="tiny"))
    assert counted is not None
    assert reckoned == pytest.approx(counted, rel=0.05)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


def cut_head(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:20])


def pointer(file: Path) -> None:
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n")


@pytest.mark.parametrize(
    ("name", "harm", "said"),
    [
        ("2.safetensors", Path.unlink, "2.safetensors cannot be read (No such file or directory)"),
        ("2.safetensors", cut, "2.safetensors is cut off"),
        ("2.safetensors", cut_head, "its head is cut off"),
        ("1.safetensors", pointer, "git lfs pull"),
        ("model.safetensors.index.json", Path.unlink, "no weights"),
        ("model.safetensors.index.json", lambda file: file.write_text("{"), "cannot be read"),
        ("tokenizer.json", Path.unlink, "no tokenizer"),
        ("preprocessor_config.json", Path.unlink, "no processor"),
        ("config.json", Path.unlink, "config.json cannot be read"),
        ("config.json", lambda file: file.write_text('{"model_type": "llama"}'), "model type 'llama'"),
    ],
)
def test_a_checkpoint_that_is_not_whole_is_a_fault(model: Path, name: str, harm: Callable[[Path], object], said: str) -> None:
    harm(model / name)
    found = checkpoint(ModelConfig(path=str(model)))
    assert found.verdict == "fault"
    assert said in str(found)


def test_a_model_of_the_hub_is_told_where_it_is_not_at_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    named = ModelConfig(path="nobody/has-such-a-model-7B")
    assert checkpoint(named).verdict == "warning"
    assert parameters_of(named) == 7 * 1.25e9
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert checkpoint(named).verdict == "fault"
    assert checkpoint(ModelConfig(path="./not-here")).verdict == "fault"


# Rows


def test_data_that_is_to_be_drawn_needs_an_empty_place(config: Config, tmp_path: Path) -> None:
    assert verdicts(rows.data(config)) == ["ok"]
    (tmp_path / "data").mkdir()
    assert verdicts(rows.data(config)) == ["ok"]
    (tmp_path / "data" / "videos").mkdir()
    (found,) = rows.data(config)
    assert found.verdict == "fault"
    assert "holds videos, but no train.jsonl" in found.found
    (tmp_path / "data" / "videos").rmdir()
    (tmp_path / "data").rmdir()
    (tmp_path / "data").touch()
    assert "is a file" in rows.data(config)[0].found


def test_drawn_data_is_looked_at_in_both_depths(config: Config, faces: Path) -> None:
    config.data.directory = str(faces)
    config.grpo.mix = {"rationale": 1.0}
    assert verdicts(rows.data(config)) == ["ok"] * 3
    found = rows.data(config, in_full=True)
    assert verdicts(found) == ["ok"] * 3
    assert "768 rows" in found[0].found
    config.grpo.mix = {"poetry": 1.0}
    assert verdicts(rows.data(config)) == ["ok"] * 3
    assert verdicts(rows.data(config, in_full=True)) == ["fault", "ok", "ok"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "no such file"),
        ("", "is empty"),
        ("{not json", "row 1: not JSON"),
        ('{"text": "x"}', "row 1: no `messages`"),
        ('{"messages": [], "videos": ["clips/a.mp4"]}', "clips/a.mp4 does not exist"),
    ],
)
def test_a_split_that_cannot_be_used_is_a_fault(config: Config, tmp_path: Path, text: str | None, said: str) -> None:
    for split in rows.SPLITS:
        (tmp_path / f"{split}.jsonl").write_text('{"messages": []}\n')
    config.data.directory = str(tmp_path)
    assert verdicts(rows.data(config)) == ["ok"] * 3
    (tmp_path / "val.jsonl").unlink() if text is None else (tmp_path / "val.jsonl").write_text(text)
    found = rows.data(config)
    assert verdicts(found) == ["ok", "fault", "ok"]
    assert said in str(found[1])


def test_row_files_may_not_lie_where_their_path_reads_as_something_else(config: Config, faces: Path, tmp_path: Path) -> None:
    for name in ("a::b", "$HOME"):
        (tmp_path / name).symlink_to(faces)
        config.data.directory = str(tmp_path / name)
        assert verdicts(rows.data(config)) == ["fault"] * 3


# Services


def test_a_tracking_database_is_tried(config: Config, tmp_path: Path) -> None:
    assert services.tracker(config).verdict == "ok"
    for uri, verdict in {
        f"sqlite:///{tmp_path / 'x.db'}": "ok",
        f"sqlite:///{NOWHERE}/x.db": "warning",
        str(tmp_path): "warning",
        f"file://{tmp_path}": "warning",
        "postgresql://db/mlflow": "ok",
    }.items():
        config.tracking.uri = uri
        assert services.tracker(config).verdict == verdict, uri
    (tmp_path / "bad.db").write_text("this is no database" * 100)
    config.tracking.uri = f"sqlite:///{tmp_path / 'bad.db'}"
    assert "not a database" in services.tracker(config).found
    config.tracking.mlflow = False
    assert services.tracker(config).verdict == "ok"


def test_a_tracking_server_that_does_not_answer_is_a_warning(config: Config) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        config.tracking.uri = f"http://127.0.0.1:{server.getsockname()[1]}"
    assert services.tracker(config).verdict == "ok"  # nobody was asked
    found = services.tracker(config, ask=True)
    assert found.verdict == "warning"
    assert "does not answer (ConnectionError)" in found.found
    assert "affectree track sync" in found.advice


def test_a_cluster_that_never_has_room_is_a_fault(config: Config) -> None:
    assert services.room(config, {"CPU": 4.0}, "it").verdict == "ok"
    config.learner.ranks = 8
    found = services.room(config, {"CPU": 4.0, "GPU": 1.0}, "it")
    assert found.verdict == "fault"
    assert "4 CPU, 1 GPU; 8.6 CPU are asked for" in found.found
    assert services.room(config, {"CPU": 4.0}, "it", grows=True).verdict == "warning"
    assert services.local_cluster(config, 4).verdict == "fault"
    assert services.local_cluster(config, 16).verdict == "ok"


def test_a_run_starts_a_cluster_where_none_is_named_and_none_listens(config: Config, tmp_path: Path) -> None:
    config.cluster.address = "local"
    assert services.starts_local_cluster(config, {"RAY_ADDRESS": "a:1"})
    config.cluster.address = None
    assert not services.starts_local_cluster(config, {"RAY_ADDRESS": "a:1"})
    (tmp_path / "ray").mkdir()
    record = tmp_path / "ray" / "ray_current_cluster"
    for variable in ("TMPDIR", "RAY_TMPDIR"):
        with socket.create_server(("127.0.0.1", 0)) as server:
            record.write_text(f"127.0.0.1:{server.getsockname()[1]}")
            assert not services.starts_local_cluster(config, {variable: str(tmp_path)})
        assert services.starts_local_cluster(config, {variable: str(tmp_path)})
        record.unlink()
        assert services.starts_local_cluster(config, {variable: str(tmp_path)})


# All of it


def test_a_quick_look_finds_this_machine_fit_and_imports_neither_ray_nor_torch(faces: Path, tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from rl.environment import prepare_process
prepare_process()
from rl.config_loading import load_config
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


def test_the_table_shows_everything(tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as file:
        Console(file=file, width=120).print(
            table([Finding("disk [0]", "fault", "1 MiB free", "free some"), Finding("b", "ok", "y")])
        )
    said = (tmp_path / "out").read_text()
    for word in ("fault", "disk [0]", "1 MiB free", "free some", "ok"):
        assert word in said


def test_without_a_configuration_the_machine_alone_is_looked_at() -> None:
    names = {one.name for one in diagnose(None)}
    assert {"system", "python", "disk", "shared memory", "temporary folder"} <= names
    assert not {"checkpoint", "mlflow", "scorers"} & names


def test_where_only_the_base_is_installed_the_doctor_says_so() -> None:
    code = """
import sys
sys.modules |= dict.fromkeys(("psutil", "pynvml", "ray", "torch", "vllm", "mlflow", "transformers"))  # as if not there
from importlib import metadata
def version(name): raise metadata.PackageNotFoundError(name)
metadata.version = version
from rl.config import Config
from rl.doctor.diagnosis import diagnose
from rl.doctor.services import cluster
print(*(one for one in [*diagnose(None), cluster(Config())] if one.verdict == "fault"), sep="\\n")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "vllm: vLLM is not installed; set the environment up: make setup",
        "cluster: Ray is not installed; set the environment up: make setup",
    ], done.stderr[-3000:]
