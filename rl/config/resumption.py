"""What may be another when a run goes on: settings that change neither what is learned nor what is measured, and lengths.

All other changes would make two runs of one, so that nobody could say afterwards of which settings its figures are. They begin a
run of their own from a checkpoint: `affectree train --fork RUN key=value …`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rl.config.schema import Config


@dataclass(frozen=True)
class Because:
    """Settings that are alike, and why they may change, or why not."""

    keys: tuple[str, ...]
    """Patterns of dotted keys."""
    why: str
    when: Callable[[Config], bool] = lambda config: True
    """For which configurations it holds; all, unless said."""

    def holds(self, key: str, config: Config) -> bool:
        """Whether it is said of this setting."""
        return any(fnmatchcase(key, pattern) for pattern in self.keys) and self.when(config)


def _of(section: str, *names: str) -> tuple[str, ...]:
    return tuple(f"{section}.{name}" for name in names)


_ENGINES = ("engines", "tensor_parallel", "gpus", "cpus", "threads", "max_sequences", "cache_gib", "gpu_memory")
_ROWS = ("directory", "train", "val", "test", "media_root")

MAY_CHANGE = (
    Because(("cluster.*",), "where the run is done, not what"),
    Because(
        _of("learner", "gpus", "cpus", "threads", "token_budget", "share_prefixes", "gradient_checkpointing"),
        "losses are divided by the totals of a step, however it is computed",
    ),
    Because(
        ("learner.ranks",),
        "without ZeRO every rank loads the whole checkpoint, and learns the same",
        lambda config: config.learner.zero_stage == 0,
    ),
    Because(_of("rollout", *_ENGINES, "enforce_eager"), "how fast samples are drawn, not from what"),
    Because(_of("rewards.judge", *_ENGINES), "how fast the judge answers, not what"),
    Because(
        ("rollout.transfer", "rollout.transfer_parameters", "rollout.checksum", "model.lora.sync"),
        "how weights reach the engines; log-probs are compared after each sync",
    ),
    Because(("rollout.timeout", "rollout.sync_timeout", "rewards.judge.timeout"), "how long to wait for what hangs"),
    Because(("rollout.max_logprob_diff", "rewards.max_error_share"), "limits at which the run stops"),
    Because(
        ("rewards.workers", *_of("rewards.scorers.*", "timeout", "retries", "isolation", "memory_gib", "env")),
        "how scorers are run, not what they say",
    ),
    Because((*_of("data", *_ROWS), *_of("data.sets.*", *_ROWS)), "places: the rows are compared with those of before"),
    Because(
        ("model.path", "rewards.judge.model", "evaluation.reasoning.endpoint"), "places: the same model may be elsewhere by now"
    ),
    Because(("model.trust_remote_code",), "a permission"),
    Because(("data.clip_cache_gib",), "memory for clips"),
    Because(("data.bad_rows",), "a file that is lost must not end a run for good; rows that are left out are told"),
    Because(("checkpoints.*", "tracking.*", "evaluation.examples"), "what is kept and shown"),
    Because(("grpo.steps", "grpo.prolong", "evaluation.every"), "lengths"),
)
"""Settings that may change, by why they may. So may stages that have not begun, and the length of the one that is under way
(`lengths.py`)."""

WHY_NOT = (
    Because(("name", "runs"), "the run has its folder already, which may be renamed and moved"),
    Because(
        ("learner.ranks", "learner.zero_stage", "learner.offload", "model.dtype", "model.freeze"),
        "the checkpoints were written for it",
    ),
    Because(("model.init", "model.tiny.*", "model.lora*"), "the checkpoints are of this model"),
    Because(("batch.*",), "rows would be drawn in another order, some of them again and others not at all"),
    Because(("evaluation.*",), "figures of before and after could not be compared"),
    Because(("*",), "it changes what is learned"),
)
"""Why others may not; the first that holds of a setting counts."""


def why_it_may(key: str, config: Config) -> str | None:
    """Why a setting may change when the run goes on; None for one that may not."""
    return next((one.why for one in MAY_CHANGE if one.holds(key, config)), None)


def why_not(key: str, config: Config) -> str:
    """Why a setting may not change when the run goes on."""
    return next(one.why for one in WHY_NOT if one.holds(key, config))
