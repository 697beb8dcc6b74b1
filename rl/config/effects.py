"""Settings of a command line that would change nothing, since another setting leaves them unused.

Whoever types one relies on it, so it is refused. In a file it may stand, until the other setting is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from rl.config.keys import Key
from rl.config.schema import Config


@dataclass(frozen=True)
class Unused:
    """Settings, and when they have no effect."""

    keys: tuple[str, ...]
    """Dotted keys, with `*` for whatever follows."""
    when: Callable[[Config], bool]
    """Whether they have no effect in a config."""
    why: str
    """What leaves them unused, in words."""


_UNUSED = (
    Unused(("model.tiny.*",), lambda c: c.model.init != "tiny", "with model.init=checkpoint"),
    Unused(
        ("data.directory",),
        lambda c: None not in (c.data.train, c.data.val, c.data.test),
        "beside data.train, data.val and data.test",
    ),
    Unused(
        tuple(f"data.{key}*" for key in ("directory", "train", "val", "test", "format", "columns", "media_root", "faces")),
        lambda c: bool(c.data.sets),
        "beside data.sets, each of which has its own",
    ),
    Unused(
        ("grpo.correction_low",),
        lambda c: c.grpo.correction in ("off", "truncate"),
        "without grpo.correction=mask_token or mask_sequence",
    ),
    Unused(("grpo.correction_high",), lambda c: c.grpo.correction == "off", "with grpo.correction=off"),
    Unused(("grpo.kl_estimator", "grpo.kl_in"), lambda c: c.grpo.kl == 0, "with grpo.kl=0"),
    Unused(("evaluation.val_rows*", "evaluation.keep_best"), lambda c: c.evaluation.every == 0, "with evaluation.every=0"),
    Unused(("checkpoints.tune_every",), lambda c: not c.curriculum.stages, "without a stage in curriculum.stages"),
    Unused(("batch.by",), lambda c: not c.curriculum.stages, "without a stage in curriculum.stages"),
    Unused(
        ("batch.clip_rows",),
        lambda c: c.batch.by == c.batch.prompts_by == "row",
        "with batch.by=row and batch.prompts_by=row",
    ),
    Unused(
        ("tracking.uri", "tracking.experiment", "tracking.traces"),
        lambda c: not c.tracking.mlflow,
        "with tracking.mlflow=false",
    ),
    Unused(
        ("cluster.object_store_gib",),
        lambda c: c.cluster.address not in (None, "local"),
        "with a cluster.address that is not the run's own",
    ),
    Unused(("rollout.cache_gib",), lambda c: c.rollout.gpus > 0, "with rollout.gpus, where rollout.gpu_memory counts"),
    Unused(("rollout.gpu_memory",), lambda c: c.rollout.gpus == 0, "without rollout.gpus, where rollout.cache_gib counts"),
)


def without_effect(config: Config, keys: Iterable[Key]) -> Iterator[str]:
    """A line for each setting that would change nothing.

    Args:
        config: the whole configuration.
        keys: what the command line sets.
    """
    for key in keys:
        dotted = ".".join(key)
        for one in _UNUSED:
            if any(fnmatchcase(dotted, pattern) for pattern in one.keys) and one.when(config):
                yield f"{dotted} (command line): has no effect {one.why}; leave it out"
        stage = config.curriculum.stages.get(key[2]) if key[:2] == ("curriculum", "stages") and len(key) > 3 else None
        if stage is not None and stage.steps == 0 and key[3] != "steps":
            yield f"{dotted} (command line): has no effect with {'.'.join(key[:3])}.steps=0; leave it out"
