"""What stops a run or is said of it when a step looks wrong."""

from __future__ import annotations

from rewards.errors import UserError
from rl.config.schema import Config
from rl.record.console import warn
from rl.record.metrics import ScoredStep


class TooManyScorerErrors(UserError):
    """More samples of a step could not be scored than the config allows."""


def check_errors(step: ScoredStep, most: float) -> None:
    """Stop a run whose scorers fail too often. Raises `TooManyScorerErrors`."""
    samples = step.samples()
    if step.failed() > most * samples:
        name, count = step.errors().most_common(1)[0]
        example = next(r.errors[name] for group in step.rewards for r in group if name in r.errors)
        raise TooManyScorerErrors(
            f"scorer {name!r} failed on {count} of {samples} samples of this step (rewards.max_error_share = {most}); "
            f"the first failure: {example}"
        )


def alarm(config: Config, difference: float) -> None:
    """Say if engine and learner gave a sampled token different log-probs, where they should be the same."""
    grpo, rollout = config.grpo, config.rollout
    truncated = grpo.structured or grpo.top_p < 1 or grpo.top_k > 0
    if rollout.max_logprob_diff is None or truncated or grpo.staleness or rollout.in_flight == "keep":
        return
    if difference > rollout.max_logprob_diff:
        warn(
            f"engine and learner differ by {difference:.2e} in the log-prob of a sampled token (rollout.max_logprob_diff = "
            f"{rollout.max_logprob_diff:g}); see learner/logprob_diff_over and docs/troubleshooting.md"
        )
