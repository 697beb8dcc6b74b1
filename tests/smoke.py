"""The main job in small, as a stranger would run it: `make smoke`.

It is begun from a folder elsewhere whose name has blanks and letters beyond ASCII, behind a proxy that is not there;
interrupted as by Ctrl-C; gone on with by the command that it names; and everything that a run leaves behind is looked at.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from actors.environment import prepare_process

HOME = Path(__file__).resolve().parent.parent
AFFECTREE = Path(sys.executable).parent / "affectree"
STEPS = 3
SETTINGS = (
    "data.faces.clips=24",
    "curriculum.stages.attribute.steps=2",
    "curriculum.stages.expression.steps=1",
    "curriculum.stages.emotion.steps=1",
    f"grpo.steps={STEPS}",
    "grpo.prompts=4",
    "grpo.group=4",
    "grpo.max_tokens=24",
    "evaluation.every=2",
    "evaluation.rows={rationale: 4, attribute_open: 4, attribute_closed: 4, expression_open: 4, emotion_single: 4,"
    " emotion_fine: 4, action_units: 4}",
    "evaluation.val_rows={rationale: 4}",
    'evaluation.max_tokens={rationale: 160, "*": 24}',
    "checkpoints.every=1",
)
NOWHERE = "http://127.0.0.1:9"
START_SECONDS, STOP_SECONDS, RUN_SECONDS = 400, 60, 400


def main() -> None:
    prepare_process()
    with tempfile.TemporaryDirectory(prefix="a stranger’s première ") as folder:
        place = Path(folder)
        before = set(psutil.pids())
        directory, command = interrupted(place)
        step("interrupted; nothing may be left running")
        assert not left_running(before), left_running(before)
        step(f"going on with: {command}")
        log = finished(place, command)
        assert f"step {STEPS}/{STEPS} | reward" in log, log
        look_at(directory)
        assert not left_running(before), left_running(before)
    step("the main job starts, stops, goes on and leaves everything behind that it should")


def interrupted(place: Path) -> tuple[Path, str]:
    """Begin the run and stop it after its first GRPO step. Returns its directory, and the command that goes on with it."""
    words = [str(AFFECTREE), "train", str(HOME / "configs" / "quickstart.yaml"), *SETTINGS]
    output = place / "output.txt"
    with output.open("w") as log:
        process = subprocess.Popen(words, cwd=place, env=environment(), stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(output, f"step 1/{STEPS} | reward", process)
        os.killpg(process.pid, signal.SIGINT)  # the whole group, as a terminal does
        code = process.wait(STOP_SECONDS)
    finally:
        process.kill()
    said = output.read_text()
    print(said, flush=True)
    assert code == 130, f"exit status {code} after Ctrl-C"
    assert "Traceback" not in said
    (last,) = [line for line in said.splitlines() if line.startswith("interrupted")]
    found = re.fullmatch(r"interrupted \(go on with: (affectree train --resume .*)\)", last)
    assert found, last
    (directory,) = (place / "runs").glob("quickstart-*")
    return directory, found[1]


def finished(place: Path, command: str) -> str:
    """Do what the interrupted run said; returns what that printed."""
    words = [str(AFFECTREE), *shlex.split(command)[1:]]
    done = subprocess.run(words, cwd=place, env=environment(), capture_output=True, text=True, timeout=RUN_SECONDS, check=False)
    print(done.stdout + done.stderr, flush=True)
    assert done.returncode == 0, f"exit status {done.returncode}"
    assert done.stderr == ""
    assert "Traceback" not in done.stdout
    return done.stdout


def look_at(run: Path) -> None:
    """Everything that a run leaves behind."""
    import pyarrow.parquet as pq
    from mlflow import MlflowClient
    from transformers import AutoModelForImageTextToText, AutoProcessor

    summary = json.loads((run / "summary.json").read_text())
    assert set(summary["stages"]) == {"init", "tuned", "grpo"}
    assert "</html>" in (run / "report.html").read_text()
    assert {"driver.log", "engine_0.log", "learner_0.log", "reward_worker_0.log"} <= {f.name for f in (run / "logs").iterdir()}
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [r["step"] for r in records if r["phase"] == "grpo"] == list(range(1, STEPS + 1))
    rows = pq.read_table(run / "rollouts" / f"step_{STEPS}.parquet")
    assert len(rows) == 4 * 4
    assert AutoModelForImageTextToText.from_pretrained(run / "model").num_parameters() > 1e6
    assert AutoProcessor.from_pretrained(run / "model").tokenizer("happy").input_ids
    step("model, rollouts, metrics, report and logs are there")

    state = json.loads((run / "run.json").read_text())
    client = MlflowClient(tracking_uri=state["mlflow_uri"])
    found = client.get_run(state["mlflow_run_id"])
    assert found.info.status == "FINISHED"
    assert found.data.params["grpo.group"] == "4"
    history = client.get_metric_history(found.info.run_id, "reward/mean")
    assert sorted({point.step for point in history}) == list(range(1, STEPS + 1))
    assert {"config.yaml", "summary.json", "report.html"} <= {a.path for a in client.list_artifacts(found.info.run_id)}
    traces = client.search_traces(locations=[found.info.experiment_id], max_results=100)
    assert {trace.info.tags.get("affectree.step") for trace in traces} >= {str(n) for n in range(1, STEPS + 1)}
    step("the MLflow run has parameters, metrics, artifacts and traces")


def environment() -> dict[str, str]:
    """The environment of a user behind a proxy."""
    return {**os.environ, "HTTP_PROXY": NOWHERE, "http_proxy": NOWHERE, "HTTPS_PROXY": NOWHERE, "https_proxy": NOWHERE}


def left_running(before: set[int]) -> list[str]:
    """Processes that were not there before, once they have had a moment to end."""
    deadline = time.monotonic() + STOP_SECONDS
    while (found := _new(before)) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def _new(before: set[int]) -> list[str]:
    found = []
    for process in psutil.process_iter(["name", "cmdline", "status"]):
        if process.pid not in before and process.info["status"] != psutil.STATUS_ZOMBIE:
            words = " ".join(process.info["cmdline"] or [process.info["name"]])
            if "ray" in words or "affectree" in words or "rewards." in words:
                found.append(words[:200])
    return found


def wait_for(output: Path, text: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while text not in output.read_text():
        assert process.poll() is None, f"the run ended with exit status {process.returncode}:\n{output.read_text()}"
        assert time.monotonic() < deadline, f"{text!r} was not printed within {START_SECONDS} s:\n{output.read_text()}"
        time.sleep(0.2)


def step(text: str) -> None:
    print(f"smoke: {text}", flush=True)


if __name__ == "__main__":
    main()
