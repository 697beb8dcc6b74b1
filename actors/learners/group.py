"""The learner ranks as one thing: what a run asks of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray.exceptions import GetTimeoutError, RayActorError

from actors.learners.ranks import LearnerLost, Ranks
from actors.weights.handles import BroadcastHandle, WeightHandle
from rl.algo.objective import Totals
from rl.config.schema import TinySpec
from rl.learner.balance import Share, balance
from rl.learner.spec import LearnerSpec
from rl.learner.spread import spread
from rollout.lengths import Measured
from rollout.media.medium import ClipSpec
from rollout.prompts import EncodedPrompt
from rollout.rows.row import Row
from rollout.samples import TokenGroup


class LearnerGroup:
    """All learner ranks. Most calls go to every rank, since the ranks take part in collectives together."""

    def __init__(self, ranks: int, cpus: float, gpus: float) -> None:
        """Ask for room for so many ranks, each with these CPUs and GPUs; `place` takes it and `start` gives them a model."""
        self.ranks = Ranks(ranks, cpus, gpus)
        self.bases = 0
        """How often the whole model has been replaced: it numbers the weights under LoRA adapters."""
        self._clip = ClipSpec()
        """How the ranks' media become frames."""
        self._rendezvous: tuple[list[Any], BroadcastHandle] | None = None
        """The engines of the last broadcast, and the group that they form with rank 0."""

    @property
    def changes(self) -> int:
        """How often the weights have been changed, or began to be: it numbers what they are now."""
        return self.ranks.changes

    def room(self) -> Any:
        """A reference that is ready when the cluster has room for every rank."""
        return self.ranks.room.ready()

    def place(self) -> None:
        """Start the ranks' processes where there is room; they import what they need."""
        self.ranks.place()

    def build_tiny(self, directory: Path, texts: list[str], spec: TinySpec, seed: int) -> Any:
        """A reference that is ready when rank 0 has built a small checkpoint."""
        return self.ranks.actors[0].build_tiny.remote(str(directory), texts, spec, seed)

    def bounds(self, spec: LearnerSpec) -> list[Any]:
        """Get all ranks ready to measure prompts, before they are learners; returns references to the `Bounds` of each."""
        return [actor.bounds.remote(spec) for actor in self.ranks.actors]

    def measure(self, rows: Sequence[Row], limit: int, reply: bool, fit: bool) -> list[Measured]:
        """What is found about the prompts of rows, in order; each rank measures some. The arguments are those of
        `PromptLengths.measure`."""
        count = self.ranks.count
        shares = [list(range(number, len(rows), count)) for number in range(count)]
        return self._shared(rows, shares, lambda actor, share: actor.measure.remote(share, limit, reply, fit))

    def start(self, spec: LearnerSpec) -> list[Any]:
        """Load the model and join the ranks; returns references that are ready when they have."""
        self._clip = spec.clip
        return self.ranks.start(spec)

    def restart(self, checkpoint: Path) -> None:
        """Begin anew from a checkpoint folder."""
        self.bases += 1
        self._same("restart", checkpoint, changes=True)

    def load_state(self, folder: Path) -> None:
        """Go on from what `save_state` wrote."""
        self.bases += 1
        self._same("load_state", folder, changes=True)

    def save_state(self, folder: Path) -> None:
        """Write what going on needs: weights, optimizer and random state."""
        self._same("save_state", folder)

    def save_model(self, folder: Path, tuned: Path | None = None) -> None:
        """Write an ordinary checkpoint in Hugging Face format, and adapters beside it.

        Args:
            folder: its folder; adapters get the folder `adapter` in it.
            tuned: the folder, written by this method, that the ranks were restarted from; None if they were not.
        """
        self.ranks.call("save_model", [(str(folder), tuned and str(tuned))] * self.ranks.count)

    def load_reference(self, checkpoint: Path) -> None:
        """Freeze the model that was last (re)started from, whose checkpoint folder this is, as the reference of the KL."""
        self._same("load_reference", checkpoint)

    def pursue(self, spec: LearnerSpec) -> None:
        """Go on with another spec's objective; a reference of the KL has to be loaded anew."""
        self._same("pursue", spec)

    def encode(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Token ids and positions of rows' questions, in order; each rank encodes some, and a clip is decoded on one."""
        return self._shared(
            rows, spread(rows, self.ranks.count, self._clip), lambda actor, share: actor.call.remote("encode", share)
        )

    def sft(self, rows: Sequence[Row], learning_rate: float) -> dict[str, float]:
        """One supervised step on these rows. Returns its statistics."""
        return self.begin_sft(rows, learning_rate)()

    def begin_sft(
        self, rows: Sequence[Row], learning_rate: float, upcoming: Sequence[Row] = ()
    ) -> Callable[[], dict[str, float]]:
        """Ask for one supervised step; each rank learns from some rows, and what is about one clip stays together.

        Args:
            rows: the step's.
            learning_rate: of this step.
            upcoming: rows of the step after it, if they are known: ranks read them while they learn from these.

        Returns:
            A function that waits for the step's statistics. Steps that are asked for meanwhile are done after it.
        """
        now, later = self._by_rank(rows), self._by_rank(upcoming)
        given = [(*pair, len(rows)) for pair in zip(now, later, strict=True)]

        def ask(number: int, actor: Any) -> Any:
            mine, next_ones, sequences = given[number]
            return actor.call.remote("sft", mine, sequences, learning_rate, next_ones)

        calls = self.ranks.ask(ask, changes=True)

        def stats() -> dict[str, float]:
            found: dict[str, float] = ray.get(calls)[0]
            return found

        return stats

    def update(self, mini_batches: Sequence[Sequence[TokenGroup]], learning_rate: float) -> dict[str, float]:
        """GRPO on one rollout, an optimizer step for each mini-batch. Returns its statistics.

        Args:
            mini_batches: each one's groups, which are balanced over the ranks.
            learning_rate: the same for all of these steps.
        """
        count = self.ranks.count
        totals = [
            Totals(sum(len(group.replies) for group in groups), sum(group.reply_tokens() for group in groups), count)
            for groups in mini_batches
        ]
        balanced = [_spread(groups, balance(groups, count)) for groups in mini_batches]
        given = [([of_ranks[rank] for of_ranks in balanced], totals, learning_rate) for rank in range(count)]
        stats: dict[str, float] = self.ranks.call("update", given, changes=True)[0]
        return stats

    def log_probs(self, groups: Sequence[TokenGroup]) -> list[list[np.ndarray]]:
        """Log-probs under the present weights, float32 (k,) for each reply, by group.

        Every rank computes all of them, as under ZeRO-3 all have to take part; rank 0's are returned.
        """
        found: Iterator[np.ndarray] = iter(self._same("log_probs", groups)[0])
        return [list(islice(found, len(group.replies))) for group in groups]

    def reference_kl(self, groups: Sequence[TokenGroup]) -> list[list[float]]:
        """KL from the reference, summed over the tokens of each reply, by group; groups are balanced over the ranks."""
        balanced = balance(groups, self.ranks.count)
        answers = self.ranks.call("reference_kl", [(of_rank,) for of_rank in _spread(groups, balanced)])
        found = [[0.0] * len(group.replies) for group in groups]
        for shares, values in zip(balanced, answers, strict=True):
            places = [(share.group, reply) for share in shares for reply in share.replies]
            for (group, reply), value in zip(places, values, strict=True):
                found[group][reply] = value
        return found

    def run(self, function: Callable[..., Any], *arguments: Any, timeout: float) -> list[Any]:
        """Call `function(learner, *arguments)` on every rank, with the rank's own `Learner`; returns what each returned.

        Args:
            function: may take part in collectives, such as `learner.weights`.
            arguments: the same for every rank.
            timeout: seconds within which all have to be done.

        Raises:
            LearnerLost: naming a rank that died, or those that did not finish in time.
        """
        calls = self.ranks.ask(lambda _, actor: actor.run.remote(function, *arguments))
        return self.ranks.in_time(calls, timeout, f"running {function.__name__}")

    def write_weights(self, checksum: bool, timeout: float, at: int | None = None) -> WeightHandle:
        """Write all weights where the engines of rank 0's node can read them; all ranks take part.

        Args:
            checksum: compute one, for the engines to compare.
            timeout: seconds within which they have to be written.
            at: write them only if `changes` is still this number; None for any.

        Raises:
            LearnerLost: naming a rank that died, or those that did not finish in time.
            WeightsChanged: if `changes` is another number.
        """
        calls = self.ranks.ask(lambda _, actor: actor.write_weights.remote(checksum), at=at)
        handle: WeightHandle = self.ranks.in_time(calls, timeout, "writing the weights")[0]
        return handle

    def weight_copy(self) -> Any:
        """A reference to the image that `write_weights` wrote, uint8, for engines on other nodes."""
        return self.ranks.actors[0].written_weights.remote()

    def adapter(self, timeout: float) -> tuple[Any, int]:
        """(reference to the LoRA adapters as a safetensors image, its bytes). Raises `LearnerLost` as `write_weights` does."""
        calls = self.ranks.ask(lambda _, actor: actor.adapter.options(num_returns=2).remote())
        sizes = self.ranks.in_time([size for size, _ in calls], timeout, "writing the adapters")
        return calls[0][1], sizes[0]

    def rendezvous(self, engines: Sequence[Any], size: int, timeout: float) -> BroadcastHandle:
        """The broadcast group of rank 0 and these engines; a new one if the last was with others.

        Args:
            engines: handles of their actors.
            size: processes of the group, rank 0 included.
            timeout: seconds that anybody waits for anybody.

        Raises:
            LearnerLost: if rank 0 died, or does not answer in time.
        """
        if self._rendezvous is None or self._rendezvous[0] != list(engines):
            try:
                handle = ray.get(self.ranks.actors[0].rendezvous.remote(size, timeout), timeout=timeout)
            except (RayActorError, GetTimeoutError) as error:
                raise LearnerLost(f"learner rank 0 did not begin to send the weights within {timeout:.0f} s: {error}") from error
            self._rendezvous = list(engines), handle
        return self._rendezvous[1]

    def broadcast(self, handle: BroadcastHandle) -> dict[Any, int]:
        """Send all weights to a group. Returns, for each rank: a reference that is ready when it is done -> its number."""
        calls = self.ranks.ask(lambda _, actor: actor.broadcast_weights.remote(handle.size, handle.timeout))
        return {reference: number for number, reference in enumerate(calls)}

    def shutdown(self) -> None:
        """End all ranks, whatever they are doing, and give their room back."""
        self.ranks.shutdown()

    def _by_rank(self, rows: Sequence[Row]) -> list[list[Row]]:
        """The rows that each rank learns from."""
        if not rows:
            return [[] for _ in range(self.ranks.count)]
        return [[rows[place] for place in share] for share in spread(rows, self.ranks.count, self._clip)]

    def _shared(
        self, rows: Sequence[Row], shares: Sequence[Sequence[int]], ask: Callable[[Any, Sequence[Row]], Any]
    ) -> list[Any]:
        """Ask each rank about some of the rows.

        Args:
            rows: all of them.
            shares: places of those that each rank is asked about.
            ask: asks one: (its actor, its rows) -> reference to an answer for each.

        Returns:
            All answers, in the order of the rows.
        """
        asked = [ask(actor, [rows[place] for place in share]) for actor, share in zip(self.ranks.actors, shares, strict=True)]
        found: list[Any] = [None] * len(rows)
        for share, answers in zip(shares, ray.get(asked), strict=True):
            for place, answer in zip(share, answers, strict=True):
                found[place] = answer
        return found

    def _same(self, method: str, argument: Any, changes: bool = False) -> list[Any]:
        """Call a method of every rank's learner with one argument; returns what each returned."""
        given = str(argument) if isinstance(argument, Path) else argument
        return self.ranks.call(method, [(given,)] * self.ranks.count, changes)


def _spread(groups: Sequence[TokenGroup], balanced: Sequence[Sequence[Share]]) -> list[list[TokenGroup]]:
    """What each rank gets of some groups, by its shares."""
    return [[groups[share.group].only(share.replies) for share in shares] for shares in balanced]
