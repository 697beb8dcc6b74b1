"""A mix as a reward function of other trainers: the other way round from `rewards/plugins/adapters/`.

    from rewards.exports import as_trl
    trainer = GRPOTrainer(model, reward_funcs=as_trl("configs/rewards/default.yaml"), …)

Each export takes a YAML file with a mix and reads it at once. What it gives can be pickled; the mix is built in each process in
which it is called. A sample that could not be scored becomes what the trainer has for it: None in TRL; an error elsewhere,
since a number would be learned from.

A mix that needs what a trainer does not pass is refused: scorers of lengths need token ids, and scorers that compare within
groups need whole groups in one call. verl (0.9) and OpenRLHF (0.11) score one sample a call, and pass no token ids.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rewards.exported_mix import ExportedMix, read_exported_mix
from rewards.host_samples import rows_of, sample_of, text_of, truth_columns
from rewards.sample import Reward, RewardSample, ScorerError

_NO_GROUP_SIZE = "write as_trl(mix, group_size=N), where N is TRL's num_generations"
_ONE_A_CALL = "this trainer has one sample scored a call"
_NO_TOKENS = "this trainer passes no token ids"
_SPECIAL_TOKENS_AT_END = re.compile(r"(?:(?:<\|[^|<>]{1,40}\|>|</s>|<eos>)\s*)+\Z")


def as_trl(mix: str, group_size: int | None = None) -> TRLReward:
    """A TRL reward function.

    Args:
        mix: YAML file with the mix.
        group_size: TRL's `num_generations`, which it does not pass; needed by a mix that compares within groups.

    Raises:
        PluginError: if the file cannot be read as a mix, or compares within groups of no known size.
    """
    found = read_exported_mix(mix)
    if group_size is None:
        found.refuse_groups(_NO_GROUP_SIZE)
    return TRLReward(found, group_size)


def as_ms_swift(mix: str) -> MsSwiftORM:
    """An ms-swift ORM: put it into `orms` under a name.

    Args:
        mix: YAML file with the mix.

    Raises:
        PluginError: if the file cannot be read as a mix.
    """
    return MsSwiftORM(read_exported_mix(mix))


def as_verl(mix: str) -> VerlReward:
    """A verl `compute_score`.

    Args:
        mix: YAML file with the mix.

    Raises:
        PluginError: if the file cannot be read as a mix, scores lengths or compares within groups.
    """
    return VerlReward(_for_single_samples(mix))


def as_openrlhf(mix: str, tensor: Callable[[list[float]], Any]) -> OpenRLHFReward:
    """An OpenRLHF `reward_func`.

    Args:
        mix: YAML file with the mix.
        tensor: makes a tensor of numbers: `torch.tensor`. It is an argument so that `rewards` needs no torch.

    Raises:
        PluginError: if the file cannot be read as a mix, scores lengths or compares within groups.
    """
    return OpenRLHFReward(_for_single_samples(mix), tensor)


@dataclass(frozen=True)
class TRLReward:
    """A TRL reward function. A sample's own columns (`task`, `answer`, `tree` and so on) are those of the data set."""

    mix: ExportedMix
    group_size: int | None = None
    __name__ = "affectree"  # under which TRL logs the reward

    def __call__(
        self,
        prompts: Sequence[Any],
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]] | None = None,
        log_metric: Callable[[str, float], None] | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """The rewards of n completions; None for one that could not be scored.

        Raises:
            PluginError: if the mix cannot be built, or needs what was not passed.
            HostError: if a column cannot be read, or a group is not whole.
        """
        if completion_ids is None:
            self.mix.refuse_lengths(_NO_TOKENS)
            completion_ids = [()] * len(completions)
        rows = rows_of(len(completions), columns)
        samples = [
            sample_of(text_of(completion), text_of(prompt), row, ids)
            for completion, prompt, row, ids in zip(completions, prompts, rows, completion_ids, strict=True)
        ]
        rewards = self.mix.score(samples, self.group_size, _NO_GROUP_SIZE)
        if log_metric is not None:
            for name in sorted({name for reward in rewards for name in reward.parts}):
                values = [reward.parts[name] for reward in rewards if name in reward.parts]
                log_metric(f"affectree/{name}", sum(values) / len(values))
        return [reward.value for reward in rewards]


