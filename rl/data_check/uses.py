"""What a run does with which rows: tunes on them, draws them for GRPO, or measures on them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from rl.config.schema import Config
from rollout.rows.data import Stratum
from rollout.rows.mixing import fits

Use = Literal["tune", "reward", "measure"]
"""`tune`: a stage of the curriculum imitates its assistant turn. `reward`: what is written for it is rewarded, in GRPO or on val
rows. `measure`: it is a test row that is evaluated."""


@dataclass(frozen=True)
class Uses:
    """Which rows a run uses for what."""

    tuned: tuple[str, ...] = ()
    """Patterns of the stages' mixes."""
    rewarded: tuple[str, ...] = ()
    """Patterns of GRPO's mix."""
    validated: tuple[str, ...] = ()
    """Tasks of val rows that are measured."""
    measured: tuple[str, ...] = ()
    """Tasks of test rows that are measured."""

    @classmethod
    def of(cls, config: Config) -> Uses:
        """What a run with this configuration does."""
        stages = [stage.mix for stage in config.curriculum.stages.values() if stage.steps != 0]
        evaluation, trained = config.evaluation, config.grpo.steps > 0
        return cls(
            tuned=_patterns(*stages),
            rewarded=_patterns(config.grpo.mix) if trained else (),
            validated=tuple(evaluation.val_rows) if trained and evaluation.every else (),
            measured=tuple(evaluation.rows),
        )

    def uses(self, split: str, stratum: Stratum) -> frozenset[Use]:
        """What rows of a stratum are used for.

        Args:
            split: `train`, `val` or `test`.
            stratum: their task, source and data set.
        """
        return _uses(self, split, stratum)


@cache
def _uses(uses: Uses, split: str, stratum: Stratum) -> frozenset[Use]:
    found: set[Use] = set()
    if split == "train":
        found |= {"tune"} if any(fits(pattern, stratum) for pattern in uses.tuned) else set()
        found |= {"reward"} if any(fits(pattern, stratum) for pattern in uses.rewarded) else set()
    if split == "val" and stratum.task in uses.validated:
        found.add("reward")
    if split == "test" and stratum.task in uses.measured:
        found.add("measure")
    return frozenset(found)


def _patterns(*mixes: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(pattern for mix in mixes for pattern, weight in mix.items() if weight > 0))
