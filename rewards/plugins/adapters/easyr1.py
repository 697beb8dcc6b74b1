"""EasyR1: `compute_score([{response, response_length, ground_truth}], **kwargs)` -> `[{"overall", …}]`.

The sequential form gets one such mapping and gives one: a module of `REWARD_TYPE = "sequential"`, or a function whose first
parameter is a mapping.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from rewards.plugins.adapters.columns import ground_truth
from rewards.plugins.adapters.peer import Call, Function, Peer, from_mapping, scorer_of
from rewards.sample import Mode, RewardSample


def mode_of(peer: Peer) -> Mode:
    """`sample` for the sequential form, `batch` for the other; the config's mode comes first."""
    if peer.mode is not None:
        return peer.mode
    declared = getattr(peer.module, "REWARD_TYPE", None)
    if declared is not None:
        return "sample" if declared == "sequential" else "batch"
    first = next(iter(inspect.signature(peer.function).parameters.values()), None)
    annotation = str(first.annotation).lower() if first and first.annotation is not first.empty else ""
    return "sample" if annotation.startswith(("dict", "<class 'dict", "rewardinput")) or _named(first) else "batch"


def adapt(peer: Peer) -> Function:
    """A scorer of one sample, or of batches, by its mode."""

    def prepare(sample: RewardSample) -> Call:
        return Call(lambda found: from_mapping(peer, found, "overall"), (_asked(sample),), peer.parameters)

    def prepare_batch(samples: Sequence[RewardSample]) -> Call:
        def convert(found: Any) -> Any:
            return [from_mapping(peer, one, "overall") for one in found] if isinstance(found, (list, tuple)) else found

        return Call(convert, ([_asked(sample) for sample in samples],), peer.parameters)

    return scorer_of(peer, prepare if mode_of(peer) == "sample" else prepare_batch)


def _named(first: inspect.Parameter | None) -> bool:
    return first is not None and first.name == "reward_input"


def _asked(sample: RewardSample) -> dict[str, Any]:
    return {
        "response": sample.completion,
        "response_length": sample.completion_tokens,
        "ground_truth": ground_truth(sample),
    }
