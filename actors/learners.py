"""The learner ranks as one thing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from actors.logs import keep_output
from actors.weights.handles import BroadcastHandle, WeightHandle
from rewards.errors import UserError
from rl.algo.objective import Totals
from rl.config.schema import TinySpec
from rl.learner.balance import deal
from rl.learner.spec import LearnerSpec
from rollout.prompts import EncodedPrompt
from rollout.rows import Row
from rollout.samples import LearnItem


class LearnerLost(UserError):
    """A learner rank died or hangs."""


class WeightsChanged(RuntimeError):
    """The learner has gone on from the weights that were asked for."""


@ray.remote
class LearnerActor:
    """Hosts one rank; torch and DeepSpeed are imported here, not in the driver."""

    def __init__(self, rank: int) -> None:
        keep_output(f"learner {rank}")
        import rl.learner  # noqa: F401  takes longer than anything else about starting; `start` does the rest

    def build_tiny(self, directory: str, texts: list[str], spec: TinySpec, seed: int) -> None:
        """Build a small checkpoint to begin with, before there is a learner."""
        from rl.learner.tiny import build_tiny

        build_tiny(Path(directory), texts, spec, seed)

    def start(self, spec: LearnerSpec, rank: int, ranks: int, address: str, port: int) -> None:
        from rl.learner.learner import Learner

        self.learner = Learner(spec, rank, ranks, address, port)

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the rank."""
        return getattr(self.learner, method)(*arguments)

    def write_weights(self, checksum: bool) -> WeightHandle | None:
        """All weights, where the engines of this node can read them; from rank 0."""
        written = self.learner.write_weights(checksum)
        if written is None:
            return None
        path, size, crc32 = written
        return WeightHandle(path, ray.get_runtime_context().get_node_id(), size, crc32)

    def adapter(self) -> tuple[int, Any]:
        """(bytes, the adapters); none except from rank 0."""
        image = self.learner.adapter()
        return image.nbytes, image

    def meet(self, size: int, timeout: float) -> BroadcastHandle:
        """Where engines can meet this rank."""
        address = ray.util.get_node_ip_address()
        port, shapes = self.learner.meet(address, timeout)
        return BroadcastHandle(address, port, size, shapes, self.learner.spec.dtype, timeout)


@ray.remote(num_cpus=0)
def _meeting_point() -> tuple[str, int]:
    """Address and a free port of the node that this runs on."""
    with socket.socket() as found:
        found.bind(("", 0))
        return ray.util.get_node_ip_address(), found.getsockname()[1]


