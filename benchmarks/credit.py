"""What crediting parts of the tree apart teaches: `python -m benchmarks.credit [--model FOLDER] [--seeds 3]`

GRPO of the quickstart from one tuned model with each kind of credit, and with a reward for nothing but the answer; every
variant has the same prompts, steps and samples for a seed, except those that sample groups as trees: they have twice the
prompts, which is about as many drawn tokens. Counted are steps and drawn tokens until the greedy val split reaches a root
accuracy while its leaves are as good as before, and what stands at the end. Takes about 3 minutes for each variant and seed,
and as much again for the tuned model if none is given.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from itertools import groupby
from pathlib import Path

from actors.environment import hush
from benchmarks.common.tuned_runs import Curve, Variant, curves_by_variant, spread, tuned_model

TREES = ("rollout.branching=[2, 2, 2]", "grpo.prompts=24")
# level and node credit push the root's tokens 7 / 2 times as hard against the KL penalty (docs/learner.md)
LESS_KL = f"grpo.kl={0.05 * 2 / 7}"
VARIANTS = (
    Variant("sequence", ("grpo.credit=sequence",)),
    Variant("level", ("grpo.credit=level",)),
    Variant("node", ("grpo.credit=node",)),
    Variant("branch", ("grpo.credit=branch", *TREES)),
    Variant("level_on_trees", ("grpo.credit=level", *TREES)),
    Variant("sequence_less_kl", ("grpo.credit=sequence", LESS_KL)),
    Variant("answer_only", ("grpo.credit=sequence", "rewards.mix=configs/rewards/answer.yaml")),
)
APART = ("sequence_less_kl", "answer_only")
"""Variants that need actors of their own."""
TARGET = 0.9
"""Root accuracy to reach."""
LEAF_SLACK = 0.002
"""How much lower leaf F1 may be: 2 of the val split's 1,024 leaves."""


def reached(curve: Curve) -> int | None:
    """The first place in a curve with the target root accuracy and leaves no worse than at its start; None if there is none."""
    lowest = curve.leaf[0] - LEAF_SLACK
    good = (place for place, root in enumerate(curve.root) if root >= TARGET and curve.leaf[place] >= lowest)
    return next(good, None)


def summary(found: list[Curve]) -> dict[str, object]:
    """Means over the seeds and their standard deviations; steps and tokens are of the seeds that reached the target."""
    there = [(curve, place) for curve in found if (place := reached(curve)) is not None]
    return {
        "seeds": len(found),
        "reached": len(there),
        "steps": spread([curve.steps[place] for curve, place in there]),
        "thousand_tokens": spread([curve.tokens[place] / 1000 for curve, place in there]),
        "root": spread([100 * curve.root[-1] for curve in found]),
        "leaf": spread([100 * curve.leaf[-1] for curve in found]),
        "leaf_lowest": spread([100 * min(curve.leaf) for curve in found]),
        "thousand_tokens_in_all": spread([curve.tokens[-1] / 1000 for curve in found]),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", type=Path, help="a tuned quickstart model; tuned now if not given")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--steps", type=int, default=24)
    arguments.add_argument("--variants", nargs="+", choices=[v.name for v in VARIANTS], default=[v.name for v in VARIANTS])
    chosen = arguments.parse_args()
    hush()
    variants = [variant for variant in VARIANTS if variant.name in chosen.variants]
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder)
        model = chosen.model or tuned_model(runs / "tuned")
        together = groupby(variants, key=lambda variant: variant.name if variant.name in APART else "")
        found = curves_by_variant(model, runs, [list(group) for _, group in together], chosen.steps, chosen.seeds)
    by_name = {name: summary(of_seeds) for name, of_seeds in found.items()}
    print(json.dumps({"target_root": 100 * TARGET, "steps": chosen.steps, **by_name}))


if __name__ == "__main__":
    main()
