"""What a run has to do without that promises to be like others with its seed."""

from __future__ import annotations

from collections.abc import Iterator

from rewards.scorers.judge import HOSTED
from rl.config.captions import CAPTION_SCORERS
from rl.config.rule import Rule
from rl.config.schema import Config


def determinism_rules(config: Config) -> Iterator[Rule]:
    """Rules of `determinism`, kept or not."""
    if not config.determinism:
        return
    grpo, rollout = config.grpo, config.rollout
    moment = "must be 0 with determinism: which weights draw which token is a matter of the moment"
    yield Rule("grpo.staleness", grpo.staleness, grpo.staleness == 0, moment)
    waits = "must be wait with determinism: what a sync finds being drawn is a matter of the moment"
    yield Rule("rollout.in_flight", rollout.in_flight, rollout.in_flight == "wait", waits)
    alone = "must be null with determinism: a judge answers whatever scorers ask it at one moment together, in any order"
    yield Rule("rewards.judge.model", config.rewards.judge and config.rewards.judge.model, config.rewards.judge is None, alone)
    outside = "must not be set with determinism: what a server answers is not in the run's hands"
    for name, scorer in config.rewards.scorers.items():
        judge = scorer.parameters.get("judge") if (scorer.spec or name) in CAPTION_SCORERS else None
        hosted = judge in (None, HOSTED)  # the run's own has the rule above
        yield Rule(f"rewards.scorers.{name}.parameters.judge", judge, hosted, outside)
    reasoning = config.evaluation.reasoning
    if reasoning is not None:
        within = reasoning.scorer not in ("endpoint", "judge")
        choose = "must not ask a language model with determinism; agreement, likelihood and oracle do not"
        yield Rule("evaluation.reasoning.scorer", reasoning.scorer, within, choose)
