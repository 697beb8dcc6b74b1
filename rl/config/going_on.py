"""Whether a run may go on with other settings, and whether a new one may be forked from its checkpoint with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rl.config.changes import Change, changes
from rl.config.lengths import Done, begins_alike, stage_may_change, stage_over
from rl.config.resumption import Because, why_it_may, why_not
from rl.config.schema import Config

BOUND = (
    Because(("model.init", "model.tiny.*"), "the checkpoint is of this model"),
    Because(("model.lora*",), "the checkpoint has adapters of this shape and scale, or none"),
    Because(("model.dtype",), "the optimizer's state is of this precision"),
    Because(("model.freeze",), "the optimizer has state for the weights that were trained"),
    Because(("learner.zero_stage", "learner.offload"), "DeepSpeed has laid out the checkpoint's shards for it"),
    Because(
        ("learner.ranks",), "the optimizer's state is in one shard for each rank", lambda config: config.learner.zero_stage > 0
    ),
)
"""What a checkpoint cannot be loaded into, and why. The way of adapters to the engines (model.lora.sync) is free."""
OF_THE_MODEL = (Because(("model.init", "model.tiny.*"), "the tuned model is of this model"),)
"""What the tuned model cannot be loaded into: it has weights alone, so that anything else may change."""


def not_on_resume(old: Config, new: Config, done: Done, moved: Callable[[Change], bool]) -> Iterator[tuple[Change, str]]:
    """Each setting that may not be another when a run goes on, and why.

    Args:
        old: the configuration so far.
        new: as it would be.
        done: what has been done.
        moved: whether a change names the same text of a function at another place.
    """
    for change in changes(old, new):
        if change.key == "curriculum.stages":
            may = begins_alike(old, new, done)
        else:
            may = stage_may_change(change.key, done) or why_it_may(change.key, old) is not None or moved(change)
        if not may:
            over = "tuning is over" if done.tuned else "the stage has begun"
            yield change, over if change.key.startswith("curriculum.") else why_not(change.key, old)


def not_in_fork(old: Config, new: Config, done: Done, whole: bool) -> Iterator[tuple[Change, str]]:
    """Each setting with which a fork cannot go on from a checkpoint, and why.

    Args:
        old: the parent's configuration.
        new: the fork's.
        done: what has been done at the checkpoint.
        whole: whether the learner's state is loaded, with that of the optimizer; else the weights of the tuned model alone.
    """
    for change in changes(old, new):
        bound = next((one for one in (BOUND if whole else OF_THE_MODEL) if one.holds(change.key, old)), None)
        if bound is not None and change.key != "model.lora.sync":
            yield change, bound.why
        elif stage_over(change.key, done) or (change.key == "curriculum.stages" and not begins_alike(old, new, done)):
            yield change, "this tuning is over at the checkpoint, so that it would change nothing; fork an earlier one"
