"""One rank of the learner: supervised and GRPO updates of the policy. Knows no Ray."""

from __future__ import annotations

import gc
import random
import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save

from rewards.tree.lines import token_lines
from rl.algo.losses import grpo_loss, sample_kl, supervised_loss
from rl.algo.objective import Totals
from rl.algo.policy_losses import policy_loss
from rl.learner import deepspeed_engine
from rl.learner.batch import TokenBatch
from rl.learner.deepspeed_engine import all_max, all_sum
from rl.learner.encoding import prompt_encoder
from rl.learner.frozen_tower import FrozenTower
from rl.learner.lora import add_adapters, without_adapters
from rl.learner.micro_batches import MicroBatch
from rl.learner.mini_batch import MiniBatch
from rl.learner.packer import LogProbs, Packer, by_member
from rl.learner.policy import Policy, freeze, load_model
from rl.learner.row_reader import RowReader
from rl.learner.saving import save_policy
from rl.learner.spec import LearnerSpec
from rl.learner.tower_cache import TowerCache
from rl.learner.update_sums import UpdateSums, update_means
from rollout.prompts import EncodedPrompt
from rollout.rows.row import Row
from rollout.samples import TokenGroup
from rollout.seeds import derived


class Learner:
    """Holds the policy, its optimizer and the frozen reference."""

    def __init__(self, spec: LearnerSpec, rank: int, ranks: int, address: str, port: int) -> None:
        torch.set_num_threads(spec.learner.threads)
        seed = derived(spec.seed, "learner", rank)
        random.seed(seed)
        np.random.seed(seed)
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(spec.determinism)
        self.spec, self.rank, self.ranks = spec, rank, ranks
        self.device = deepspeed_engine.join_ranks(rank, ranks, address, port)
        self.dtype = getattr(torch, spec.model.dtype)
        self.encoder = prompt_encoder(spec)
        self.reader = RowReader(self.encoder)
        self.tower_cache = TowerCache(spec.clip_cache_bytes, self.encoder.store.name)
        self.policy_loss = policy_loss(spec.loss)
        self.engine = self._engine(spec.checkpoint)
        share = spec.learner.share_prefixes and self.engine.module.can_share
        if spec.learner.share_prefixes and not share:
            sys.stderr.write("warning: this model has sliding-window layers; prefixes are not shared\n")
        self.packer = Packer(self.encoder, spec.learner.token_budget, share, self.device)
        self.reference: LogProbs | None = None

    def encode(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Prompts of rows; their media are then at hand for learning."""
        return self.reader.prompts(rows)

    def reply_ids(self, text: str) -> np.ndarray:
        """Token ids of an assistant turn, int64 (k,)."""
        return self.encoder.reply_ids(text)

    def sft(self, rows: Sequence[Row], sequences: int, learning_rate: float, upcoming: Sequence[Row] = ()) -> dict[str, float]:
        """One supervised step: what the rows' assistant turns say is imitated.

        Args:
            rows: this rank's.
            sequences: rows of the whole step, over all ranks.
            learning_rate: of this step.
            upcoming: this rank's rows of the next step, which are read meanwhile; none if they are not known.

        Returns:
            Loss, gradient norm before clipping, and reply tokens of the whole step; where the vision side is frozen, how often
            its features were kept.
        """
        groups = self.reader.examples(rows, upcoming)
        tokens = int(all_sum({"tokens": float(sum(group.reply_tokens() for group in groups))}, self.device)["tokens"])
        totals = Totals(sequences, tokens, self.ranks)
        self.engine.train()
        losses: list[float] = []

        def loss_of(batch: TokenBatch, counts: bool) -> torch.Tensor:
            log_probs, _ = self.engine(batch, temperature=1.0, entropy=False)
            loss = supervised_loss(log_probs, batch.sequence_of, batch.sequences, totals)
            if counts:
                losses.append(float(loss.detach()) / self.ranks)
            return loss

        norm = self._step(self.packer.pack(groups), loss_of, learning_rate)
        return {
            "loss": all_sum({"loss": sum(losses)}, self.device)["loss"],
            "gradient_norm": norm,
            "tokens": float(tokens),
            **self._tower_counts(),
        }

    def restart(self, path: str) -> None:
        """Begin anew from a checkpoint folder: its weights, and an optimizer that remembers nothing."""
        self.engine.destroy()  # whose hooks would keep it alive
        del self.engine
        gc.collect()
        self.engine = self._engine(path)

    def load_reference(self, path: str) -> None:
        """Freeze the model that this learner was last (re)started from as the reference of the KL penalty.

        Args:
            path: its checkpoint folder, of which each rank loads a whole copy; with adapters, the policy without them is
                the reference and nothing is loaded.
        """
        if self.spec.grpo.kl == 0:
            return
        if self.spec.model.lora:
            self.reference = self._base_log_probs
        else:
            frozen = self._policy(path).to(self.device).eval().requires_grad_(False)
            self._keep_features(frozen)
            self.reference = partial(self._forward, frozen)

    def pursue(self, spec: LearnerSpec) -> None:
        """Go on with another spec's objective: its `grpo` and its loss. There is no reference until one is loaded."""
        self.spec = replace(self.spec, grpo=spec.grpo, loss=spec.loss)
        self.policy_loss = policy_loss(spec.loss)
        self.reference = None

    def update(
        self, mini_batches: Sequence[Sequence[TokenGroup]], totals: Sequence[Totals], learning_rate: float
    ) -> dict[str, float]:
        """GRPO on one rollout: an optimizer step for each mini-batch, in each epoch.

        Args:
            mini_batches: this rank's groups of each mini-batch.
            totals: sizes of each mini-batch over all ranks.
            learning_rate: the same for all of them.

        Returns:
            Means over the rollout's tokens or samples, the same on every rank.
        """
        began = time.perf_counter()
        steps = list(range(len(mini_batches))) * self.spec.grpo.epochs
        prepared = [
            self._prepared(groups, whole, later=place > 0)
            for place, (groups, whole) in enumerate(zip(mini_batches, totals, strict=True))
        ]
        stats = UpdateSums()
        self.engine.train()
        norms = []
        for number, index in enumerate(steps):
            norm, old = self._grpo_step(prepared[index], learning_rate, stats, compare=number < len(mini_batches))
            norms.append(norm)
            prepared[index] = replace(prepared[index], old=old)
        return {
            **update_means(all_sum(stats.values, self.device), len(steps)),
            "logprob_diff_max": all_max(stats.largest_diff, self.device),
            "gradient_norm": float(np.mean(norms)),
            **self._tower_counts(),
            "seconds": time.perf_counter() - began,
        }

    def log_probs(self, groups: Sequence[TokenGroup]) -> list[np.ndarray]:
        """Log-probabilities under the present weights, float32 (k,) for each reply, counted through the groups."""
        return [row.cpu().numpy() for row in self.packer.log_probs(self.packer.pack(groups), self._present_log_probs)]

    def reference_kl(self, groups: Sequence[TokenGroup]) -> list[float]:
        """KL from the reference of each reply under the present weights, summed over its tokens."""
        if self.reference is None:
            raise RuntimeError("no reference is loaded; a KL penalty on the reward needs grpo.kl above 0")
        rows, estimator = self.packer.pack(groups), self.spec.grpo.kl_estimator
        ours, theirs = self.packer.log_probs(rows, self._present_log_probs), self.packer.log_probs(rows, self.reference)
        return [sample_kl(a, b, estimator) for a, b in zip(ours, theirs, strict=True)]

    def weights(self, merge: bool) -> Iterator[tuple[str, torch.Tensor]]:
        """All weights, one after another: (name in the checkpoint, whole tensor). A collective: every rank has to go through
        all of it, and only rank 0 is given anything.

        Args:
            merge: give the weights with their adapters merged into them; else as they are under the adapters.
        """
        return deepspeed_engine.whole_weights(self.engine.module.model, merge)

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name in the checkpoint -> shape of each weight that `weights` gives."""
        return deepspeed_engine.whole_shapes(self.engine)

    def adapter(self) -> np.ndarray:
        """The adapters as a safetensors image in peft's names, uint8; empty except on rank 0."""
        tensors = deepspeed_engine.whole_adapter(self.engine.module.model)
        return np.frombuffer(save(tensors) if tensors else b"", dtype=np.uint8)

    def save_model(self, directory: str, tuned: str | None = None) -> None:
        """Write an ordinary checkpoint in Hugging Face format, and adapters beside it; rank 0 writes, all ranks take part.

        Args:
            directory: its folder; adapters get the folder `adapter` in it.
            tuned: the folder, written by this method, that this learner was restarted from; None if it was not.
        """
        weights, adapters = self.weights(merge=True), deepspeed_engine.whole_adapter(self.engine.module.model)
        try:
            if self.rank == 0:
                restarted = Path(tuned) if tuned else None
                save_policy(self.engine.module.model, weights, adapters, self.spec, Path(directory), restarted)
        finally:
            deque(weights, maxlen=0)  # all ranks have to go through all of it, if writing fails too

    def save_state(self, directory: str) -> None:
        """Write what going on needs: weights, optimizer and random state, sharded as DeepSpeed has them."""
        deepspeed_engine.save_state(self.engine, directory)

    def load_state(self, directory: str) -> None:
        """Go on from `save_state`. Raises FileNotFoundError if there is nothing to go on from."""
        deepspeed_engine.load_state(self.engine, directory)
        self._keep_features(self.engine.module)

    def _engine(self, path: str) -> Any:
        policy = self._policy(path)
        engine = deepspeed_engine.start(policy, self.spec.learner, self.ranks, bf16=self.dtype == torch.bfloat16)
        self._keep_features(policy)
        return engine

    def _keep_features(self, policy: Policy) -> None:
        """Where the vision side is frozen: have the policy's tower, as it is now, run once for each medium."""
        if self.spec.model.frozen_vision:
            policy.frozen_tower = FrozenTower(policy.model.model.visual, self.tower_cache)

    def _tower_counts(self) -> dict[str, float]:
        """How often the cache of a frozen tower helped since the last update, over all ranks; nothing where none is frozen."""
        return all_sum(self.tower_cache.counts(), self.device) if self.spec.model.frozen_vision else {}

    def _policy(self, path: str) -> Policy:
        settings = self.spec.model
        model = load_model(path, self.dtype, settings.trust_remote_code)
        if settings.lora:
            add_adapters(model, settings.lora)
        freeze(model, settings.freeze)
        if self.spec.learner.gradient_checkpointing:
            model.gradient_checkpointing_enable({"use_reentrant": False})
        return Policy(model, self.encoder.banned_ids, self.spec.grpo.temperature)

    def _prepared(self, groups: Sequence[TokenGroup], totals: Totals, later: bool) -> MiniBatch:
        """A mini-batch, packed, with what its loss needs of each reply.

        Args:
            groups: this rank's groups.
            totals: sizes of the mini-batch over all ranks.
            later: another mini-batch is learned from before, so that the old policy is not the present one even at first.
        """
        rows = self.packer.pack(groups)
        return MiniBatch(
            rows,
            totals,
            advantages=[self._advantages(group, place) for group in groups for place in range(len(group.replies))],
            recorded=[log_probs for group in groups for log_probs in group.log_probs],
            old=self.packer.log_probs(rows, self._present_log_probs) if later else None,
            reference=self.packer.log_probs(rows, self.reference) if self.reference else None,
        )

    def _grpo_step(
        self, mini: MiniBatch, learning_rate: float, stats: UpdateSums, compare: bool
    ) -> tuple[float, list[torch.Tensor]]:
        """One optimizer step. Returns the gradient's norm, and log-probs of each reply under the old policy."""
        found: dict[int, torch.Tensor] = {}

        def loss_of(batch: TokenBatch, counts: bool) -> torch.Tensor:
            log_probs, entropy = self.engine(batch)
            # As long as the old policy is the present one, the ratio is 1 by construction.
            old = log_probs.detach() if mini.old is None else torch.cat([mini.old[i] for i in batch.members])
            if counts:
                found.update(by_member(batch, old))
            reference = None if mini.reference is None else torch.cat([mini.reference[i] for i in batch.members])
            advantages = torch.from_numpy(np.concatenate([mini.advantages[i] for i in batch.members])).to(self.device)
            recorded = torch.from_numpy(np.concatenate([mini.recorded[i] for i in batch.members])).to(self.device)
            terms = grpo_loss(
                log_probs,
                old,
                reference,
                advantages,
                batch.sequence_of,
                self.policy_loss,
                self.spec.grpo,
                mini.totals,
                recorded,
            )
            if counts:
                stats.add(terms.sums, loss=float(terms.loss.detach()) / self.ranks, entropy=float(entropy.detach().sum()))
            if counts and compare:
                stats.add_difference((old - recorded).abs())
            return terms.loss

        norm = self._step(mini.rows, loss_of, learning_rate)
        return norm, [found[member] for member in sorted(found)]

    def _advantages(self, group: TokenGroup, place: int) -> np.ndarray:
        """The advantage of each token of a reply, float32 (k,)."""
        ids, credit = group.replies[place], group.credit[place]
        lines = token_lines(self.encoder.token_bytes(ids)) if credit.lines else ()
        return credit.over(group.advantages[place], len(ids), lines)

    def _step(self, rows: Sequence[MicroBatch], loss_of: Any, learning_rate: float) -> float:
        calls = [lambda counts, of_batch=of_batch: loss_of(self.packer.batch(of_batch), counts) for of_batch in rows]
        return deepspeed_engine.optimizer_step(self.engine, calls, learning_rate)

    def _present_log_probs(self, batch: TokenBatch) -> torch.Tensor:
        return self._forward(self.engine.module, batch)

    def _base_log_probs(self, batch: TokenBatch) -> torch.Tensor:
        with without_adapters(self.engine.module):
            return self._forward(self.engine.module, batch)

    @torch.no_grad()
    def _forward(self, policy: Policy, batch: TokenBatch) -> torch.Tensor:
        return policy(batch, entropy=False)[0]