@dataclass(frozen=True)
class MsSwiftORM:
    """What stands in ms-swift's `orms`: it is called with the trainer's arguments, and gives the reward function."""

    mix: ExportedMix

    def __call__(self, args: Any = None, **_: Any) -> Affectree:
        """The reward function. Raises `PluginError` if the mix compares within groups, whose size the arguments lack."""
        group_size = getattr(args, "num_generations", None)
        reward = Affectree(self.mix, group_size)
        if group_size is None:
            self.mix.refuse_groups(reward.why_no_groups)
        return reward


@dataclass(frozen=True)
class Affectree:
    """An ms-swift reward function; ms-swift logs its rewards under the name of this class. Columns as in TRL."""

    mix: ExportedMix
    group_size: int | None
    why_no_groups = "ms-swift's arguments have no num_generations"

    def __call__(self, completions: Sequence[str], **columns: Any) -> list[float]:
        """The rewards of n completions.

        Raises:
            ScorerError: if one could not be scored.
            PluginError, HostError: as in `TRLReward`.
        """
        if "response_token_ids" not in columns:
            self.mix.refuse_lengths(_NO_TOKENS)
        rows = rows_of(len(completions), columns)
        samples = [_of_ms_swift(completion, row) for completion, row in zip(completions, rows, strict=True)]
        return [_value(reward) for reward in self.mix.score(samples, self.group_size, self.why_no_groups)]


@dataclass(frozen=True)
class VerlReward:
    """A verl `compute_score`. Its `ground_truth` is the gold tree if it holds one, else the answer, or a mapping of columns."""

    mix: ExportedMix

    def __call__(
        self, data_source: str, solution_str: str, ground_truth: Any, extra_info: Mapping[str, Any] | None = None, **_: Any
    ) -> float:
        """The reward of a completion.

        Raises:
            ScorerError: if it could not be scored.
            PluginError, HostError: as in `TRLReward`.
        """
        row = {"source": data_source, **(extra_info or {}), **truth_columns(ground_truth)}
        sample = sample_of(solution_str, text_of(row.get("prompt") or row.get("question") or ""), row)
        return _value(self.mix.score([sample], None, _ONE_A_CALL)[0])


@dataclass(frozen=True)
class OpenRLHFReward:
    """An OpenRLHF `reward_func`. A label is the gold tree if it holds one, else the answer, or a mapping of columns."""

    mix: ExportedMix
    tensor: Callable[[list[float]], Any]

    def __call__(self, queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **_: Any) -> dict[str, Any]:
        """The `rewards` and `scores` of n queries, float32 (n,), and `extra_logs` with the parts that all n samples have.

        Raises:
            ScorerError: if one could not be scored.
            PluginError, HostError: as in `TRLReward`.
        """
        samples = [
            sample_of(_completion_in(query, prompt), prompt, truth_columns(label))
            for query, prompt, label in zip(queries, prompts, labels, strict=True)
        ]
        rewards = self.mix.score(samples, None, _ONE_A_CALL)
        values = self.tensor([_value(reward) for reward in rewards])
        everywhere = set.intersection(*(set(reward.parts) for reward in rewards))
        logs = {name: self.tensor([reward.parts[name] for reward in rewards]) for name in sorted(everywhere)}
        return {"rewards": values, "scores": values, "extra_logs": logs}


def _for_single_samples(mix: str) -> ExportedMix:
    found = read_exported_mix(mix)
    found.refuse_lengths(_NO_TOKENS)
    found.refuse_groups(_ONE_A_CALL)
    return found


def _of_ms_swift(completion: str, row: Mapping[str, Any]) -> RewardSample:
    """A sample of ms-swift, whose `messages` end with the completion, and which has token ids, of several turns a list each."""
    messages = row.get("messages")
    asked = messages[:-1] if messages and text_of(messages[-1]) == completion else messages or row.get("prompt")
    turns = row.get("response_token_ids") or ()
    ids = [token for turn in turns for token in (turn if isinstance(turn, (list, tuple)) else (turn,))]
    cut_off = row.get("finish_reason") == "length" or row.get("is_truncated")
    return sample_of(completion, text_of(asked), row, ids, "length" if cut_off else "stop")


def _completion_in(query: str, prompt: str) -> str:
    """What stands behind the prompt in a query, without the special tokens at its end."""
    start = query.find(prompt)
    return _SPECIAL_TOKENS_AT_END.sub("", query[start + len(prompt) :] if start >= 0 else query)


def _value(reward: Reward) -> float:
    """The reward's number. Raises `ScorerError` with what failed, where there is none."""
    if reward.value is None:
        failed = "; ".join(f"{name}: {message}" for name, message in reward.errors.items())
        raise ScorerError(failed or "no scorer applies: the mix has none for the row's `task`, or the row has no gold for it")
    return reward.value
