"""Does the right answer of a row earn everything that the run's scorers give?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from rewards.mix import MixEntry, build_mix
from rewards.plugins.spec import ScorerSpec, is_shipped
from rewards.sample import Reward, RewardSample
from rewards.scorers.gold import has_gold
from rl.data_check.finding import Finding
from rollout.rows.remarks import GOLD_COLUMNS
from rollout.rows.row import Row

_CLOSE = 1e-6
"""How far below the most that a scorer gives a score may lie."""


def gold_completion(row: Row) -> str | None:
    """What a policy would write that is right in everything: the assistant turn, or else the tree and the answer.

    None where that is not known whole, as of a rationale without a tree.
    """
    if row.reference is not None:
        return row.reference
    if row.task != "rationale":
        return row.answer
    if row.tree is None or "<answer>" in row.tree or row.answer is None:
        return row.tree
    return f"{row.tree.rstrip()}\n<answer>{row.answer}</answer>"


def missing_gold(row: Row) -> Finding | None:
    """A row of which nothing right is known, and the column in which it may stand."""
    if row.answer is not None or row.tree is not None or row.reference is not None:
        return None
    reason = "nothing right is known of the row: no answer, no tree, no assistant turn"
    for column in GOLD_COLUMNS:
        if row.columns.get(column) not in (None, "", []):
            found = f"{reason}, though it has a column `{column}`"
            return Finding("warning", "answer", found, f"set data.columns={{answer: {column}}}")
    return Finding("warning", "answer", reason, "give it an `answer`, or leave it to evaluation by eye")


class GoldScorer:
    """Scores what is right under a mix. Scorers that ask a judge are left out: nobody hosts one here."""

    def __init__(self, entries: Sequence[MixEntry]) -> None:
        """
        Args:
            entries: the run's scorers, with their sources.

        Raises:
            PluginError: if a scorer cannot be loaded.
        """
        self._entries = tuple(entry for entry in entries if entry.weight > 0)
        self._asked = frozenset(entry.scorer.name for entry in self._entries if not asks_judge(entry))
        self._mix = build_mix([entry for entry in self._entries if entry.scorer.name in self._asked])
        self._by_task: dict[str, tuple[list[ScorerSpec], list[ScorerSpec]]] = {}
        """Task -> the scorers that count for it and compare with gold, and those that need none."""
        self._most = {item.entry.scorer.name: (item.runner.promised or (0.0, 1.0))[1] for item in self._mix.scorers}

    def close(self) -> None:
        """End the processes of scorers."""
        self._mix.close()

    def look(self, rows: Sequence[Row], samples: Sequence[RewardSample]) -> list[list[Finding]]:
        """What is wrong with the gold of each row, as far as the scorers tell.

        Args:
            rows: any rows.
            samples: what scorers see of them, with nothing written yet.
        """
        found: list[list[Finding]] = [[one] if (one := self._unpaid(sample)) else [] for sample in samples]
        texts = [gold_completion(row) for row in rows]
        chosen = [place for place, text in enumerate(texts) if text is not None and not found[place]]
        written = [replace(samples[place], completion=texts[place] or "", group=str(place)) for place in chosen]
        for place, reward in zip(chosen, self._mix.score(written), strict=True):
            found[place] += [one for one in (self._less(rows[place], reward),) if one is not None]
        return found

    def _unpaid(self, sample: RewardSample) -> Finding | None:
        """A row whose completions nothing rewards, or nothing that compares them with what is right."""
        if sample.task not in self._by_task:
            applying = [entry for entry in self._entries if entry.counts_for(sample.task)]
            comparing = [entry.scorer for entry in applying if _compares(entry, sample.task)]
            self._by_task[sample.task] = comparing, [one.scorer for one in applying if one.scorer not in comparing]
        comparing, others = self._by_task[sample.task]
        if any(has_gold(scorer.target, sample) for scorer in comparing) or (others and not comparing):
            return None
        fix = "give it a `tree` or an `answer`"
        if others:
            names, rest = (", ".join(scorer.name for scorer in some) for some in (comparing, others))
            return Finding("warning", "answer", f"it has no gold for {names}: only {rest} reward it", fix)
        if comparing:
            reason = f"it has no gold for {', '.join(scorer.name for scorer in comparing)}, so that nothing rewards it"
            return Finding("warning", "answer", reason, f"{fix}, or choose other rewards.scorers")
        fix = "set rewards.scorers.*.tasks, or take the task out of grpo.mix"
        return Finding("warning", "task", f"no scorer with a weight above 0 judges {sample.task!r}", fix)

    def _less(self, row: Row, reward: Reward) -> Finding | None:
        """A row whose gold earns less than everything."""
        what = "the assistant turn" if row.reference is not None else "what is right"
        for name, message in reward.errors.items():
            return Finding("warning", "answer", f"scorer {name!r} failed on {what}: {message}", "mend the scorer")
        values = {name: reward.parts[name] for name in self._most if name in reward.parts}
        less = [f"{name} {value:.2g}" for name, value in values.items() if value < self._most[name] - _CLOSE]
        if not less:
            return None
        key = "messages" if row.reference is not None else "tree" if row.tree is not None else "answer"
        fix = "make the row's answer, tree, options and assistant turn agree, or change the scorers"
        return Finding("warning", key, f"{what} earns less than everything ({', '.join(less)})", fix)


def asks_judge(entry: MixEntry) -> bool:
    """Whether a scorer asks a language model."""
    return entry.scorer.parameters.get("judge") is not None


def _compares(entry: MixEntry, task: str) -> bool:
    """Whether a scorer is known to abstain without gold."""
    target = entry.scorer.target
    return is_shipped(target) and not has_gold(target, RewardSample("", task))
