"""One rank of the learner: supervised and GRPO updates of the policy. Knows no Ray."""

from __future__ import annotations

import gc
import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save, save_file
from transformers import AutoConfig, AutoProcessor

from actors.weights.group import Shapes
from actors.weights.sender import WeightSender
from rewards.tree.lines import token_lines
from rl.algo.credit import line_advantages, run_advantages
from rl.algo.losses import grpo_loss, supervised_loss
from rl.algo.objective import Totals
from rl.algo.openrlhf import compute_approx_kl
from rl.learner import deepspeed_engine
from rl.learner.batch import Budget, TokenBatch, TokenSequence, make_batch, packed_batches
from rl.learner.lora import add_adapters, without_adapters
from rl.learner.policy import Policy, freeze, load_model
from rl.learner.spec import LearnerSpec
from rl.learner.update_sums import UpdateSums, update_means
from rollout.prompts import EncodedPrompt, MediaStore, PromptEncoder
from rollout.rows import Row, open_rows
from rollout.samples import LearnItem

MOST_LOGITS = 2**30
"""Logits that a micro-batch may need: 4 GiB in float32, held a few times over while gradients are computed."""

LogProbs = Callable[[TokenBatch], torch.Tensor]
"""A batch's log-probs under some weights, float32 (N,), without a gradient."""


