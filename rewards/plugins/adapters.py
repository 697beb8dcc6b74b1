"""Reward functions written for other trainers, called as their own trainer would call them.

Each contract is the trainer's documented one. What only that trainer knows is passed as None (`trainer_state`), so that a
function that needs it fails with its own error rather than on invented values.
"""

from __future__ import annotations

import inspect
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewards.sample import Mode, RewardSample, Score

Samples = Sequence[RewardSample]


@dataclass(frozen=True)
class Adapter:
    """How a function of another trainer becomes a scorer."""

    mode: Mode
    """What one call of the scorer gets."""
    adapt: Callable[[Callable[..., Any]], Callable[..., Any]]
    """Makes the scorer of the function."""


def _columns_of(samples: Samples) -> dict[str, list[Any]]:
    """The data set's columns, one list each, as trainers that pass columns have them.

    A sample's own fields (`task`, `answer`, `tree`, `options`) are columns too, and `solution` is the answer unless the
    data set has a column of that name.
    """
    rows: list[dict[str, Any]] = [
        {"task": s.task, "answer": s.answer, "tree": s.tree, "options": list(s.options), "solution": s.answer, **s.columns}
        for s in samples
    ]
    return {name: [row.get(name) for row in rows] for name in dict.fromkeys(name for row in rows for name in row)}


def _trl(conversational: bool) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """TRL: `f(prompts, completions, completion_ids, trainer_state, log_extra, log_metric, **columns)` -> numbers or None."""

    def messages(role: str, text: str) -> Any:
        return [{"role": role, "content": text}] if conversational else text

    def adapt(function: Callable[..., Any]) -> Callable[..., Any]:
        def score(samples: Samples, **parameters: Any) -> Any:
            extra: defaultdict[str, list[Any]] = defaultdict(list)
            metrics: dict[str, float] = {}
            given = {
                **_columns_of(samples),
                "prompts": [messages("user", sample.prompt) for sample in samples],
                "completions": [messages("assistant", sample.completion) for sample in samples],
                "completion_ids": [list(sample.completion_ids) for sample in samples],
                "trainer_state": None,
                "log_extra": lambda name, values: extra[name].extend(values),
                "log_metric": metrics.__setitem__,
            }

            def convert(results: Any) -> list[Any]:
                parts = _by_sample(extra, len(samples))
                return [_with_parts(value, {**part, **metrics}) for value, part in _zip(_plain(results), parts)]

            return _then(function(**given, **parameters), convert)

        return score

    return adapt


def _verl(function: Callable[..., Any]) -> Callable[..., Any]:
    """verl: `compute_score(data_source, solution_str, ground_truth, extra_info, **kwargs)` -> number or {"score", …}."""

    def score(sample: RewardSample, **parameters: Any) -> Any:
        columns = sample.columns
        model = columns.get("reward_model")
        truth = model["ground_truth"] if isinstance(model, Mapping) else _truth(sample)
        result = function(
            data_source=columns.get("data_source", columns.get("source", "")),
            solution_str=sample.completion,
            ground_truth=truth,
            extra_info=columns.get("extra_info", dict(columns)),
            **parameters,
        )
        return _then(result, lambda found: _from_mapping(found, "score"))

    async def score_async(sample: RewardSample, **parameters: Any) -> Any:
        return await score(sample, **parameters)

    return score_async if inspect.iscoroutinefunction(function) else score


def _openrlhf(function: Callable[..., Any]) -> Callable[..., Any]:
    """OpenRLHF: `reward_func(queries, prompts, labels, **kwargs)` -> {"rewards", "scores", "extra_logs"}."""

    def score(samples: Samples, **parameters: Any) -> Any:
        prompts = [sample.prompt for sample in samples]
        queries = [sample.prompt + sample.completion for sample in samples]
        result = function(queries, prompts, [sample.answer for sample in samples], **parameters)

        def convert(found: Any) -> Any:
            if not isinstance(found, Mapping):
                return _plain(found)
            logs = {name: _plain(values) for name, values in (found.get("extra_logs") or {}).items()}
            parts = _by_sample(logs, len(samples))
            return [_with_parts(value, part) for value, part in _zip(_plain(found["rewards"]), parts)]

        return _then(result, convert)

    return score


def _ms_swift(function: Callable[..., Any]) -> Callable[..., Any]:
    """ms-swift: an ORM class, or an instance or function of its `__call__(completions, **columns)` -> numbers."""
    instance: Any = function() if inspect.isclass(function) else function

    def score(samples: Samples, **parameters: Any) -> Any:
        return _then(instance([sample.completion for sample in samples], **_columns_of(samples), **parameters), _plain)

    return score


def _easyr1(function: Callable[..., Any]) -> Callable[..., Any]:
    """EasyR1: `compute_score([{response, response_length, ground_truth}], **kwargs)` -> [{"overall", …}]."""

    def score(samples: Samples, **parameters: Any) -> Any:
        asked = [
            {
                "response": sample.completion,
                "response_length": sample.completion_tokens,
                "ground_truth": _truth(sample),
            }
            for sample in samples
        ]
        return _then(function(asked, **parameters), lambda found: [_from_mapping(item, "overall") for item in found])

    return score


ADAPTERS: dict[str, Adapter] = {
    "trl": Adapter("batch", _trl(conversational=False)),
    "trl_conversational": Adapter("batch", _trl(conversational=True)),
    "verl": Adapter("sample", _verl),
    "openrlhf": Adapter("batch", _openrlhf),
    "ms_swift": Adapter("batch", _ms_swift),
    "easyr1": Adapter("batch", _easyr1),
}
"""Trainer -> adapter; `trl_conversational` is for functions that take TRL's messages rather than texts."""


def _truth(sample: RewardSample) -> str | None:
    """The sample's ground truth: its answer, or its tree where it has none."""
    return sample.answer if sample.answer is not None else sample.tree


def _then(result: Any, convert: Callable[[Any], Any]) -> Any:
    """The converted result; for an awaitable, another that gives it."""
    if not inspect.isawaitable(result):
        return convert(result)

    async def later() -> Any:
        return convert(await result)

    return later()


def _by_sample(columns: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Lists of `count` values by name, as one mapping a sample; lists of another length are left out."""
    return [{name: values[index] for name, values in columns.items() if len(values) == count} for index in range(count)]


def _plain(values: Any) -> Any:
    """Tensors and arrays as lists; anything else as it is, for the contract check to judge."""
    return values.tolist() if hasattr(values, "tolist") else values


def _zip(values: Any, parts: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Mapping[str, Any]]]:
    """Results with their parts; a wrong number of results is handed on without, for the contract check to refuse."""
    values = list(values)
    return list(zip(values, parts, strict=True)) if len(values) == len(parts) else [(value, {}) for value in values]


def _from_mapping(found: Any, key: str) -> Any:
    """A mapping's value under `key` as the score, and its other numbers as parts; anything else as it is."""
    if not isinstance(found, Mapping):
        return found
    return _with_parts(found[key], {name: value for name, value in found.items() if name != key})


def _with_parts(value: Any, extra: Mapping[str, Any]) -> Any:
    """A score with those extras that are finite numbers; other trainers log any value, but parts are numbers."""
    numbers = {name: float(item) for name, item in extra.items() if isinstance(item, (bool, int, float)) and math.isfinite(item)}
    return Score(value, numbers) if numbers and value is not None else value
