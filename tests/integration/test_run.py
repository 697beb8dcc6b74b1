"""A whole run: killed, resumed as a Ray job, read back through MLflow, and its model used elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from rl.algo.advantages import StepRewards
from rl.algo.ema_grpo import ema_grpo
from rl.record.runs.directory import RunDirectory
from tests.integration.conftest import QUICKSTART, small_settings
from tests.integration.ray_head import BIN, Head, ray_head

pytestmark = pytest.mark.timeout(600)
HOME = QUICKSTART.parent.parent
ENVIRONMENT = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}"}
STEPS = 4
NOT_YET = ("No available agent", "Failed to connect")
"""What submitting a job may say while the head has only just started."""


def run(*command: str, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=ENVIRONMENT, cwd=HOME, capture_output=True, text=True, check=False, **more)  # type: ignore[call-overload]


@dataclass(frozen=True)
class Finished:
    """A run that was killed at some step and then resumed as a Ray job to its end."""

    path: Path
    log: str
    """What `ray job submit` printed."""
    killed_after: int
    """GRPO step of the last checkpoint before the kill."""
    mlflow_run_id: str
    """Id of the MLflow run, as the run directory had it before the kill."""


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    with ray_head(tmp_path_factory.mktemp("head") / "head.log", ENVIRONMENT) as started:
        yield started


@pytest.fixture(scope="module")
def finished(head: Head, faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    runs = tmp_path_factory.mktemp("runs")
    command = [str(BIN / "affectree"), "train", str(QUICKSTART), *small_settings(faces, runs)]
    output = runs / "killed.log"
    with output.open("w") as log:
        driver = subprocess.Popen(command, env={**ENVIRONMENT, "RAY_ADDRESS": head.address}, cwd=HOME, stdout=log, stderr=log)
    try:
        directory = wait_for_step(runs, step=2, driver=driver)
    except (AssertionError, TimeoutError) as error:
        raise AssertionError(f"{error}; its output ends:\n{output.read_text()[-4000:]}") from error
    finally:
        driver.kill()  # SIGKILL: the driver gets no chance to tidy up
        driver.wait()
    last = RunDirectory(directory).checkpoints.last()
    assert last is not None
    before = json.loads((directory / "run.json").read_text())["mlflow_run_id"]
    log = submit(head.dashboard, "affectree", "train", "--resume", str(directory))
    assert "succeeded" in log.lower(), log[-4000:]
    return Finished(directory, log, last.progress.step, before)


def submit(address: str, *entrypoint: str) -> str:
    """Submit a job and follow it to its end; gives all that was printed."""
    deadline = time.monotonic() + 150
    while True:
        done = run("ray", "job", "submit", f"--address={address}", "--working-dir", ".", "--", *entrypoint, timeout=500)
        log = done.stdout + done.stderr
        if time.monotonic() > deadline or not any(words in log for words in NOT_YET):
            return log
        time.sleep(3)


def test_a_killed_run_goes_on_as_a_ray_job_after_its_last_checkpoint(finished: Finished) -> None:
    assert f"going on after grpo step {finished.killed_after}" in finished.log
    for step in range(finished.killed_after + 1, STEPS + 1):
        assert f"step {step}/{STEPS} | reward" in finished.log
    steps = Counter((r["phase"], r["step"]) for r in RunDirectory(finished.path).metrics.read() if "step" in r)
    assert set(steps.values()) == {1}
    assert [step for phase, step in steps if phase == "grpo"] == list(range(1, STEPS + 1))
    assert json.loads((finished.path / "run.json").read_text())["mlflow_run_id"] == finished.mlflow_run_id


def test_the_run_directory_is_whole(finished: Finished) -> None:
    directory = finished.path
    summary = json.loads((directory / "summary.json").read_text())
    assert set(summary["stages"]) == {"init", "tuned", "grpo", "reasoned"}
    assert {"root_accuracy", "leaf_f1", "structure", "tree_edit"} <= set(summary["stages"]["grpo"])
    assert "root_accuracy" in summary["chance"]
    assert "root_accuracy" in summary["majority"]
    assert summary["seconds"]["grpo"] > 0
    assert "</html>" in (directory / "report.html").read_text()
    rows = pq.read_table(directory / "rollouts" / "step_2.parquet").to_pylist()
    assert len(rows) == 4 * 4
    assert {row["version"] for row in rows} == {2}
    assert not list(directory.rglob("*.partial"))
    assert {"README.md", "affectree.yaml", "model.safetensors"} <= {file.name for file in (directory / "model").iterdir()}


def test_what_the_estimator_remembers_went_on_over_the_kill(finished: Finished) -> None:
    memory: dict[str, list[float]] = {}
    for step in range(1, STEPS + 1):
        rows = pq.read_table(finished.path / "rollouts" / f"step_{step}.parquet").to_pylist()
        rewards = [[row["reward"] for row in rows]]
        ema_grpo(StepRewards(rewards, tasks=["rationale"]), memory=memory)
    last = RunDirectory(finished.path).checkpoints.last()
    assert last is not None
    assert last.progress.estimator["reward"]["rationale"] == pytest.approx(memory["rationale"])


def test_every_sync_of_the_run_agreed(finished: Finished) -> None:
    records = RunDirectory(finished.path).metrics.read()
    differences = [r["metrics"]["sync/logprob_diff"] for r in records if r["phase"] == "grpo"]
    assert len(differences) == STEPS
    assert max(differences) < 1e-4
    assert max(r["metrics"]["learner/logprob_diff_max"] for r in records if r["phase"] == "grpo") < 1e-4


def test_mlflow_holds_parameters_metrics_artifacts_and_traces(finished: Finished) -> None:
    from mlflow import MlflowClient

    state = json.loads((finished.path / "run.json").read_text())
    client = MlflowClient(tracking_uri=state["mlflow_uri"])
    found = client.get_run(state["mlflow_run_id"])
    assert found.data.params["grpo.group"] == "4"
    assert found.info.status == "FINISHED"
    whole = list(range(1, STEPS + 1))
    history = {key: client.get_metric_history(found.info.run_id, key) for key in found.data.metrics}
    by_step = [key for key, points in history.items() if sorted({point.step for point in points}) == whole]
    assert len(by_step) >= 20
    assert {"reward/mean", "sync/logprob_diff"} <= set(by_step)
    lines = {line["step"]: line["metrics"] for line in RunDirectory(finished.path).metrics.read() if line["phase"] == "grpo"}
    latest = {point.step: point.value for point in history["sync/seconds"]}  # a step that was done again has its value of last
    assert latest == {step: metrics["sync/seconds"] for step, metrics in lines.items()}
    assert {"config.yaml", "summary.json", "report.html"} <= {a.path for a in client.list_artifacts(found.info.run_id)}
    traces = client.search_traces(locations=[found.info.experiment_id], max_results=50)
    steps = [trace.info.tags.get("affectree.step") for trace in traces]  # the kill may leave a torn trace, without a tag
    traced = Counter(step for step in steps if step is not None)
    assert traced == {str(step): 4 for step in range(1, STEPS + 1)}
    assert {"reward", "root"} <= {a.name for a in traces[0].info.assessments}


def test_the_final_model_answers_a_clip_in_transformers(finished: Finished, faces: Path) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    from rollout.media.decoding import decode
    from rollout.media.medium import ClipSpec, Medium

    folder = finished.path / "model"
    model, processor = AutoModelForImageTextToText.from_pretrained(folder), AutoProcessor.from_pretrained(folder)
    clip = decode(Medium("video", str(next((faces / "videos").glob("*.mp4")))), ClipSpec())
    content = [{"type": "video"}, {"type": "text", "text": "What is the hair color of the person in the video?"}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True)
    metadata = {"fps": clip.fps, "total_num_frames": 4, "frames_indices": [0, 1, 2, 3]}
    inputs = processor(text=[text], videos=[clip.frames], video_metadata=[metadata], do_sample_frames=False, return_tensors="pt")
    out = model.generate(**inputs, max_new_tokens=4, do_sample=False)
    assert out.shape[1] > inputs["input_ids"].shape[1]


def test_the_final_model_answers_a_clip_in_vllm(finished: Finished, faces: Path) -> None:
    code = f"""
