"""One learner rank as a Ray actor: it hosts a `Learner` and sends its weights."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import ray

from actors.logs import keep_output
from actors.weights.handles import BroadcastHandle, WeightHandle, adapter_alone
from rl.config.schema import TinySpec
from rl.learner.spec import LearnerSpec
from rollout.lengths import Bounds, Measured, PromptLengths
from rollout.rows.row import Row


class LearnerActor:
    """Hosts one rank. torch and DeepSpeed are imported here, not in the driver."""

    def __init__(self, rank: int) -> None:
        """Import what a learner needs, which takes longer than anything else about it; `start` does the rest."""
        keep_output(f"learner {rank}")
        import rl.learner.learner  # noqa: F401

    def build_tiny(self, directory: str, texts: list[str], spec: TinySpec, seed: int) -> None:
        """Build a small checkpoint to begin with, before there is a learner."""
        from rl.learner.tiny import build_tiny

        build_tiny(Path(directory), texts, spec, seed)

    def bounds(self, spec: LearnerSpec) -> Bounds:
        """Get ready to measure prompts, before there is a learner; returns what they have at most."""
        from rl.learner.encoding import prompt_encoder

        self.lengths = PromptLengths(prompt_encoder(spec))
        return self.lengths.bounds()

    def measure(self, rows: Sequence[Row], limit: int, reply: bool, fit: bool) -> list[Measured]:
        """What is found about the prompts of rows, in order; the arguments are those of `PromptLengths.measure`."""
        return [self.lengths.measure(row, limit, reply, fit) for row in rows]

    def start(self, spec: LearnerSpec, rank: int, ranks: int, address: str, port: int) -> None:
        """Load the model and join the other ranks."""
        from actors.weights.sender import WeightSender
        from rl.learner.learner import Learner

        self.learner = Learner(spec, rank, ranks, address, port)
        self.sender = WeightSender(self.learner.dtype, rank, self.learner.device)
        self.merge = not adapter_alone(spec.model)
        """Whether adapters are merged into the weights that are sent."""

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the learner."""
        return getattr(self.learner, method)(*arguments)

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function with the learner and these arguments."""
        return function(self.learner, *arguments)

    def write_weights(self, checksum: bool) -> WeightHandle | None:
        """Write all weights where the engines of this node can read them. Returns None except on rank 0."""
        written = self.sender.write(self.learner.weights(self.merge), self.learner.shapes(), checksum)
        if written is None:
            return None
        return WeightHandle(written.path, ray.get_runtime_context().get_node_id(), written.bytes, written.crc32)

    def written_weights(self) -> np.ndarray:
        """The image that `write_weights` wrote, uint8; on rank 0 alone."""
        return self.sender.written()

    def adapter(self) -> tuple[int, np.ndarray]:
        """(bytes of the image, the adapters as a safetensors image, uint8). Both are empty except on rank 0."""
        image = self.learner.adapter()
        return image.nbytes, image

    def rendezvous(self, size: int, timeout: float) -> BroadcastHandle:
        """Open a rendezvous for engines and this rank, number 0.

        Args:
            size: processes of the group, this rank included.
            timeout: seconds that anybody waits for anybody.

        Returns:
            What engines need to know: where the rendezvous is, and what will be sent.
        """
        address = ray.util.get_node_ip_address()
        port = self.sender.rendezvous(address, timeout)
        return BroadcastHandle(address, port, size, self.learner.shapes(), self.learner.spec.model.dtype, timeout)

    def broadcast_weights(self, size: int, timeout: float) -> None:
        """Send all weights to the group of the last rendezvous; all ranks take part."""
        self.sender.broadcast(self.learner.weights(self.merge), self.learner.shapes(), size, timeout)


@ray.remote(num_cpus=0)
def free_port() -> tuple[str, int]:
    """Address and a free port of the node that this runs on."""
    with socket.socket() as found:
        found.bind(("", 0))
        return ray.util.get_node_ip_address(), found.getsockname()[1]