class Learner:
    """Holds the policy, its optimizer and the frozen reference."""

    def __init__(self, spec: LearnerSpec, rank: int, ranks: int, address: str, port: int) -> None:
        torch.set_num_threads(spec.threads)
        random.seed(spec.seed + rank)
        np.random.seed(spec.seed + rank)
        torch.manual_seed(spec.seed + rank)
        self.spec, self.rank, self.ranks = spec, rank, ranks
        self.device = deepspeed_engine.join_ranks(rank, ranks, address, port)
        self.dtype = getattr(torch, spec.dtype)
        processor = AutoProcessor.from_pretrained(spec.model, trust_remote_code=spec.trust_remote_code)
        config = AutoConfig.from_pretrained(spec.model, trust_remote_code=spec.trust_remote_code)
        self.encoder = PromptEncoder(processor, config, MediaStore(spec.clip, spec.clip_cache_bytes), spec.engine_dtype)
        self.engine = deepspeed_engine.start(self._policy(spec.model), spec.deepspeed, ranks)
        self.share = spec.share_prefixes and self.engine.module.can_share
        if spec.share_prefixes and not self.share:
            sys.stderr.write("warning: this model has sliding-window layers; prefixes are not shared\n")
        self.reference: LogProbs | None = None
        self.rows: Any = None
        self.sender = WeightSender(self.dtype, rank, self.device, merge=not (spec.lora and spec.lora.alone))

    def encode(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Prompts of rows; their media are then at hand for learning."""
        return [self.encoder.encode(row) for row in rows]

    def reply_ids(self, text: str) -> np.ndarray:
        """Token ids of an assistant turn, int64 (k,)."""
        return self.encoder.reply_ids(text)

    def tune(self, indices: Sequence[int], sequences: int, learning_rate: float) -> dict[str, float]:
        """One supervised step on rows of the training file.

        Args:
            indices: this rank's rows.
            sequences: rows of the whole step, over all ranks.
            learning_rate: of this step.
        """
        if self.rows is None:
            root = Path(self.spec.media_root) if self.spec.media_root else None
            self.rows = open_rows(Path(self.spec.rows), root, check=False)
        examples = [self._example(index) for index in indices]
        tokens = int(self._sum({"tokens": float(sum(len(s.reply) for s in examples))})["tokens"])
        totals = Totals(sequences, tokens, self.ranks)
        self.engine.train()
        losses: list[float] = []

        def loss_of(batch: TokenBatch, counts: bool) -> torch.Tensor:
            log_probs, _ = self.engine(batch, temperature=1.0)
            loss = supervised_loss(log_probs, batch.sequence_of, batch.sequences, totals)
            if counts:
                losses.append(float(loss.detach()) / self.ranks)
            return loss

        norm = self._step([batch for batch, _ in self._batches(examples)], loss_of, learning_rate)
        return {"loss": self._sum({"loss": sum(losses)})["loss"], "gradient_norm": norm, "tokens": float(tokens)}

    def restart(self, path: str) -> None:
        """Begin anew from a checkpoint folder: its weights, and an optimizer that remembers nothing."""
        self.engine.destroy()  # whose hooks would keep it alive
        del self.engine
        gc.collect()
        self.engine = deepspeed_engine.start(self._policy(path), self.spec.deepspeed, self.ranks)

    def load_reference(self, path: str) -> None:
        """Freeze the model that this learner was last (re)started from as the reference of the KL penalty.

        Args:
            path: its checkpoint folder, of which each rank loads a whole copy; with adapters, the policy without them is
                the reference and nothing is loaded.
        """
        if self.spec.grpo.kl == 0:
            return
        if self.spec.lora:
            self.reference = self._base_log_probs
        else:
            frozen = self._policy(path).to(self.device).eval().requires_grad_(False)
            self.reference = partial(self._forward, frozen)

    def update(self, parts: Sequence[Sequence[LearnItem]], totals: Sequence[Totals], learning_rate: float) -> dict[str, float]:
        """GRPO on one rollout: an optimizer step for each part of it, in each epoch.

        Args:
            parts: this rank's samples, by optimizer step.
            totals: sizes of each optimizer step over all ranks.
            learning_rate: of all of them.

        Returns:
            Means over the rollout's tokens or samples, the same on every rank.
        """
        began = time.perf_counter()
        steps = list(range(len(parts))) * self.spec.grpo.epochs
        old = [self._log_probs(part, self._present_log_probs) if len(steps) > 1 else None for part in parts]
        references = [self._log_probs(part, self.reference) if self.reference else None for part in parts]
        stats = UpdateSums()
        self.engine.train()
        norms = []
        for number, index in enumerate(steps):
            part = _Part(parts[index], old[index], references[index], totals[index])
            norms.append(self._grpo_step(part, learning_rate, stats, compare=number < len(parts)))
        return {
            **update_means(self._sum(stats.values), len(steps)),
            "logprob_diff_max": self._max(stats.largest_diff),
            "gradient_norm": float(np.mean(norms)),
            "seconds": time.perf_counter() - began,
        }

    def log_probs(self, items: Sequence[LearnItem]) -> list[np.ndarray]:
        """Log-probabilities under the present weights, float32 (k,) for each sample."""
        return [row.cpu().numpy() for row in self._log_probs(items, self._present_log_probs)]

    def reference_kl(self, items: Sequence[LearnItem]) -> list[float]:
        """KL from the reference of each sample under the present weights, summed over its tokens."""
        if self.reference is None:
            raise RuntimeError("no reference is loaded; a KL penalty on the reward needs grpo.kl above 0")
        estimator = self.spec.grpo.kl_estimator
        ours, theirs = self._log_probs(items, self._present_log_probs), self._log_probs(items, self.reference)
        return [float(compute_approx_kl(a, b, kl_estimator=estimator).sum()) for a, b in zip(ours, theirs, strict=True)]

    def write_weights(self, checksum: bool) -> tuple[str, int, int | None] | None:
        """Write all weights where the engines of this node can read them: (path, bytes, checksum if wanted), on rank 0."""
        return self.sender.write(self.engine, checksum)

    def written_weights(self) -> np.ndarray:
        """What `write_weights` wrote, uint8, on rank 0."""
        return self.sender.written()

    def meet(self, address: str, timeout: float) -> tuple[int, Shapes]:
        """Open a place where engines meet rank 0 for broadcasts: (port, what will be sent)."""
        return self.sender.meet(address, timeout), deepspeed_engine.whole_shapes(self.engine)

    def broadcast_weights(self, size: int, timeout: float) -> None:
        """Send all weights to the group of so many processes that met last; all ranks take part."""
        self.sender.broadcast(self.engine, size, timeout)

    def adapter(self) -> np.ndarray:
        """The adapters as a safetensors image in peft's names, uint8; empty except on rank 0."""
        tensors = deepspeed_engine.whole_adapter(self.engine)
        return np.frombuffer(save(tensors) if tensors else b"", dtype=np.uint8)

    def save_model(self, directory: str) -> None:
        """Write model and processor in Hugging Face format (rank 0 writes, all ranks take part)."""
        weights = {name: whole.to("cpu", self.dtype, copy=True) for name, whole in deepspeed_engine.whole_weights(self.engine)}
        if self.rank:
            return
        folder = Path(directory)
        folder.mkdir(parents=True, exist_ok=True)
        model = self.engine.module.model
        for tied in model._tied_weights_keys or {} if model.config.tie_word_embeddings else ():
            weights.pop(tied, None)
        save_file({k: v.contiguous() for k, v in weights.items()}, folder / "model.safetensors", {"format": "pt"})
        model.config.save_pretrained(folder)
        model.generation_config.save_pretrained(folder)
        self.encoder.processor.save_pretrained(folder)

    def save_state(self, directory: str) -> None:
        """Write what going on needs: weights, optimizer and random state, sharded as DeepSpeed has them."""
        state = {"torch": torch.get_rng_state().tolist()}
        self.engine.save_checkpoint(directory, tag="state", client_state=state)

    def load_state(self, directory: str) -> None:
        """Go on from `save_state`."""
        path, state = self.engine.load_checkpoint(directory, tag="state")
        if path is None:
            raise FileNotFoundError(f"{directory}: no learner state; the checkpoint is incomplete")
        torch.set_rng_state(torch.tensor(state["torch"], dtype=torch.uint8))

    def _policy(self, path: str) -> Policy:
        model = load_model(path, self.dtype, self.spec.trust_remote_code)
        if self.spec.lora:
            add_adapters(model, self.spec.lora)
        freeze(model, self.spec.freeze)
        if self.spec.gradient_checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        return Policy(model, self.encoder.banned_ids, self.spec.temperature)

    def _grpo_step(self, part: _Part, learning_rate: float, stats: UpdateSums, compare: bool) -> float:
        batches = self._batches([TokenSequence(item.prompt, item.ids) for item in part.items])
        members = {id(batch): indices for batch, indices in batches}

        def loss_of(batch: TokenBatch, counts: bool) -> torch.Tensor:
            indices = members[id(batch)]
            log_probs, entropy = self.engine(batch)
            # With one step a rollout the old policy is the present one, and the ratio is 1 by construction.
            before = log_probs.detach() if part.old is None else torch.cat([part.old[i] for i in indices])
            reference = None if part.reference is None else torch.cat([part.reference[i] for i in indices])
            items = [part.items[i] for i in indices]
            advantages = torch.from_numpy(np.concatenate([self._advantages(item) for item in items])).to(self.device)
            recorded = torch.from_numpy(np.concatenate([item.rollout_log_probs for item in items])).to(self.device)
            sequence_of, totals = batch.sequence_of, part.totals
            terms = grpo_loss(log_probs, before, reference, advantages, sequence_of, self.spec.grpo, totals, recorded)
            if counts:
                stats.add(terms.sums, loss=float(terms.loss.detach()) / self.ranks, entropy=float(entropy.detach().sum()))
            if counts and compare:
                stats.add_difference((before - recorded).abs())
            return terms.loss

        return self._step([batch for batch, _ in batches], loss_of, learning_rate)

    def _advantages(self, item: LearnItem) -> np.ndarray:
        """Of each token, float32 (k,)."""
        if item.parts.sections:
            return run_advantages(item.parts.sections, len(item.ids))
        if item.parts.lines:
            return line_advantages(item.advantage, item.parts.lines, token_lines(self.encoder.token_bytes(item.ids)))
        return np.full(len(item.ids), item.advantage, dtype=np.float32)

    def _step(self, batches: list[TokenBatch], loss_of: Any, learning_rate: float) -> float:
        calls = [lambda counts, batch=batch: loss_of(batch, counts) for batch in batches]
        return deepspeed_engine.optimizer_step(self.engine, calls, learning_rate)

    @torch.no_grad()
    def _log_probs(self, items: Sequence[LearnItem], log_probs: LogProbs) -> list[torch.Tensor]:
        found: list[torch.Tensor] = [torch.empty(0)] * len(items)
        batches = self._batches([TokenSequence(item.prompt, item.ids) for item in items])
        # under ZeRO-3 a forward pass is a collective: every rank has to make as many
        for number in range(deepspeed_engine.largest(len(batches), self.device)):
            batch, indices = batches[min(number, len(batches) - 1)]
            flat = log_probs(batch)
            for index, row in zip(indices, flat.split([len(items[i].ids) for i in indices]), strict=True):
                found[index] = row
        return found

    def _present_log_probs(self, batch: TokenBatch) -> torch.Tensor:
        return self._forward(self.engine.module, batch)

    def _base_log_probs(self, batch: TokenBatch) -> torch.Tensor:
        with without_adapters(self.engine.module):
            return self._forward(self.engine.module, batch)

    @torch.no_grad()
    def _forward(self, policy: Policy, batch: TokenBatch) -> torch.Tensor:
        return policy(batch)[0]

    def _batches(self, sequences: Sequence[TokenSequence]) -> list[tuple[TokenBatch, list[int]]]:
        """Micro-batches within the token budget, with the indices of their sequences."""
        pad, share = self.encoder.tokenizer.pad_token_id, self.share
        batches = []
        budget = Budget(self.spec.token_budget, MOST_LOGITS // len(self.encoder.tokenizer))
        for indices in packed_batches(sequences, budget, share):
            chosen = [sequences[i] for i in indices]
            pixels = {key: self.encoder.pixels(key) for s in chosen for key in s.prompt.media}
            batch = make_batch(chosen, pixels, self.encoder.vision_tokens, self.encoder.merge, pad, share)
            batches.append((batch.to(self.device), indices))
        return batches

    def _example(self, index: int) -> TokenSequence:
        row = self.rows[index]
        if row.reference is None:
            raise ValueError(f"{self.rows.path}, row {index + 1}: no assistant turn to learn from")
        return TokenSequence(self.encoder.encode(row), self.encoder.reply_ids(row.reference))

    def _sum(self, values: dict[str, float]) -> dict[str, float]:
        return deepspeed_engine.all_sum(values, self.device)

    def _max(self, value: float) -> float:
        if self.ranks == 1:
            return value
        tensor = torch.tensor(value, device=self.device)
        torch.distributed.all_reduce(tensor, op=torch.distributed.ReduceOp.MAX)
        return float(tensor)


@dataclass(frozen=True)
class _Part:
    """What one optimizer step learns from, on this rank."""

    items: Sequence[LearnItem]
    old: list[torch.Tensor] | None
    """Log-probs under the weights that the rollout's learning began with; None if these are the present ones."""
    reference: list[torch.Tensor] | None
    totals: Totals
