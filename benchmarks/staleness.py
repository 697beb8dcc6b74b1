"""Learning while generating: `python -m benchmarks.staleness [--model FOLDER] [--seeds 3]`

GRPO of the quickstart from one tuned model, synchronous and one step ahead: held-out accuracy, wall time, and the share of
time in which the engine had nothing to do. Takes about 2 minutes for each variant and seed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from actors.environment import hush
from benchmarks.common.tuned_runs import Curve, Variant, curves_by_variant, spread, tuned_model

AT_THE_END = "evaluation.every=20"
VARIANTS = (
    Variant("synchronous", (AT_THE_END,)),
    Variant("one_ahead", (AT_THE_END, "grpo.staleness=1", "grpo.correction=truncate")),
)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", type=Path, help="a tuned quickstart model; tuned now if not given")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--steps", type=int, default=20)
    chosen = arguments.parse_args()
    hush()
    with tempfile.TemporaryDirectory() as folder:
        model = chosen.model or tuned_model(Path(folder) / "tuned")
        found = curves_by_variant(model, Path(folder), [[one] for one in VARIANTS], chosen.steps, chosen.seeds)
    print(json.dumps({name: summary(of_seeds) for name, of_seeds in found.items()}))


def summary(found: list[Curve]) -> dict[str, object]:
    """Means over the seeds and their standard deviations."""
    return {
        "seeds": len(found),
        "root": spread([100 * curve.root[-1] for curve in found]),
        "leaf": spread([100 * curve.leaf[-1] for curve in found]),
        "seconds": spread([curve.seconds for curve in found]),
        "engine_idle_share": spread([curve.idle_share for curve in found]),
    }


if __name__ == "__main__":
    main()
