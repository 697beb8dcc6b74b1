"""The rollout engine: a Ray actor around vLLM's AsyncLLM."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import ray

from actors.engine.adapters import adapter_request, write_adapter
from actors.engine.busy_clock import BusyClock
from actors.engine.gate import SyncGate
from actors.engine.requests import Requests, log_probs
from actors.engine.setup import EngineSpec, ending_with_vllm, engine_arguments, set_environment
from actors.engine.token_versions import TokenVersions
from actors.logs import keep_output
from actors.weights.handles import BroadcastHandle, LocalCopy, WeightHandle
from rollout.prompt_checks import check_prompt_fits, check_prompt_ids
from rollout.prompts import EncodedPrompt, PromptEncoder
from rollout.reasoning import Judge, Reasoned, reason
from rollout.rows import Row
from rollout.samples import Group, Prompt, Sample, SamplingSpec
from rollout.tree_sampling import Ask, Leaf, Written, sample_tree


class StaleEngine(RuntimeError):
    """The engine has not been given weights since it started, or a sync failed half way."""


class RolloutEngine:
    """Generates groups with vLLM. It serves nothing until its first sync has succeeded."""

    def __init__(self, name: str, threads: int, cache_gib: float) -> None:
        """Import vLLM, which takes longer than anything else about an engine; `start` does the rest.

        Args:
            name: as the log calls it.
            threads: threads that compute.
            cache_gib: memory for keys and values, on CPUs.
        """
        self.name = name
        self.version: int | None = None
        """Version of the weights that it serves; None while it is stale."""
        self.clock = BusyClock()
        self.copy = LocalCopy()
        self.adapter: Path | None = None
        """Folder where vLLM reads the policy's LoRA adapter; None if none was sent."""
        keep_output(name)
        set_environment(threads, cache_gib)
        import vllm.v1.engine.async_llm  # noqa: F401

    async def start(self, spec: EngineSpec) -> str:
        """Load the model. Returns Ray's id of this node once the engine can be asked."""
        from transformers import AutoConfig
        from vllm.distributed.weight_transfer.base import WeightTransferInitRequest
        from vllm.v1.engine.async_llm import AsyncLLM

        config = AutoConfig.from_pretrained(spec.checkpoint, trust_remote_code=spec.model.trust_remote_code)
        self.requests = Requests(config, spec.clip, spec.clip_cache_bytes)
        self.spec = spec
        self.gate = SyncGate()
        self._numbers = itertools.count()
        self.llm = AsyncLLM.from_engine_args(engine_arguments(spec, config.model_type))
        self.token_versions = TokenVersions(self.llm)
        self.tokenizer: Any = self.llm.get_tokenizer()
        await self.llm.init_weight_transfer_engine(WeightTransferInitRequest())
        if spec.serve_as_loaded:
            self.version = 0
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
            self.adapter = self.adapter or Path(tempfile.mkdtemp(prefix="affectree-adapter-"))
            write_adapter(self.adapter, adapter, self.spec.lora)
            update["adapter"] = str(self.adapter)
        with ending_with_vllm():
            return await self._become(version, update)

    async def receive(self, broadcast: BroadcastHandle, version: int) -> float:
        """Take new weights that the learner broadcasts at this moment and become `version`. Returns seconds, as `load` does."""
        with ending_with_vllm():
            return await self._become(version, {"broadcast": asdict(broadcast)})

    async def _become(self, version: int, update: dict[str, Any]) -> float:
        """Have vLLM load new weights while no request is handed to it; `update` has the fields of a `WeightUpdate`."""
        from vllm.distributed.weight_transfer.base import WeightTransferUpdateRequest

        async with self.gate.closed():
            # not `llm.pause_generation`, which sleeps for 20 ms to let outputs arrive: `mark` waits for exactly these
            await self.llm.engine_core.pause_scheduler_async(mode=self.spec.rollout.in_flight, clear_cache=False)
            began = time.perf_counter()
            await self.token_versions.mark()
            self.version = None  # stale until the whole sync has succeeded
            await self.llm.start_weight_update()
            await self.llm.update_weights(WeightTransferUpdateRequest(update_info=update))
            await self.llm.finish_weight_update(str(version))  # which forgets adapters
            if self.adapter is not None:
                await self.llm.add_lora(adapter_request(self.adapter, replace=True))
            await self.reset_caches()
            confirmed = await self.llm.get_weight_version()
            if confirmed != str(version):
                raise StaleEngine(f"{self.name}: asked for weights {version}, the engine reports {confirmed}")
            self.version = self.token_versions.version = version
            await self.llm.resume_generation()
            return time.perf_counter() - began

    async def reset_caches(self) -> None:
        """Forget keys, values and vision features that older weights computed; what is being drawn computes them again."""
        if not await self.llm.reset_prefix_cache(reset_running_requests=self.spec.rollout.in_flight == "keep"):
            raise StaleEngine(f"{self.name}: the prefix cache could not be reset; requests are still running")
        await self.llm.reset_encoder_cache()

    async def generate(self, prompt: Prompt, sampling: SamplingSpec) -> tuple[float, Group]:
        """Draw one group. Returns the seconds that it took, and the group.

        Raises:
            StaleEngine: before the first sync, or after one that failed.
            PromptTooLong: if the prompt leaves no room for a completion.
            MediaError: if a file of the prompt cannot be decoded.
            PromptMismatch: if the engine's expanded prompt is not the trainer's.
        """
        began = time.perf_counter()
        with self.clock, ending_with_vllm():
            ask = self._asker(prompt, sampling)
            if sampling.branching and prompt.row.task == "rationale":
                leaves = await sample_tree(ask, sampling.branching)
            else:
                leaves = [Leaf(one, (), ()) for one in await ask(Written(), sampling.count, ())]
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

    async def reason(self, prompt: Prompt, sampling: SamplingSpec, judge: Judge) -> tuple[float, Reasoned]:
        """Answer one prompt stage by stage, with `sampling.count` candidates at each stage. Returns the seconds that it took,
        and the answer. Raises what `generate` does."""
        began = time.perf_counter()
        with self.clock, ending_with_vllm():
            found = await reason(self._asker(prompt, sampling), self._decode, judge, sampling.count)
        return time.perf_counter() - began, found

    def encode(self, rows: Sequence[Row]) -> list[EncodedPrompt]:
        """Token ids and positions of rows' questions, in order, as a learner makes them."""
        from transformers import AutoConfig, AutoProcessor

        checkpoint, trust = self.spec.checkpoint, self.spec.model.trust_remote_code
        processor = AutoProcessor.from_pretrained(checkpoint, trust_remote_code=trust)
        config = AutoConfig.from_pretrained(checkpoint, trust_remote_code=trust)
        encoder = PromptEncoder(processor, config, self.requests.store, self.spec.dtype)
        return [encoder.encode(row) for row in rows]

    def busy_seconds(self) -> float:
        """Seconds since the start in which there was something to do."""
        return self.clock.seconds()

    def shutdown(self) -> None:
        """Stop vLLM and remove what was written to disk."""
        if self.adapter is not None:
            shutil.rmtree(self.adapter)
        self.llm.shutdown()

    def _decode(self, ids: np.ndarray) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)

    def _asker(self, prompt: Prompt, sampling: SamplingSpec) -> Ask:
        """A function that asks vLLM to continue what has been written after a prompt."""
        check_prompt_fits(prompt, self.spec.rollout.max_model_len)

        async def ask(written: Written, count: int, headers: Sequence[str]) -> Sequence[Written]:
            if len(written.ids) >= sampling.max_tokens:
                return [Written(finish_reason="length")] * count
            while True:
                found = await self._request(prompt, sampling, written, count, tuple(headers))
                if found is not None:
                    return found

        return ask

    async def _request(
        self, prompt: Prompt, sampling: SamplingSpec, written: Written, count: int, headers: tuple[str, ...]
    ) -> list[Written] | None:
        """So many continuations of what has been written; None if a sync aborted them."""
        name = f"{prompt.key}-{next(self._numbers)}"
        params = self.requests.sampling_params(prompt, sampling, count, written.ids, headers)
        with ExitStack() as until_done:
            async with self.gate.passing():
                if self.version is None:
                    raise StaleEngine(f"{self.name} has no synced weights; it serves nothing until it has")
                until_done.enter_context(self.token_versions.watched(name))
                request: Any = self.requests.request(prompt, written.ids)
                adapter = adapter_request(self.adapter)
                running = await self.llm.add_request(name, request, params, lora_request=adapter)
            try:
                output: Any = await running.get()
            except asyncio.CancelledError:
                await self.llm.abort(name)
                raise
            if any(one.finish_reason == "abort" for one in output.outputs):
                return None
            versions = [self.token_versions.spans(name, one.index, len(one.token_ids)) for one in output.outputs]
        check_prompt_ids(prompt, written.ids, np.array(output.prompt_token_ids, dtype=np.int64))
        return [
            Written(
                np.array(one.token_ids, dtype=np.int64),
                log_probs(one),
                spans,
                str(one.finish_reason),
                one.stop_reason if one.stop_reason in headers else None,
            )
            for one, spans in zip(output.outputs, versions, strict=True)
        ]
