"""A task with which lmms-eval asks the same rows: a YAML and a file of rows for each task, and the functions that they share.

`lmms-eval eval --include_path FOLDER --tasks affectree …`, with affectree installed beside lmms-eval: its functions measure.
Frames are chosen by lmms-eval's model, so that its figures are near to ours and not the same.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rl.evaluation.lmms_eval.logs import Logged
from rollout.samples import gold_sample

_FUNCTIONS = Path(__file__).with_name("task_functions.py")
_YAML = """\
task: {task}
tag: affectree
dataset_path: json
dataset_kwargs:
  data_files: {{test: {rows}}}
test_split: test
output_type: generate_until
doc_to_visual: !function utils.doc_to_visual
doc_to_text: !function utils.doc_to_text
doc_to_messages: !function utils.doc_to_messages
doc_to_target: target
process_results: !function utils.process_results
generation_kwargs:
  max_new_tokens: {longest}
  temperature: 0
  top_p: 1.0
  num_beams: 1
  do_sample: false
  until: []
metric_list:
{metrics}
cluster_key: clip
score_key: score
metadata:
  - version: 1.0
"""
_METRIC = "  - {{metric: {name}, aggregation: !function utils.mean_score, higher_is_better: true}}"


def task_files(logged: Sequence[Logged], longest: dict[str, int], folder: Path) -> dict[str, str]:
    """File name -> contents.

    Args:
        logged: all questions; those without a measure too.
        longest: task of rows -> tokens of an answer at most.
        folder: where the files will be, since lmms-eval looks for rows from the working directory.
    """
    by_task: dict[str, list[Logged]] = {}
    for one in logged:
        by_task.setdefault(one.task, []).append(one)
    files = {"utils.py": _FUNCTIONS.read_text(encoding="utf-8")}
    for task, of in sorted(by_task.items()):
        names = list(dict.fromkeys(name for one in of for name in one.score.scores)) or ["score"]
        metrics = "\n".join(_METRIC.format(name=name) for name in names if name not in ("best", "majority"))
        rows = folder.resolve() / f"{task}.jsonl"
        most = longest[of[0].score.task]
        files[f"{task}.yaml"] = _YAML.format(task=task, rows=json.dumps(str(rows)), longest=most, metrics=metrics)
        files[rows.name] = "".join(json.dumps(_document(one), ensure_ascii=False) + "\n" for one in of)
    return files


def _document(one: Logged) -> dict[str, Any]:
    """A row as lmms-eval's functions have it; what scorers see of it is text, so that all rows have the same columns."""
    row, gold = one.question.row, gold_sample(one.question.row)
    seen = {"task": gold.task, "prompt": gold.prompt, "answer": gold.answer, "answers": gold.answers, "options": gold.options}
    return {
        "question": row.question,
        "context": json.dumps([[turn.role, turn.text] for turn in row.context], ensure_ascii=False),
        "media": json.dumps([[medium.kind, medium.path] for medium in row.media], ensure_ascii=False),
        "target": row.answer or row.tree or "",
        "clip": one.score.clip,
        "gold": json.dumps(seen | {"tree": gold.tree, "covers": gold.covers}, ensure_ascii=False),
    }
