"""Our mix as a reward function of other trainers: the other way round from `rewards.plugins.adapters`.

OpenRLHF wants tensors, so its export is in `rl/openrlhf_export.py`.

    from rewards.exports import as_trl
    trainer = GRPOTrainer(model, reward_funcs=as_trl("configs/rewards/default.yaml"), …)

A sample that could not be scored becomes what each trainer has for it: None in TRL; an error elsewhere, since a number
would be learned from. Only TRL passes token ids: for the others, a mix that scores lengths is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rewards.mix import RewardMix, build_mix, read_mix
from rewards.plugins.loading import PluginError
from rewards.sample import Reward, RewardSample, ScorerError

COUNTS_TOKENS = ("length", "overlong")


@lru_cache(maxsize=8)
def shared_mix(file: str, with_tokens: bool = False) -> RewardMix:
    """The process's one mix of a file. Raises `PluginError` if it scores lengths and there are no token ids."""
    entries = read_mix(Path(file))
    blind = [entry.scorer.name for entry in entries if entry.scorer.target in COUNTS_TOKENS and not with_tokens]
    if blind:
        raise PluginError(f"{file}: {', '.join(blind)} counts tokens, which this trainer does not pass")
    return build_mix(entries)


def as_trl(mix: str) -> Callable[..., list[float | None]]:
    """A TRL reward function. Columns of the data set that are a sample's own (`task`, `answer`, `tree`) are used.

    Args:
        mix: YAML file with the mix.
    """
    read_mix(Path(mix))  # a wrong file is told here, not in the middle of a training

    def affectree(
        prompts: Sequence[Any],
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        rows = _rows(len(completions), columns)
        ids = completion_ids or [()] * len(completions)
        samples = [
            sample_of(_text(completion), _text(prompt), row, tuple(tokens))
            for completion, prompt, row, tokens in zip(completions, prompts, rows, ids, strict=True)
        ]
        rewards = shared_mix(mix, with_tokens=completion_ids is not None).score(samples)
        if log_metric is not None:
            for name in sorted({name for reward in rewards for name in reward.parts}):
                values = [reward.parts[name] for reward in rewards if name in reward.parts]
                log_metric(f"affectree/{name}", sum(values) / len(values))
        return [reward.value for reward in rewards]

    return affectree


def as_verl(mix: str) -> Callable[..., float]:
    """A verl `compute_score`; `ground_truth` is the gold tree if it holds one, else the answer."""

    def compute_score(
        data_source: str, solution_str: str, ground_truth: Any, extra_info: Mapping[str, Any] | None = None, **_: Any
    ) -> float:
        row = {"source": data_source, **(extra_info or {}), **gold_columns(ground_truth)}
        return value_of(shared_mix(mix)(sample_of(solution_str, str(row.get("prompt", "")), row)))

    return compute_score


def as_ms_swift(mix: str) -> type:
    """An ms-swift ORM class: put it into its `orms` under a name. Columns are used as in `as_trl`."""

    class Affectree:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def __call__(self, completions: Sequence[str], **columns: Any) -> list[float]:
            rows = _rows(len(completions), columns)
            prompts = [str(row.get("messages", row.get("prompt", ""))) for row in rows]
            samples = [sample_of(*facts) for facts in zip(completions, prompts, rows, strict=True)]
            return [value_of(reward) for reward in shared_mix(mix).score(samples)]

    return Affectree


def _rows(count: int, columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Columns as rows; what is not one value a sample is not a column."""
    whole = {k: v for k, v in columns.items() if isinstance(v, (list, tuple)) and len(v) == count}
    return [{name: values[index] for name, values in whole.items()} for index in range(count)]


def sample_of(completion: str, prompt: str, row: Mapping[str, Any], ids: tuple[int, ...] = ()) -> RewardSample:
    """A sample from what another trainer passes; `row` has its data set's columns."""
    answer = row.get("answer", row.get("solution"))
    return RewardSample(
        completion,
        task=row.get("task") or "rationale",
        prompt=prompt,
        answer=answer,
        tree=row.get("tree"),
        options=tuple(row.get("options") or ()),
        completion_tokens=len(ids),
        completion_ids=ids,
        group=prompt,
        columns=row,
    )


def gold_columns(truth: Any) -> dict[str, Any]:
    """A ground truth as columns: a mapping as it is; a text with a tree in it gives tree and answer."""
    if isinstance(truth, Mapping):
        return dict(truth)
    text = str(truth)
    if "<tree>" not in text:
        return {"answer": text}
    parsed = RewardSample(text).parsed
    return {"tree": text, "answer": parsed.answer}


def _text(message: Any) -> str:
    """A text, or the contents of a conversation's messages."""
    if isinstance(message, str):
        return message
    return "\n".join(str(part["content"]) for part in message)


def value_of(reward: Reward) -> float:
    """The reward's number. Raises `ScorerError` with what failed, where there is none."""
    if reward.value is None:
        raise ScorerError("; ".join(f"{name}: {message}" for name, message in reward.errors.items()))
    return reward.value
