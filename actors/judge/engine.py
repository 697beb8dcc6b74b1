"""An engine of the judge: a Ray actor around vLLM's AsyncLLM."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import ray

from actors.engine.busy_clock import BusyClock
from actors.engine.setup import ending_with_vllm, hardware_arguments, set_environment, vision_arguments
from actors.judge.chat import Chat, sees
from actors.logs import keep_output
from rewards.scorers.questions import Question
from rl.config.schema import JudgeConfig
from rollout.media.medium import ClipSpec, MediaError


@dataclass(frozen=True)
class JudgeSpec:
    """What an engine of the judge is told at its start."""

    judge: JudgeConfig
    clip: ClipSpec
    """How media are decoded."""
    clip_cache_bytes: int
    """Bytes of decoded media that are kept."""
    shared_clips: str
    """Name under which processes of a node share them."""
    media_per_prompt: Mapping[str, int]
    """The most videos and images that any question has, under `video` and `image`."""
    enforce_eager: bool
    """Do without compiling the model, and on GPUs without CUDA graphs."""


@dataclass(frozen=True)
class Answered:
    """What came of a question."""

    text: str = ""
    problem: str | None = None
    """Why there is no answer; None for one that ended by itself and so has the form that was asked for."""


class JudgeEngine:
    """Answers questions greedily, each held to its JSON schema."""

    def __init__(self, name: str, threads: int, cache_gib: float) -> None:
        """Import vLLM; `start` does the rest. The arguments are those of `RolloutEngine`."""
        self.clock = BusyClock()
        self._numbers = itertools.count()
        keep_output(name)
        set_environment(threads, cache_gib)
        import vllm.v1.engine.async_llm  # noqa: F401

    async def start(self, spec: JudgeSpec) -> str:
        """Load the model. Returns Ray's id of this node once the engine can be asked."""
        from transformers import AutoConfig, AutoProcessor
        from vllm.v1.engine.async_llm import AsyncLLM

        self.judge = spec.judge
        config = AutoConfig.from_pretrained(spec.judge.model)
        self.chat = Chat(
            AutoProcessor.from_pretrained(spec.judge.model), config, spec.clip, spec.clip_cache_bytes, spec.shared_clips
        )
        self.llm = AsyncLLM.from_engine_args(judge_arguments(spec, config))
        return ray.get_runtime_context().get_node_id()

    async def answer(self, question: Question) -> tuple[float, Answered]:
        """Answer one question. Returns the seconds that it took, and the answer."""
        began = time.perf_counter()
        with self.clock, ending_with_vllm():
            try:
                found = await self._ask(question)
            except (MediaError, ValueError) as error:  # vLLM's own for a question that is too long is a ValueError
                found = Answered(problem=f"the judge cannot be asked this: {error}")
        return time.perf_counter() - began, found

    async def _ask(self, question: Question) -> Answered:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind, StructuredOutputsParams

        await self.chat.decode(question)
        judge, request = self.judge, self.chat.request(question)
        length = len(request["prompt_token_ids"])
        if length + judge.max_tokens > judge.max_model_len:
            return Answered(
                problem=f"a question of {length} tokens leaves no room for an answer of {judge.max_tokens} within "
                f"rewards.judge.max_model_len = {judge.max_model_len}"
            )
        params = SamplingParams(
            max_tokens=judge.max_tokens,
            temperature=0.0,
            structured_outputs=StructuredOutputsParams(json=dict(question.schema)),
            output_kind=RequestOutputKind.FINAL_ONLY,
        )
        name = f"question-{next(self._numbers)}"
        running: Any = await self.llm.add_request(name, cast(Any, request), params)
        try:
            (output,) = (await running.get()).outputs
        except asyncio.CancelledError:
            await self.llm.abort(name)
            raise
        if output.finish_reason != "stop":
            return Answered(problem=f"the judge's answer was cut off after {len(output.token_ids)} tokens: {output.text!r:.200}")
        return Answered(output.text)

    def busy_seconds(self) -> float:
        """Seconds since the start in which there was something to do."""
        return self.clock.seconds()

    def shutdown(self) -> None:
        """Stop vLLM."""
        self.llm.shutdown()


def judge_arguments(spec: JudgeSpec, config: Any) -> Any:
    """vLLM's `AsyncEngineArgs` for a judge whose checkpoint has this config."""
    from vllm import AsyncEngineArgs
    from vllm.config import StructuredOutputsConfig

    judge = spec.judge
    return AsyncEngineArgs(
        model=judge.model,
        dtype=cast(Any, judge.dtype),
        seed=0,
        max_model_len=judge.max_model_len,
        max_num_seqs=judge.max_sequences,
        max_num_batched_tokens=max(8192, judge.max_model_len),
        gpu_memory_utilization=judge.gpu_memory,
        enforce_eager=spec.enforce_eager,
        generation_config="vllm",
        # blanks between the parts of an answer may go on for ever
        structured_outputs_config=StructuredOutputsConfig(backend="xgrammar", disable_any_whitespace=True),
        disable_log_stats=True,
        **hardware_arguments(judge.tensor_parallel),
        **(vision_arguments(config.model_type, spec.media_per_prompt) if sees(config) else {}),
    )
