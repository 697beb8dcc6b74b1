"""Which tasks are answered by captions: those that a config pays by a scorer of captions."""

from __future__ import annotations

from rewards.scorers.judge import HOSTED
from rl.config.schema import Config, ScorerConfig, scorer_entries

CAPTION_SCORERS = ("caption", "caption_tree")
"""Shipped scorers of captions, which take a judge as their parameter `judge`."""


def caption_scorer(config: Config, task: str) -> str | None:
    """The scorer that judges what is written for a task as a caption; None for rationales, and where answers are compared."""
    entries = [] if task == "rationale" else scorer_entries(config)
    return next((e.scorer.name for e in entries if e.scorer.target in CAPTION_SCORERS and e.applies_to(task)), None)


def asks_hosted(scorer: ScorerConfig) -> bool:
    """Whether a scorer asks the judge that the run hosts, as far as its parameters tell."""
    return scorer.parameters.get("judge") == HOSTED
