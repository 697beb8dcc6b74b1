"""Reasoning by stages at several widths: `python -m benchmarks.reasoning [--model FOLDER] [--rows 128] [--seeds 3]`

The counterpart of VidEmo's table 10: rationales of the drawn test split, reasoned with 1, 2, 4 and 8 candidates at each stage,
by each judge; leaf F1, expression F1, root accuracy and their mean, in percent with their spread over the seeds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

from actors.environment import hush
from benchmarks.common.tuned_runs import spread, tuned_model
from rl.config.load import load_config
from rl.record.measures import evaluate_groups
from rl.run.preparation import prepare_data
from rl.run.serving import serving
from rollout.judges import judge_of
from rollout.rows.mixing import evaluated_rows
from rollout.samples import Prompt, SamplingSpec

WIDTHS = (1, 2, 4, 8)
SCORERS = ("agreement", "likelihood", "oracle")
MEASURES = ("leaf_f1", "expression_f1", "root_accuracy")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", type=Path, help="a quickstart model; tuned now if not given")
    arguments.add_argument("--rows", type=int, default=128)
    arguments.add_argument("--seeds", type=int, default=3)
    chosen = arguments.parse_args()
    hush()
    config = load_config(Path("configs/quickstart.yaml"), ["cluster.address=local"])
    test = prepare_data(config).test
    rows = [test[index] for index in evaluated_rows({"rationale": chosen.rows}, test)]
    longest = config.evaluation.max_tokens["rationale"]
    cells: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as folder, serving(config, chosen.model or tuned_model(Path(folder))) as engines:
        prompts = [Prompt(f"row{row.index}", row, encoded) for row, encoded in zip(rows, engines.encode(rows), strict=True)]
        for width in WIDTHS:
            for scorer in SCORERS if width > 1 else SCORERS[:1]:
                found, began = [], time.perf_counter()
                for seed in range(chosen.seeds):
                    judges = [judge_of(scorer)(row) for row in rows]
                    answers = engines.reason(prompts, SamplingSpec(width, longest, seed=seed), judges)
                    measures = evaluate_groups([one.group(prompt) for one, prompt in zip(answers, prompts, strict=True)]).measures
                    found.append([100 * measures[name] for name in MEASURES])
                columns = zip(*found, strict=True)
                cells[f"{width} {scorer}" if width > 1 else "1"] = {
                    **{name: spread(column) for name, column in zip(MEASURES, columns, strict=True)},
                    "mean": spread([sum(three) / 3 for three in found]),
                    "seconds": round((time.perf_counter() - began) / chosen.seeds, 1),
                }
                print(width, scorer, json.dumps(list(cells.values())[-1]), flush=True)
    print(json.dumps({"rows": len(rows), "seeds": chosen.seeds, **cells}))


if __name__ == "__main__":
    main()
