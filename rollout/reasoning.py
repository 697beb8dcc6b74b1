"""Stage-wise reasoning at test time: the best attributes, on them the best expressions, on these the best emotion.

VidEmo, section 4 and table 10: at each stage several candidates are drawn and one is kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from rollout.samples import Group, Prompt, Sample
from rollout.tree_sampling import HEADERS, LEVELS, Ask, Written


@dataclass(frozen=True)
class Candidate:
    """A text that may be kept at a stage."""

    text: str
    """Everything from the rationale's beginning to the end of the stage."""
    log_probs: np.ndarray
    """float32 (k,): log-probabilities of the tokens that the stage added."""


Judge = Callable[[int, Sequence[Candidate]], list[float]]
"""(stage, from 0; candidates) -> a value for each candidate. The one with the highest is kept, the first among equals."""


@dataclass(frozen=True)
class Stage:
    """What one stage considered, and what it kept."""

    candidates: tuple[str, ...]
    """The texts of the candidates, in the order in which they were drawn."""
    votes: tuple[float, ...]
    """The judge's value for each candidate."""
    chosen: int
    """The place of the candidate that was kept, from 0."""


@dataclass(frozen=True)
class Reasoned:
    """A text that was reasoned stage by stage."""

    written: Written
    text: str
    stages: tuple[Stage, ...]

    def group(self, prompt: Prompt) -> Group:
        """A group whose one sample is this text."""
        one = self.written
        return Group(prompt, (Sample(prompt.encoded.ids, one.ids, one.log_probs, self.text, one.finish_reason, one.versions),))


async def reason(ask: Ask, decode: Callable[[np.ndarray], str], judge: Judge, width: int) -> Reasoned:
    """Draw `width` candidates at each of the three stages and go on from the one that the judge likes best.

    A text that ends before its last stage is a candidate like any other; once one is kept, nothing is left to choose.

    Args:
        ask: draws continuations.
        decode: token ids, int64 (k,) -> their text.
        judge: compares the candidates of a stage.
        width: candidates at each stage.
    """
    written, stages = Written(), []
    for stage in range(LEVELS):
        pieces = await ask(written, (stage,), width, HEADERS[stage : stage + 1])
        texts = [decode((written + piece).ids) for piece in pieces]
        candidates = [Candidate(text, piece.log_probs) for text, piece in zip(texts, pieces, strict=True)]
        votes = await asyncio.to_thread(judge, stage, candidates)
        chosen = int(np.argmax(votes))
        written += pieces[chosen]
        stages.append(Stage(tuple(texts), tuple(votes), chosen))
        if written.header is None:
            break
    return Reasoned(written, stages[-1].candidates[stages[-1].chosen], tuple(stages))
