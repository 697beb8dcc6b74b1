"""What stops a run or is said of it when a step looks wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from rewards.errors import UserError
from rl.config.schema import Config
from rl.record.console import warn
from rl.record.metrics import failed_samples, scorer_errors
from rollout.samples import ScoredGroup


class TooManyScorerErrors(UserError):
    """More samples of a step could not be scored than the config allows."""


class NotFinite(UserError):
    """An update that has left no weights to go on with."""


def check_errors(groups: Sequence[ScoredGroup], most: float) -> None:
    """Stop a run whose scorers fail too often. Scorers of weight 0 stop nothing, nor do samples of which all abstain.

    Raises:
        TooManyScorerErrors: if more than the share `most` of the samples failed.
    """
    samples = sum(len(group.samples) for group in groups)
    if failed_samples(groups) > most * samples:
        name, count = scorer_errors(groups).most_common(1)[0]
        example = next(r.errors[name] for group in groups for r in group.rewards if name in r.errors)
        raise TooManyScorerErrors(
            f"scorer {name!r} failed on {count} of {samples} samples of this step (rewards.max_error_share = {most}); "
            f"the first failure: {example}"
        )


def check_finite(updated: Mapping[str, float], step: str) -> None:
    """Stop a run whose weights are lost, before engines, checkpoints and figures have anything of it.

    Args:
        updated: the update's metrics; empty for a step of which nothing could be learned.
        step: which one it is, such as `GRPO step 3`.

    Raises:
        NotFinite: if the loss or the norm of the gradient is no number.
    """
    if lost := {name: updated[name] for name in ("loss", "gradient_norm") if not math.isfinite(updated.get(name, 0.0))}:
        found = " and ".join(f"{name} {value}" for name, value in lost.items())
        raise NotFinite(
            f"{step}: the update gave {found}, and the weights are lost; what was written before it stands. Look for it with "
            "`affectree replay`, lower the learning rate, or mend the loss, and go on from the last checkpoint"
        )


def alarm(config: Config, updated: Mapping[str, float]) -> None:
    """Say if engine and learner gave a sampled token different log-probs, where they should be the same.

    Args:
        config: of the run.
        updated: the update's metrics; empty for a step of which nothing could be learned.
    """
    grpo, rollout = config.grpo, config.rollout
    truncated = grpo.structured or grpo.top_p < 1 or grpo.top_k > 0
    if rollout.max_logprob_diff is None or truncated or grpo.staleness or rollout.in_flight == "keep":
        return
    difference = updated.get("logprob_diff_max", 0.0)
    if difference > rollout.max_logprob_diff:
        warn(
            f"engine and learner differ by {difference:.2e} in the log-prob of a sampled token (rollout.max_logprob_diff = "
            f"{rollout.max_logprob_diff:g}); see learner/logprob_diff_over and docs/troubleshooting.md"
        )
