"""Whole runs: as a Ray job, killed and resumed, read back through MLflow, and the model used elsewhere."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rl.run_directory import RunDirectory
from tests.integration.conftest import QUICKSTART, small_settings

pytestmark = pytest.mark.timeout(600)
HOME = QUICKSTART.parent.parent
BIN = Path(sys.executable).parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
NOT_YET = ("No available agent", "Failed to connect")
"""What submitting to a head that has just started may say."""


def run(*command: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=ENVIRONMENT, cwd=HOME, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload]


@pytest.fixture(scope="module")
def job(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    """A small run submitted to a running Ray cluster; gives its directory and its log."""
    runs = tmp_path_factory.mktemp("job_runs")
    # every port is a free one: other clusters may run on this machine
    names = ("port", "dashboard-port", "ray-client-server-port", "dashboard-agent-listen-port")
    names += ("dashboard-agent-grpc-port", "metrics-export-port", "runtime-env-agent-port")
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    address = f"http://127.0.0.1:{ports['dashboard-port']}"
    head_log = (runs / "head.log").open("w")
    head = subprocess.Popen(
        [
            *("ray", "start", "--head", "--block", "--num-cpus=4", "--dashboard-host=127.0.0.1"),
            *("--object-store-memory=500000000", "--disable-usage-stats"),
            *(f"--{name}={port}" for name, port in ports.items()),
        ],
        env=ENVIRONMENT,
        stdout=head_log,
        stderr=head_log,
        start_new_session=True,
    )
    try:
        settings = small_settings(faces, runs, "grpo.steps=3")
        log = submit(address, "affectree", "train", "configs/quickstart.yaml", *settings)
        assert "succeeded" in log.lower(), log[-4000:] + (runs / "head.log").read_text()[-2000:]
        (directory,) = [p for p in runs.iterdir() if (p / "config.yaml").is_file()]
        yield directory, log
    finally:
        head.terminate()
        head.wait(timeout=60)


def submit(address: str, *entrypoint: str) -> str:
    """Submit a job and follow it to its end; gives all that was printed."""
    deadline = time.monotonic() + 150
    while True:
        done = run("ray", "job", "submit", f"--address={address}", "--working-dir", ".", "--", *entrypoint, timeout=500)
        log = done.stdout + done.stderr
        if time.monotonic() > deadline or not any(words in log for words in NOT_YET):
            return log
        time.sleep(3)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for found in sockets:
            found.bind(("127.0.0.1", 0))
        return [found.getsockname()[1] for found in sockets]


def test_a_ray_job_succeeds_and_logs_its_steps(job: tuple[Path, str]) -> None:
    _, log = job
    for step in (1, 2, 3):
        assert f"step {step}/3 | reward" in log


def test_the_run_directory_is_whole(job: tuple[Path, str]) -> None:
    directory, _ = job
    summary = json.loads((directory / "summary.json").read_text())
    assert set(summary["stages"]) == {"init", "tuned", "grpo"}
    assert {"root_accuracy", "leaf_f1", "structure", "tree_edit"} <= set(summary["stages"]["grpo"])
    assert "root_accuracy" in summary["chance"]
    assert "root_accuracy" in summary["majority"]
    assert summary["seconds"]["grpo"] > 0
    assert "</html>" in (directory / "report.html").read_text()
    rows = pq.read_table(directory / "rollouts" / "step_2.parquet").to_pylist()
    assert len(rows) == 4 * 4
    assert {row["version"] for row in rows} == {2}
    assert not list(directory.rglob("*.partial"))


def test_every_sync_of_the_run_agreed(job: tuple[Path, str]) -> None:
    records = RunDirectory(job[0]).metrics()
    differences = [r["metrics"]["sync/logprob_diff"] for r in records if r["phase"] == "grpo"]
    assert len(differences) == 3
    assert max(differences) < 1e-4
    assert max(r["metrics"]["learner/logprob_diff_max"] for r in records if r["phase"] == "grpo") < 1e-4


def test_mlflow_holds_parameters_metrics_artifacts_and_traces(job: tuple[Path, str]) -> None:
    from mlflow import MlflowClient

    state = json.loads((job[0] / "run.json").read_text())
    client = MlflowClient(tracking_uri=state["mlflow_uri"])
    found = client.get_run(state["mlflow_run_id"])
    assert found.data.params["grpo.group"] == "4"
    assert found.info.status == "FINISHED"
    by_step = [
        key for key in found.data.metrics if [p.step for p in client.get_metric_history(found.info.run_id, key)] == [1, 2, 3]
    ]
    assert len(by_step) >= 20
    assert {"config.yaml", "summary.json", "report.html"} <= {a.path for a in client.list_artifacts(found.info.run_id)}
    traces = client.search_traces(locations=[found.info.experiment_id], max_results=50)
    assert len(traces) == 3 * 4
    assert {"reward", "root"} <= {a.name for a in traces[0].info.assessments}


def test_the_final_model_answers_a_clip_in_transformers(job: tuple[Path, str], faces: Path) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    from rollout.video import ClipSpec, decode_clip

    folder = job[0] / "model"
    model, processor = AutoModelForImageTextToText.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
    clip = decode_clip(next((faces / "videos").glob("*.mp4")), ClipSpec())
    content = [{"type": "video"}, {"type": "text", "text": "What is the hair color of the person in the video?"}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True)
    metadata = {"fps": clip.fps, "total_num_frames": 4, "frames_indices": [0, 1, 2, 3]}
    inputs = processor(text=[text], videos=[clip.frames], video_metadata=[metadata], do_sample_frames=False, return_tensors="pt")
    out = model.generate(**inputs, max_new_tokens=4, do_sample=False)
    assert out.shape[1] > inputs["input_ids"].shape[1]


def test_the_final_model_answers_a_clip_in_vllm(job: tuple[Path, str], faces: Path) -> None:
    code = f"""
