"""verl: `compute_score(data_source, solution_str, ground_truth, extra_info, **kwargs)` -> number or `{"score", …}`.

The batched form, for its `BatchRewardManager`: `compute_score(data_sources, solution_strs, ground_truths, extra_infos)` -> list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rewards.plugins.adapters.columns import ground_truth
from rewards.plugins.adapters.peer import Call, Function, Peer, from_mapping, listed, scorer_of
from rewards.sample import RewardSample


def adapt(peer: Peer) -> Function:
    """A scorer of one sample."""

    def prepare(sample: RewardSample) -> Call:
        given = {
            "data_source": _source(sample),
            "solution_str": sample.completion,
            "ground_truth": _truth(sample),
            "extra_info": _extra_info(sample),
        }
        return Call(lambda found: from_mapping(peer, found, "score"), named=peer.arguments(given))

    return scorer_of(peer, prepare)


def adapt_batch(peer: Peer) -> Function:
    """A scorer of batches."""

    def prepare(samples: Sequence[RewardSample]) -> Call:
        given = {
            "data_sources": [_source(sample) for sample in samples],
            "solution_strs": [sample.completion for sample in samples],
            "ground_truths": [_truth(sample) for sample in samples],
            "extra_infos": [_extra_info(sample) for sample in samples],
        }

        def convert(found: Any) -> Any:
            values = listed(found)
            return [from_mapping(peer, value, "score") for value in values] if isinstance(values, (list, tuple)) else values

        return Call(convert, named=peer.arguments(given))

    return scorer_of(peer, prepare)


def _source(sample: RewardSample) -> Any:
    return sample.columns.get("data_source", sample.columns.get("source", ""))


def _truth(sample: RewardSample) -> Any:
    model = sample.columns.get("reward_model")
    return model["ground_truth"] if isinstance(model, Mapping) and "ground_truth" in model else ground_truth(sample)


def _extra_info(sample: RewardSample) -> Any:
    return sample.columns.get("extra_info", dict(sample.columns))
