"""Questions to a judge as vLLM's requests."""

from __future__ import annotations

from typing import Any

from actors.engine.requests import Requests
from rewards.scorers.questions import Question
from rollout.families import FAMILIES
from rollout.media.medium import ClipSpec, Medium

_DATA = "AFFECTREE_DATA"
"""Stands for the question's data while the chat template is applied, so that the template's own tokens are known from these."""


class Chat:
    """Applies a checkpoint's chat template to questions."""

    def __init__(self, processor: Any, config: Any, clip: ClipSpec, clip_cache_bytes: int, shared_clips: str = "") -> None:
        """
        Args:
            processor: the checkpoint's, or the tokenizer of one that has no other.
            config: the checkpoint's own, as transformers loads it.
            clip: how media are decoded.
            clip_cache_bytes: bytes of decoded media that are kept.
            shared_clips: name under which processes of this node share them; empty for none.
        """
        self.processor = processor
        self.tokenizer = getattr(processor, "tokenizer", processor)
        self.sees = Requests(config, clip, clip_cache_bytes, shared_clips) if sees(config) else None

    async def decode(self, question: Question) -> None:
        """Decode a question's media in threads, so that its request need not; raises `MediaError` as `request` does."""
        if self.sees is not None:
            await self.sees.decode(_media(question))

    def request(self, question: Question) -> dict[str, Any]:
        """vLLM's request for an answer; raises `MediaError` if a file of the question cannot be decoded."""
        if self.sees is None:
            return {"prompt_token_ids": self._ids(question, ())}
        media = _media(question)
        return self.sees.about(self._ids(question, media), media)

    def _ids(self, question: Question, media: tuple[Medium, ...]) -> list[int]:
        """The token ids of a question. Nothing in its data counts as a special token, so that it cannot end its turn."""
        data: Any = [{"type": medium.kind} for medium in media] + [{"type": "text", "text": _DATA}]
        if self.processor is self.tokenizer:
            data = _DATA
        text = self.processor.apply_chat_template(
            [{"role": "system", "content": question.system}, {"role": "user", "content": data}],
            tokenize=False,
            add_generation_prompt=True,
            enable_thinking=False,  # the answer's form leaves no room for it; templates that do not know it ignore it
        )
        before, _, after = text.partition(_DATA)
        ids: list[int] = []
        for piece, plain in ((before, False), (question.user, True), (after, False)):
            ids += self.tokenizer(piece, add_special_tokens=False, split_special_tokens=plain).input_ids
        return ids


def _media(question: Question) -> tuple[Medium, ...]:
    """What a question shows, as those who are judged are shown it, whatever else these are held to."""
    return tuple(Medium(**vars(one)) for one in question.media)


def sees(config: Any) -> bool:
    """Whether a checkpoint is shown media: those of the policy's families are."""
    return config.model_type in FAMILIES
