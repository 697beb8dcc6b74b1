"""vLLM's scheduler, of which nothing depends on when something is done: by the same requests it makes the same batches.

vLLM's own goes on drawing until it is told that a text has come to one of its stops, and begins with a request that is held to
a grammar when a thread has compiled that. vLLM makes this one in its engine process, by its name.
"""

from __future__ import annotations

from typing import Any

from vllm.tokenizers import cached_tokenizer_from_config
from vllm.v1.engine.detokenizer import IncrementalDetokenizer
from vllm.v1.request import Request, RequestStatus

from actors.engine.counting import CountingScheduler


class StepwiseScheduler(CountingScheduler):
    """Ends texts at their stops itself, and waits for grammars."""

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self._tokenizer = cached_tokenizer_from_config(self.vllm_config.model_config)
        self._texts: dict[str, IncrementalDetokenizer] = {}
        """Request -> its text so far; of those that have texts to stop at."""

    def add_request(self, request: Request) -> None:
        """Take a request, once its grammar is there."""
        grammar = request.structured_output_request
        while grammar is not None and not grammar.is_grammar_ready:
            pass  # which has waited a little
        if request.sampling_params is not None and request.sampling_params.stop:
            self._texts[request.request_id] = IncrementalDetokenizer.from_new_request(self._tokenizer, request)  # type: ignore
        super().add_request(request)

    def _update_request_with_output(self, request: Request, new_token_ids: list[int], is_stale: bool = False) -> Any:
        new_token_ids, stopped = super()._update_request_with_output(request, new_token_ids, is_stale)
        text = self._texts.get(request.request_id)
        if text is not None and not stopped and (stop := text.update(new_token_ids, stop_terminated=False)) is not None:
            request.status, request.stop_reason, stopped = RequestStatus.FINISHED_STOPPED, stop, True
        return new_token_ids, stopped

    def _free_request(self, request: Request, *arguments: Any, **settings: Any) -> Any:
        self._texts.pop(request.request_id, None)
        return super()._free_request(request, *arguments, **settings)
