"""A mix as a reward function of other trainers: the other way round from `rewards/plugins/adapters.py`.

    from rewards.exports import as_trl
    trainer = GRPOTrainer(model, reward_funcs=as_trl("configs/rewards/default.yaml"), …)

Each export takes a YAML file with a mix, and builds it once in a process. A sample that could not be scored becomes what
the trainer has for it: None in TRL; an error elsewhere, since a number would be learned from. Only TRL passes token ids:
for the others, a mix that scores lengths is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rewards.mix import RewardMix, build_mix
from rewards.mix_settings import read_mix
from rewards.plugins.spec import PluginError
from rewards.sample import Reward, RewardSample, ScorerError

COUNTS_TOKENS = ("length", "overlong")
"""Shipped scorers that need a completion's number of tokens."""


def as_trl(mix: str) -> Callable[..., list[float | None]]:
    """A TRL reward function. Columns of the data set that are a sample's own (`task`, `answer`, `tree`) are used.

    Args:
        mix: YAML file with the mix.

    Raises:
        PluginError: if the file cannot be read as a mix.
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
            _sample(_text(completion), _text(prompt), row, tuple(tokens))
            for completion, prompt, row, tokens in zip(completions, prompts, rows, ids, strict=True)
        ]
        rewards = _shared_mix(mix, with_tokens=completion_ids is not None).score(samples)
        if log_metric is not None:
            for name in sorted({name for reward in rewards for name in reward.parts}):
                values = [reward.parts[name] for reward in rewards if name in reward.parts]
                log_metric(f"affectree/{name}", sum(values) / len(values))
        return [reward.value for reward in rewards]

    return affectree


def as_verl(mix: str) -> Callable[..., float]:
    """A verl `compute_score`. Its `ground_truth` is the gold tree if it holds one, else the answer.

    Args:
        mix: YAML file with the mix.

    Returns:
        A function that gives a completion's reward. It raises `ScorerError` where a completion could not be scored, and
        `PluginError` for a file that cannot be read as a mix or scores lengths.
    """

    def compute_score(
        data_source: str, solution_str: str, ground_truth: Any, extra_info: Mapping[str, Any] | None = None, **_: Any
    ) -> float:
        row = {"source": data_source, **(extra_info or {}), **_gold_columns(ground_truth)}
        return _value(_shared_mix(mix)(_sample(solution_str, str(row.get("prompt", "")), row)))

    return compute_score


def as_openrlhf(mix: str, tensor: Callable[[list[float]], Any]) -> Callable[..., dict[str, Any]]:
    """An OpenRLHF `reward_func`. A label is the gold tree if it holds one, else the answer.

    Args:
        mix: YAML file with the mix.
        tensor: makes a tensor of numbers: `torch.tensor`. It is an argument so that `rewards` needs no torch.

    Returns:
        A function of n queries, prompts and labels that gives `rewards` and `scores`, float32 (n,), and `extra_logs` with
        the parts that all n samples have. It raises `ScorerError` where a sample could not be scored, and `PluginError`
        for a file that cannot be read as a mix or scores lengths.
    """

    def reward_func(queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **_: Any) -> dict[str, Any]:
        samples = [
            _sample(query.removeprefix(prompt), prompt, _gold_columns(label))
            for query, prompt, label in zip(queries, prompts, labels, strict=True)
        ]
        rewards = _shared_mix(mix).score(samples)
        values = tensor([_value(reward) for reward in rewards])
        everywhere = set.intersection(*(set(reward.parts) for reward in rewards))
        logs = {name: tensor([reward.parts[name] for reward in rewards]) for name in sorted(everywhere)}
        return {"rewards": values, "scores": values, "extra_logs": logs}

    return reward_func


def as_ms_swift(mix: str) -> type:
    """An ms-swift ORM class: put it into its `orms` under a name. Columns are used as in `as_trl`.

    Args:
        mix: YAML file with the mix.

    Returns:
        A class whose instances give the rewards of a list of completions. They raise `ScorerError` where one could not be
        scored, and `PluginError` for a file that cannot be read as a mix or scores lengths.
    """

    class Affectree:
        def __init__(self, *_: Any, **__: Any) -> None:
            pass

        def __call__(self, completions: Sequence[str], **columns: Any) -> list[float]:
            rows = _rows(len(completions), columns)
            prompts = [str(row.get("messages", row.get("prompt", ""))) for row in rows]
            samples = [_sample(*facts) for facts in zip(completions, prompts, rows, strict=True)]
            return [_value(reward) for reward in _shared_mix(mix).score(samples)]

    return Affectree


@lru_cache(maxsize=8)
def _shared_mix(file: str, with_tokens: bool = False) -> RewardMix:
    """The process's one mix of a file. Raises `PluginError` if it scores lengths and there are no token ids."""
    entries = read_mix(Path(file))
    blind = [entry.scorer.name for entry in entries if entry.scorer.target in COUNTS_TOKENS and not with_tokens]
    if blind:
        raise PluginError(f"{file}: {', '.join(blind)} counts tokens, which this trainer does not pass")
    return build_mix(entries)


def _sample(completion: str, prompt: str, row: Mapping[str, Any], ids: tuple[int, ...] = ()) -> RewardSample:
    """A sample from what another trainer passes; `row` has its data set's columns."""
    return RewardSample(
        completion,
        task=row.get("task") or "rationale",
        prompt=prompt,
        answer=row.get("answer", row.get("solution")),
        tree=row.get("tree"),
        options=tuple(row.get("options") or ()),
        completion_tokens=len(ids),
        completion_ids=ids,
        group=prompt,
        columns=row,
    )


def _rows(count: int, columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Columns as rows; what is not one value a sample is not a column."""
    whole = {k: v for k, v in columns.items() if isinstance(v, (list, tuple)) and len(v) == count}
    return [{name: values[index] for name, values in whole.items()} for index in range(count)]


def _gold_columns(truth: Any) -> dict[str, Any]:
    """A ground truth as columns: a mapping as it is; a text with a tree in it gives tree and answer."""
    if isinstance(truth, Mapping):
        return dict(truth)
    text = str(truth)
    if "<tree>" not in text:
        return {"answer": text}
    return {"tree": text, "answer": RewardSample(text).parsed.answer}


def _text(message: Any) -> str:
    """A text, or the contents of a conversation's messages."""
    if isinstance(message, str):
        return message
    return "\n".join(str(part["content"]) for part in message)


def _value(reward: Reward) -> float:
    """The reward's number. Raises `ScorerError` with what failed, or that no scorer applies, where there is none."""
    if reward.value is None:
        failed = "; ".join(f"{name}: {message}" for name, message in reward.errors.items())
        raise ScorerError(failed or "no scorer applies: the mix has none for the row's `task`, or the row has no gold for it")
    return reward.value
