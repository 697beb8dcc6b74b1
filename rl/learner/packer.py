"""Groups become micro-batches on a rank's device, and their replies get log-probs."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch

from rl.learner.batch import TokenBatch, make_batch
from rl.learner.deepspeed_engine import all_max
from rl.learner.micro_batches import Budget, MicroBatch, plain, shared
from rl.learner.sequences import sequences_of
from rollout.prompts import PromptEncoder
from rollout.samples import TokenGroup

MOST_LOGITS = 2**30
"""Logits that a micro-batch may need: 4 GiB in float32, held a few times over while gradients are computed."""

LogProbs = Callable[[TokenBatch], torch.Tensor]
"""A batch's log-probs under some weights, float32 (N,), without a gradient."""


class Packer:
    """Packs groups within a rank's budget; the tensors of a micro-batch are made when it is used."""

    def __init__(self, encoder: PromptEncoder, token_budget: int, share: bool, device: torch.device) -> None:
        """
        Args:
            encoder: decodes the media that prompts name.
            token_budget: padded tokens in a micro-batch.
            share: compute once what sequences begin with alike; False is the plain form.
            device: where the tensors are made.
        """
        self.encoder, self.share, self.device = encoder, share, device
        self.budget = Budget(token_budget, MOST_LOGITS // len(encoder.tokenizer))

    def pack(self, groups: Sequence[TokenGroup]) -> list[MicroBatch]:
        """The micro-batches of groups, whose replies are counted through the groups."""
        sequences = sequences_of(groups)
        return shared(sequences, self.budget) if self.share else plain(sequences, self.budget)

    def batch(self, rows: MicroBatch) -> TokenBatch:
        """The tensors of one micro-batch."""
        encoder = self.encoder
        pixels = {medium: encoder.pixels(medium) for row in rows for medium in row.media}
        return make_batch(rows, pixels, encoder.merge, encoder.tokenizer.pad_token_id).to(self.device)

    def log_probs(self, packed: Sequence[MicroBatch], log_probs: LogProbs) -> list[torch.Tensor]:
        """Log-probs of each reply of packed groups, float32 (k,), counted through the groups."""
        found: dict[int, torch.Tensor] = {}
        # under ZeRO-3 a forward pass is a collective: every rank has to make as many
        for number in range(int(all_max(len(packed), self.device))):
            batch = self.batch(packed[min(number, len(packed) - 1)])
            found.update(by_member(batch, log_probs(batch)))
        return [found[member] for member in sorted(found)]


def by_member(batch: TokenBatch, values: torch.Tensor) -> dict[int, torch.Tensor]:
    """Values of predicted tokens, (N,), by sequence: its place among all that were packed -> (k,)."""
    sizes = torch.bincount(batch.sequence_of, minlength=batch.sequences).tolist()
    return dict(zip(batch.members, values.split(sizes), strict=True))