from pathlib import Path
from vllm import LLM, SamplingParams
from rollout.video import ClipSpec, decode_clip
if __name__ == "__main__":
    clip = decode_clip(next(Path({str(faces / "videos")!r}).glob("*.mp4")), ClipSpec())
    llm = LLM({str(job[0] / "model")!r}, dtype="float32", max_model_len=512, enforce_eager=True)
    prompt = "<|im_start|>user\\n<|vision_start|><|video_pad|><|vision_end|>What is the hat?<|im_end|>\\n<|im_start|>assistant\\n"
    request = {{"prompt": prompt, "multi_modal_data": {{"video": [clip.frames]}}}}
    out = llm.generate(request, SamplingParams(max_tokens=4), use_tqdm=False)
    print("tokens:", len(out[0].outputs[0].token_ids))
"""
    script = job[0] / "ask.py"
    script.write_text(code)
    environment = {
        **ENVIRONMENT,
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "CUDA_VISIBLE_DEVICES": "",
    }
    asked = subprocess.run(
        [sys.executable, str(script)], env=environment, cwd=HOME, capture_output=True, text=True, timeout=300, check=False
    )
    assert "tokens:" in asked.stdout, asked.stderr[-3000:]


def test_a_killed_run_goes_on_after_its_last_checkpoint(faces: Path, tmp_path: Path) -> None:
    settings = small_settings(
        faces, tmp_path / "runs", "evaluation.every=0", "evaluation.rows={rationale: 2}", "cluster.address=local"
    )
    log = (tmp_path / "first.log").open("w")
    driver = subprocess.Popen(
        [str(BIN / "affectree"), "train", str(QUICKSTART), *settings], env=ENVIRONMENT, cwd=tmp_path, stdout=log, stderr=log
    )
    directory = wait_for_step(tmp_path / "runs", step=2, driver=driver)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    run_directory = RunDirectory(directory)
    last = run_directory.last_checkpoint()
    assert last is not None
    done = last[1].step
    before = json.loads((directory / "run.json").read_text())["mlflow_run_id"]

    resumed = run(str(BIN / "affectree"), "train", "--resume", str(directory), timeout=500)
    assert resumed.returncode == 0, resumed.stdout[-3000:] + resumed.stderr[-3000:]
    assert f"going on after grpo step {done}" in resumed.stdout
    steps = Counter((r["phase"], r["step"]) for r in run_directory.metrics() if "step" in r)
    assert set(steps.values()) == {1}
    assert [step for phase, step in steps if phase == "grpo"] == [1, 2, 3, 4]
    state = json.loads((directory / "run.json").read_text())
    assert state["mlflow_run_id"] == before
    assert (directory / "model" / "model.safetensors").is_file()

    from mlflow import MlflowClient

    history = MlflowClient(tracking_uri=state["mlflow_uri"]).get_metric_history(before, "reward/mean")
    assert sorted(point.step for point in history) == [1, 2, 3, 4]


def wait_for_step(runs: Path, step: int, driver: subprocess.Popen[bytes]) -> Path:
    """The run's directory, once metrics.jsonl holds this GRPO step."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert driver.poll() is None, "the run ended before it could be killed"
        for file in runs.glob("*/metrics.jsonl"):
            if any(r["phase"] == "grpo" and r["step"] >= step for r in RunDirectory(file.parent).metrics() if "step" in r):
                return file.parent
        time.sleep(0.2)
    raise TimeoutError(f"no step {step} within 300 s")
