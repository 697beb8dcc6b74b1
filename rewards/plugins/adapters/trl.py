"""TRL: `f(prompts, completions, completion_ids, trainer_state, log_extra, log_metric, **columns)` -> numbers or None.

Also the functions of open-r1, R1-V, Video-R1 and R1-Omni, which take messages: their data sets are conversational.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from rewards.plugins.adapters.columns import columns_of, messages
from rewards.plugins.adapters.peer import Call, Function, Peer, listed, scorer_of, with_parts
from rewards.sample import RewardSample


def adapt(peer: Peer, conversational: bool) -> Function:
    """A scorer of batches.

    Args:
        peer: the function.
        conversational: whether it takes lists of messages in place of texts.
    """

    def shown(role: str, text: str) -> Any:
        return messages(role, text) if conversational else text

    def prepare(samples: Sequence[RewardSample]) -> Call:
        extra: defaultdict[str, list[Any]] = defaultdict(list)
        metrics: dict[str, Any] = {}
        given = {
            **columns_of(samples),
            "prompts": [shown("user", sample.prompt) for sample in samples],
            "completions": [shown("assistant", sample.completion) for sample in samples],
            "completion_ids": [list(sample.completion_ids) for sample in samples],
            "trainer_state": None,
            "log_extra": lambda name, values: extra[name].extend(listed(values)),
            "log_metric": metrics.__setitem__,
        }

        def convert(found: Any) -> Any:
            values = listed(found)
            if not isinstance(values, (list, tuple)) or len(values) != len(samples):
                return values  # for the check of results to refuse
            logged = {name: column for name, column in extra.items() if len(column) == len(samples)}
            parts = [{**metrics, **{name: column[n] for name, column in logged.items()}} for n in range(len(samples))]
            return [with_parts(value, part) for value, part in zip(values, parts, strict=True)]

        return Call(convert, named=peer.arguments(given))

    return scorer_of(peer, prepare)