from pathlib import Path
from vllm import LLM, SamplingParams
from rollout.media.decoding import decode
from rollout.media.medium import ClipSpec, Medium
if __name__ == "__main__":
    clip = decode(Medium("video", str(next(Path({str(faces / "videos")!r}).glob("*.mp4")))), ClipSpec())
    llm = LLM({str(finished.path / "model")!r}, dtype="float32", max_model_len=512, enforce_eager=True)
    prompt = "<|im_start|>user\\n<|vision_start|><|video_pad|><|vision_end|>What is the hat?<|im_end|>\\n<|im_start|>assistant\\n"
    request = {{"prompt": prompt, "multi_modal_data": {{"video": [clip.frames]}}}}
    out = llm.generate(request, SamplingParams(max_tokens=4), use_tqdm=False)
    print("tokens:", len(out[0].outputs[0].token_ids))
"""
    script = finished.path / "ask.py"
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


def test_the_final_model_reasons_about_a_clip_stage_by_stage(finished: Finished, faces: Path) -> None:
    clip = next((faces / "videos").glob("*.mp4"))
    words = ("affectree", "reason", str(clip), "--model", str(finished.path), "--max-tokens", "24")
    asked = run(*words, "--width", "2", timeout=300)
    assert asked.returncode == 0, asked.stderr[-3000:]
    assert clip.name in asked.stdout
    assert "attributes" in asked.stdout
    assert asked.stdout.count("kept") >= 1
    refused = run(*words, "--scorer", "best", timeout=60)
    assert refused.returncode == 2
    assert "agreement, likelihood" in refused.stderr


def wait_for_step(runs: Path, step: int, driver: subprocess.Popen[bytes]) -> Path:
    """The run's directory, once metrics.jsonl holds this GRPO step."""
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        assert driver.poll() is None, "the run ended before it could be killed"
        for file in runs.glob("*/metrics.jsonl"):
            if any(r["phase"] == "grpo" and r["step"] >= step for r in RunDirectory(file.parent).metrics.read() if "step" in r):
                return file.parent
        time.sleep(0.2)
    raise TimeoutError(f"no step {step} within 300 s")
