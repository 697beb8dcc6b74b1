"""`affectree eval` on a run and on its model behind vLLM's server: the same answers, and so the same figures."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mlflow import MlflowClient

from tests.integration.ray_head import BIN

pytestmark = pytest.mark.timeout(900)
QUICKSTART = Path(__file__).parents[2] / "configs" / "quickstart.yaml"
SETTINGS = (
    "data.faces.clips=48",
    "curriculum.stages.attribute.steps=60",
    "curriculum.stages.attribute.mix={attribute_open: 1, attribute_closed: 1, emotion_single: 1}",
    "curriculum.stages.expression.steps=0",
    "curriculum.stages.emotion.steps=0",
    "grpo.steps=0",
    "evaluation.every=0",
    "evaluation.rows={rationale: 12, attribute_open: 60, attribute_closed: 60, emotion_single: 12, action_units: 12}",
    'evaluation.max_tokens={rationale: 160, "*": 24}',
)
START_SECONDS = 240


def affectree(place: Path, *words: str) -> str:
    done = subprocess.run(
        [str(BIN / "affectree"), *words],
        cwd=place,
        env={**os.environ, "RAY_ADDRESS": "local"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout


@contextmanager
def served(model: Path, log: Path) -> Iterator[str]:
    """The address of vLLM's server for a model: what `vllm serve` starts, also where vLLM's build for CPUs is installed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": "2",
        "VLLM_NO_USAGE_STATS": "1",
    }
    words = ["--model", str(model), "--served-model-name", "policy", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--dtype", "float32", "--max-model-len", "512", "--enforce-eager", "--block-size", "32"]
    command = [sys.executable, "-m", "vllm.entrypoints.openai.api_server", *words]
    with log.open("w") as output:
        server = subprocess.Popen(command, env={**os.environ, **variables}, stdout=output, stderr=output)
        try:
            wait_for(f"http://127.0.0.1:{port}/health", server, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            server.terminate()
            server.wait(60)


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    with httpx.Client(trust_env=False) as client:
        while time.monotonic() < deadline:
            assert server.poll() is None, log.read_text()[-4000:]
            try:
                if client.get(address).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.5)
    raise AssertionError(f"no answer within {START_SECONDS} s: {log.read_text()[-4000:]}")


def results(folder: Path) -> dict[str, float]:
    found = json.loads((folder / "results.json").read_text())["evaluations"]
    return {
        f"{number} {table['name']}: {name}": figure["value"]
        for number, evaluation in enumerate(found)
        for table in evaluation["tables"]
        for name, figure in table["figures"].items()
    }


def rows(folder: Path) -> dict[tuple[str, str], dict[str, Any]]:
    lines = map(json.loads, (folder / "rows.jsonl").read_text().splitlines())
    return {(line["question"], line["arm"]): line for line in lines}


def texts(folder: Path) -> list[str]:
    return sorted(json.loads(line)["text"] for line in (folder / "answers.jsonl").read_text().splitlines())


def test_a_run_and_its_served_model_have_the_same_figures(tmp_path: Path) -> None:
    affectree(tmp_path, "train", str(QUICKSTART), *SETTINGS)
    (run,) = (tmp_path / "runs").glob("quickstart-*")
    said = affectree(tmp_path, "eval", str(run), "--direct")
    assert "Affective trees" in said and "(direct)" in said
    ours = run / "evaluation"

    final = json.loads((run / "summary.json").read_text())
    stage = final["stages"]["tuned"]
    assert results(ours)["0 Other tasks: attribute_closed"] == pytest.approx(stage["qa/attribute_closed"])  # the run's own table
    assert results(ours)["0 Expressions: ER single"] == pytest.approx(stage["qa/emotion_single"])
    assert set(final["intervals"]["tuned"]) == set(stage)

    with served(run / "model", tmp_path / "server.log") as address:
        words = ("--data", str(run / "config.yaml"), "--out", "served", "--direct", "--against", str(ours), "--lmms-eval")
        said = affectree(tmp_path, "eval", address, *words, "tracking.mlflow=false")
    theirs = tmp_path / "served"
    assert "policy against" in said
    assert len(texts(ours)) == len(texts(theirs)) == 12 * 2 + 60 * 2 + 12 * 2
    differ = sum(one["scores"] != rows(theirs)[key]["scores"] for key, one in rows(ours).items())
    assert differ <= len(texts(ours)) // 100  # two logits that are equal in float32 may fall either way
    assert results(theirs) == pytest.approx(results(ours), abs=differ / 12 + 1e-9)
    assert max(value for name, value in results(ours).items() if "attribute" in name) > 0.2
    assert all(one["problem"] is None for one in rows(theirs).values())
    assert any((theirs / "lmms_eval" / "logs" / "policy").glob("*_results.json"))

    state = json.loads((run / "run.json").read_text())
    tracked = MlflowClient(tracking_uri=state["mlflow_uri"]).get_run(state["mlflow_run_id"]).data.metrics
    assert tracked["eval/Expressions/ER single"] == pytest.approx(stage["qa/emotion_single"])