class LearnerGroup:
    """All ranks. Calls go to every rank, since they take part in collectives together."""

    def __init__(self, ranks: int, cpus: float, gpus: float) -> None:
        """Ask for room for the ranks; `place` takes it and `start` gives them a model."""
        bundle = {"CPU": cpus, **({"GPU": gpus} if gpus else {})}
        self.group = ray.util.placement_group([bundle] * ranks, strategy="PACK")
        self.count, self.cpus, self.gpus = ranks, cpus, gpus
        self.ranks: list[Any] = []
        self.changes = 0
        """How often the weights have been changed, or began to be."""
        self.bases = 0
        """How often they have been replaced, also those under adapters."""
        self._meeting: tuple[list[Any], BroadcastHandle] | None = None
        self._one_order = threading.Lock()

    def room(self) -> Any:
        """A reference that is ready when the cluster has room for every rank."""
        return self.group.ready()

    def place(self) -> None:
        """Start the ranks' processes where there is room; they import what they need."""
        self.ranks = [
            LearnerActor.options(num_cpus=self.cpus, num_gpus=self.gpus, scheduling_strategy=self._bundle(rank)).remote(rank)
            for rank in range(self.count)
        ]

    def build_tiny(self, directory: Path, texts: list[str], spec: TinySpec, seed: int) -> Any:
        """A reference that is ready when rank 0 has built a small checkpoint."""
        return self.ranks[0].build_tiny.remote(str(directory), texts, spec, seed)

    def start(self, spec: LearnerSpec) -> list[Any]:
        """Load the model and join the ranks; returns references that are ready when they have."""
        address, port = ray.get(_meeting_point.options(scheduling_strategy=self._bundle(0)).remote())
        return [learner.start.remote(spec, rank, self.count, address, port) for rank, learner in enumerate(self.ranks)]

    def restart(self, model: str) -> None:
        """Begin anew from a checkpoint folder."""
        self._replace("restart", model)

    def load_state(self, folder: str) -> None:
        """Go on from what `save_state` wrote."""
        self._replace("load_state", folder)

    def _replace(self, method: str, folder: str) -> None:
        self.bases += 1
        ray.get(self._call(method, [(folder,)] * self.count, changes=True))

    def encode(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Token ids and positions of rows' questions, in order; the work is dealt out over the ranks."""
        shares = [rank.call.remote("encode", rows[number :: self.count]) for number, rank in enumerate(self.ranks)]
        found: list[Any] = [None] * len(rows)
        for number, share in enumerate(ray.get(shares)):
            found[number :: self.count] = share
        return found

    def tune(self, indices: Sequence[int], learning_rate: float) -> dict[str, float]:
        """One supervised step on these rows, dealt out over the ranks."""
        shares = [list(indices[number :: self.count]) for number in range(self.count)]
        return ray.get(self._call("tune", [(share, len(indices), learning_rate) for share in shares], changes=True))[0]

    def update(self, parts: Sequence[Sequence[LearnItem]], learning_rate: float) -> dict[str, float]:
        """GRPO on one rollout, an optimizer step for each part; groups are dealt out over the ranks."""
        totals = [Totals(len(part), sum(len(item.ids) for item in part), self.count) for part in parts]
        dealt = [[[part[index] for index in share] for share in deal(part, self.count)] for part in parts]
        of_rank = [([shares[number] for shares in dealt], totals, learning_rate) for number in range(self.count)]
        return ray.get(self._call("update", of_rank, changes=True))[0]

    def log_probs(self, items: Sequence[LearnItem]) -> list[Any]:
        """Under the present weights, the same on every rank, of rank 0; under ZeRO-3 all have to take part."""
        return ray.get(self._call("log_probs", [(items,)] * self.count))[0]

    def reference_kl(self, items: Sequence[LearnItem]) -> list[float]:
        """KL from the reference of each sample, in order; the work is dealt out over the ranks."""
        shares = deal(items, self.count)
        calls = self._call("reference_kl", [([items[index] for index in share],) for share in shares])
        found = [0.0] * len(items)
        for share, values in zip(shares, ray.get(calls), strict=True):
            for index, value in zip(share, values, strict=True):
                found[index] = value
        return found

    def weights(self, checksum: bool, timeout: float, at: int | None = None) -> WeightHandle:
        """All weights, ready to be read by the engines; under ZeRO-3 every rank takes part.

        Args:
            checksum: take one.
            timeout: seconds within which they have to be written.
            at: the number of changes that the weights have to have, if it matters.

        Raises:
            LearnerLost: naming a rank that died, or those that did not finish in time.
            WeightsChanged: if there have been other changes.
        """
        found = self._written(self._of_all(lambda _, rank: rank.write_weights.remote(checksum), at=at), timeout)
        return next(shipment for shipment in found if shipment is not None)

    def adapter(self, timeout: float) -> tuple[Any, int]:
        """(reference to the adapters, their bytes). Raises what `weights` does."""
        calls = self._of_all(lambda _, rank: rank.adapter.options(num_returns=2).remote())
        sizes = self._written([size for size, _ in calls], timeout)
        return calls[0][1], max(sizes)

    def _of_all(self, ask: Callable[[int, Any], Any], changes: bool = False, at: int | None = None) -> list[Any]:
        """Ask every rank, before anybody else asks any: what they do together has to come in one order on all of them.

        Args:
            ask: (number, rank) -> reference.
            changes: this changes the weights.
            at: the number of changes before it, if it matters.
        """
        with self._one_order:
            if at not in (None, self.changes):
                raise WeightsChanged(f"{at} changes were expected, there have been {self.changes}")
            self.changes += changes
            return [ask(number, rank) for number, rank in enumerate(self.ranks)]

    def _written(self, of_ranks: Sequence[Any], timeout: float) -> list[Any]:
        """What the ranks answer, in any order."""
        calls = {ref: number for number, ref in enumerate(of_ranks)}
        deadline, found = time.monotonic() + timeout, []
        while calls:
            done, _ = ray.wait(list(calls), timeout=max(0.0, deadline - time.monotonic()))
            if not done:
                late = ", ".join(f"rank {number}" for number in sorted(calls.values()))
                raise LearnerLost(f"learner {late} did not write the weights within {timeout:.0f} s (rollout.sync_timeout)")
            number = calls.pop(done[0])
            try:
                found.append(ray.get(done[0]))
            except RayActorError as death:
                raise LearnerLost(f"learner rank {number} died while it wrote the weights: {death}") from death
        return found

    def weight_copy(self) -> Any:
        """A reference to what `weights` wrote, for engines on other nodes."""
        return self.ranks[0].call.remote("written_weights")

    def meeting(self, engines: Sequence[Any], size: int, timeout: float) -> BroadcastHandle:
        """The group of rank 0 and these engines; a new one if the last was with others."""
        if self._meeting is None or self._meeting[0] != list(engines):
            try:
                self._meeting = list(engines), ray.get(self.ranks[0].meet.remote(size, timeout), timeout=timeout)
            except (RayActorError, GetTimeoutError) as error:
                raise LearnerLost(f"learner rank 0 did not begin to send the weights within {timeout:.0f} s: {error}") from error
        return self._meeting[1]

    def broadcast(self, meeting: BroadcastHandle) -> dict[Any, int]:
        """Send all weights to a group; references that are ready when each rank has done its part, with the rank's number."""
        calls = self._call("broadcast_weights", [(meeting.size, meeting.timeout)] * self.count)
        return {ref: number for number, ref in enumerate(calls)}

    def call(self, method: str, *arguments: Any) -> list[Any]:
        """Call a method on every rank and wait for all."""
        return ray.get(self._call(method, [arguments] * self.count))

    def _call(self, method: str, arguments: Sequence[tuple[Any, ...]], changes: bool = False) -> list[Any]:
        """Call a method on every rank, each with arguments of its own; returns the references."""
        return self._of_all(lambda number, rank: rank.call.remote(method, *arguments[number]), changes)

    def _bundle(self, rank: int) -> PlacementGroupSchedulingStrategy:
        return PlacementGroupSchedulingStrategy(self.group, placement_group_bundle_index=rank)

    def shutdown(self) -> None:
        for rank in self.ranks:
            ray.kill(rank)
        ray.util.remove_placement_group(self.group)
