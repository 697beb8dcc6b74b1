"""An evaluation as lmms-eval logs one: `DATE_results.json`, and `DATE_samples_TASK.jsonl` for each task."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from rl.evaluation.answers import Answer
from rl.evaluation.bootstrap import Values, bootstrap
from rl.evaluation.questions import EvalQuestion
from rl.evaluation.scoring import RowScore

PREFIX = "affectree_"


@dataclass(frozen=True)
class Logged:
    """A question with its answers and what was measured of them."""

    question: EvalQuestion
    answers: Sequence[Answer]
    score: RowScore

    @property
    def task(self) -> str:
        """The task's name in lmms-eval."""
        return task_name(self.score.task, self.score.arm)


def task_name(task: str, arm: str) -> str:
    """A task's name in lmms-eval."""
    return PREFIX + task + ("" if arm == "asked" else f"_{arm}")


def log_files(model: str, logged: Sequence[Logged], when: datetime) -> dict[str, str]:
    """File name -> contents. Questions without a measure are left out, as lmms-eval knows no such thing.

    Args:
        model: the model's name.
        logged: all questions.
        when: names the files.
    """
    date = when.strftime("%Y%m%d_%H%M%S")
    by_task: dict[str, list[Logged]] = {}
    for one in logged:
        if one.score.problem is None and one.score.scores:
            by_task.setdefault(one.task, []).append(one)
    samples = {task: [_sample(number, one) for number, one in enumerate(of)] for task, of in sorted(by_task.items())}
    results = {
        "results": {task: _result(task, of) for task, of in sorted(by_task.items())},
        "group_subtasks": {task: [] for task in samples},
        "configs": {task: _config(task, by_task[task]) for task in samples},
        "versions": dict.fromkeys(samples, 1.0),
        "n-shot": dict.fromkeys(samples, 0),
        "higher_is_better": {task: dict.fromkeys(_names(of), True) for task, of in sorted(by_task.items())},
        "n-samples": {task: {"original": len(of), "effective": len(of)} for task, of in samples.items()},
        "config": {"model": "affectree", "model_args": f"model={model}", "limit": None, "bootstrap_iters": 0},
        "date": date,
        "task_hashes": {
            task: _hash("".join(f"sample_{n}{s['doc_hash']}" for n, s in enumerate(of))) for task, of in samples.items()
        },
        "model_source": "affectree",
        "model_name": model,
        "model_name_sanitized": sanitised(model),
        "system_instruction": None,
        "chat_template": None,
    }
    files = {f"{date}_results.json": json.dumps(results, indent=2, ensure_ascii=False)}
    for task, of in samples.items():
        files[f"{date}_samples_{task}.jsonl"] = "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in of)
    return files


def sanitised(model: str) -> str:
    """A model's name as lmms-eval calls its folder."""
    return re.sub(r"[\"<>:/|\\?*\[\]]+", "__", model)


def _result(task: str, of: Sequence[Logged]) -> dict[str, Any]:
    found: dict[str, Any] = {"alias": task}
    for name in _names(of):
        rows = [one.score for one in of if name in one.score.scores]
        values = Values([row.scores[name] for row in rows], [row.clip for row in rows])
        found[f"{name},none"] = values.mean()
        found[f"{name}_stderr,none"] = float(np.nanstd(bootstrap([values])[:, 0]))
    return found


def _names(of: Sequence[Logged]) -> list[str]:
    return list(dict.fromkeys(name for one in of for name in one.score.scores))


def _config(task: str, of: Sequence[Logged]) -> dict[str, Any]:
    metrics = [{"metric": name, "aggregation": "mean", "higher_is_better": True} for name in _names(of)]
    return {
        "task": task,
        "output_type": "generate_until",
        "num_fewshot": 0,
        "metric_list": metrics,
        "repeats": len(of[0].answers),
    }


def _sample(number: int, one: Logged) -> dict[str, Any]:
    """A line of a samples file. Fields are those of lmms-eval's, in its order; the measures stand beside them."""
    row, texts = one.question.row, [answer.text for answer in one.answers]
    target = row.answer or row.tree or ""
    return {
        "doc_id": number,
        "target": target,
        "resps": [texts],
        "filtered_resps": [texts[0]],
        "doc_hash": one.question.digest,
        "prompt_hash": _hash(row.question),
        "target_hash": _hash(target),
        **one.score.scores,
        "clip": one.score.clip,
        "source": row.source,
        "input": row.question,
    }


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
