"""The rollout engine: a Ray actor around vLLM's AsyncLLM."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import ray

from actors.engine.adapters import adapter_request, write_adapter
from actors.engine.busy_clock import BusyClock
from actors.engine.cache_counts import CacheCounts
from actors.engine.continuing import Continuing, Served, StaleEngine
from actors.engine.requests import Requests
from actors.engine.rounds import Rounds, Seat
from actors.engine.setup import EngineSpec, ending_with_vllm, engine_arguments, set_environment
from actors.logs import keep_output
from actors.weights.handles import BroadcastHandle, LocalCopy, WeightHandle
from rollout.lengths import Fitted, PromptLengths
from rollout.prompts import EncodedPrompt, PromptEncoder
from rollout.reasoning import Judge, Reasoned, reason
from rollout.rows.row import Row
from rollout.samples import Group, Prompt, Sample, SamplingSpec
from rollout.tree_sampling import Leaf, Written, sample_tree


class RolloutEngine:
    """Generates groups with vLLM. It serves nothing until its first sync has succeeded."""

    def __init__(self, name: str, threads: int, cache_gib: float) -> None:
        """Import vLLM, which takes longer than anything else about an engine; `start` does the rest.

        Args:
            name: as the log calls it.
            threads: threads that compute.
            cache_gib: memory for keys and values, on CPUs.
        """
        self.served = Served(name)
        self.clock = BusyClock()
        self.copy = LocalCopy()
        keep_output(name)
        set_environment(threads, cache_gib)
        import vllm.v1.engine.async_llm  # noqa: F401

    async def start(self, spec: EngineSpec) -> str:
        """Load the model. Returns Ray's id of this node once the engine can be asked."""
        from transformers import AutoConfig
        from vllm.distributed.weight_transfer.base import WeightTransferInitRequest
        from vllm.v1.engine.async_llm import AsyncLLM

        config = AutoConfig.from_pretrained(spec.checkpoint, trust_remote_code=spec.model.trust_remote_code)
        self.requests = Requests(config, spec.clip, spec.clip_cache_bytes, spec.shared_clips)
        self.spec = spec
        self.llm = AsyncLLM.from_engine_args(engine_arguments(spec, config.model_type, self.served.name))
        rounds = Rounds(self.reset_caches, self._hold, self.llm.resume_generation) if spec.determinism else None
        self.continuing = Continuing(self.llm, self.requests, self.served, spec.rollout.max_model_len, rounds)
        self.tokenizer: Any = self.llm.get_tokenizer()
        await self.llm.init_weight_transfer_engine(WeightTransferInitRequest())
        if spec.serve_as_loaded:
            self.served.version = 0
        return ray.get_runtime_context().get_node_id()

    async def load(
        self, handle: WeightHandle | None, image: np.ndarray | None, version: int, adapter: np.ndarray | None = None
    ) -> float:
        """Take new weights and become `version`. Returns the seconds in which nothing was generated.

        Args:
            handle: where the weights lie; None for an adapter alone.
            image: the weights themselves, a safetensors image, uint8, if this node cannot read them where they lie.
            version: version of the weights, which is noted for every token from now on.
            adapter: the LoRA adapters, a safetensors image, uint8, where they are sent alone.
        """
        update: dict[str, Any] = {}
        if handle is not None:
            update = {"path": handle.path if image is None else self.copy.write(image), "crc32": handle.crc32}
        if adapter is not None:
            assert self.spec.lora is not None, "this engine expects no adapter"
            self.served.adapter = self.served.adapter or Path(tempfile.mkdtemp(prefix="affectree-adapter-"))
            write_adapter(self.served.adapter, adapter, self.spec.lora)
            update["adapter"] = str(self.served.adapter)
        with ending_with_vllm():
            return await self._become(version, update)

    async def receive(self, broadcast: BroadcastHandle, version: int) -> float:
        """Take new weights that the learner broadcasts at this moment and become `version`. Returns seconds, as `load` does."""
        with ending_with_vllm():
            return await self._become(version, {"broadcast": asdict(broadcast)})

    async def _become(self, version: int, update: dict[str, Any]) -> float:
        """Have vLLM load new weights while no request is handed to it; `update` has the fields of a `WeightUpdate`."""
        from vllm.distributed.weight_transfer.base import WeightTransferUpdateRequest

        async with self.continuing.gate.closed():
            # not `llm.pause_generation`, which sleeps for 20 ms to let outputs arrive: `mark` waits for exactly these
            await self.llm.engine_core.pause_scheduler_async(mode=self.spec.rollout.in_flight, clear_cache=False)
            began = time.perf_counter()
            await self.continuing.token_versions.mark()
            self.served.version = None  # stale until the whole sync has succeeded
            await self.llm.start_weight_update()
            await self.llm.update_weights(WeightTransferUpdateRequest(update_info=update))
            await self.llm.finish_weight_update(str(version))  # which forgets adapters
            if self.served.adapter is not None:
                await self.llm.add_lora(adapter_request(self.served.adapter, replace=True))
            await self.reset_caches()
            confirmed = await self.llm.get_weight_version()
            if confirmed != str(version):
                raise StaleEngine(f"{self.served.name}: asked for weights {version}, the engine reports {confirmed}")
            self.served.version = self.continuing.token_versions.version = version
            await self.llm.resume_generation()
            return time.perf_counter() - began

    async def reset_caches(self) -> None:
        """Forget keys, values and vision features that older weights computed; what is being drawn computes them again.

        Features of a vision side that no sync changes are kept, unless nothing may depend on what was drawn before.
        """
        if not await self.llm.reset_prefix_cache(reset_running_requests=self.spec.rollout.in_flight == "keep"):
            raise StaleEngine(f"{self.served.name}: the prefix cache could not be reset; requests are still running")
        if self.spec.determinism or not self.spec.model.frozen_vision:
            await self.llm.reset_encoder_cache()

    async def generate(self, prompt: Prompt, sampling: SamplingSpec, seat: Seat | None = None) -> tuple[float, Group]:
        """Draw one group. Returns the seconds that it took, and the group.

        Args:
            prompt: what is asked.
            sampling: how its completions are drawn.
            seat: its place in a batch, where runs are to be the same; all of the batch have to come.

        Raises:
            StaleEngine: before the first sync, or after one that failed.
            PromptTooLong: if the prompt leaves no room for a completion.
            MediaError: if a file of the prompt cannot be decoded.
            PromptMismatch: if the engine's expanded prompt is not the trainer's.
        """
        began = time.perf_counter()
        with self.clock, ending_with_vllm():
            async with self.continuing.conversation(prompt, sampling, seat) as ask:
                if sampling.branching and prompt.row.task == "rationale":
                    leaves = await sample_tree(ask, sampling.branching)
                else:
                    leaves = [Leaf(one, (), ()) for one in await ask(Written(), (), sampling.count, ())]
        samples = tuple(
            Sample(
                prompt_ids=prompt.encoded.ids,
                ids=leaf.written.ids,
                log_probs=leaf.written.log_probs,
                text=self._decode(leaf.written.ids),
                finish_reason=leaf.written.finish_reason,
                versions=leaf.written.versions,
                path=leaf.path,
                ends=leaf.ends,
            )
            for leaf in leaves
        )
        return time.perf_counter() - began, Group(prompt, samples)

    async def reason(
        self, prompt: Prompt, sampling: SamplingSpec, judge: Judge, seat: Seat | None = None
    ) -> tuple[float, Reasoned]:
        """Answer one prompt stage by stage, with `sampling.count` candidates at each stage. Returns the seconds that it took,
        and the answer. Takes and raises what `generate` does."""
        began = time.perf_counter()
        with self.clock, ending_with_vllm():
            async with self.continuing.conversation(prompt, sampling, seat) as ask:
                found = await reason(ask, self._decode, judge, sampling.count)
        return time.perf_counter() - began, found

    def encode(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Token ids and positions of rows' questions, in order, as a learner makes them."""
        encoder = self._encoder()
        return [encoder.encode(row) for row in rows]

    def fit(self, rows: Sequence[Row], limit: int) -> list[Fitted | str]:
        """The prompts of rows, in order, with media as large as fit into so many tokens; in place of a prompt that cannot be,
        why."""
        lengths = PromptLengths(self._encoder())
        return [lengths.prompt(row, limit) for row in rows]

    def _encoder(self) -> PromptEncoder:
        from transformers import AutoConfig, AutoProcessor

        checkpoint, trust = self.spec.checkpoint, self.spec.model.trust_remote_code
        processor = AutoProcessor.from_pretrained(checkpoint, trust_remote_code=trust)
        config = AutoConfig.from_pretrained(checkpoint, trust_remote_code=trust)
        return PromptEncoder(processor, config, self.requests.store, self.spec.dtype)

    def busy_seconds(self) -> float:
        """Seconds since the start in which there was something to do."""
        return self.clock.seconds()

    async def cache_counts(self) -> CacheCounts:
        """What the caches have saved since the start."""
        with ending_with_vllm():
            return CacheCounts(*await self.llm.engine_core.call_utility_async("cache_counts"))

    def shutdown(self) -> None:
        """Stop vLLM and remove what was written to disk."""
        if self.served.adapter is not None:
            shutil.rmtree(self.served.adapter)
        self.llm.shutdown()

    async def _hold(self) -> None:
        """Have vLLM gather requests until it is told to go on."""
        await self.llm.engine_core.pause_scheduler_async(mode="keep", clear_cache=False)

    def _decode(self, ids: np.ndarray) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)
