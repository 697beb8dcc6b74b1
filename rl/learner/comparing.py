"""Weights compared with those of a checkpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rl.learner.learner import Learner


def difference_from(learner: Learner, folder: str) -> float:
    """The largest difference between a learner's weights and those of a checkpoint, which it loads in their place. A collective;
    0 on ranks other than 0.

    Args:
        learner: of one rank.
        folder: what `save_state` wrote.
    """
    ours = {name: tensor.to("cpu", copy=True) for name, tensor in learner.weights(merge=True)}
    learner.load_state(folder)
    pairs = ((ours[name], tensor.cpu()) for name, tensor in learner.weights(merge=True))
    return max((float((one.float() - other.float()).abs().max()) for one, other in pairs), default=0.0)
