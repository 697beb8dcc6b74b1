"""One question as one request, and the answer in what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rewards.tree.writer import rationale_grammar
from rl.evaluation.answers import Sampling
from rl.evaluation.endpoint.messages import image_parts, messages_of, metadata, video_part
from rl.evaluation.endpoint.server import Server
from rollout.media.medium import Clip
from rollout.rows.row import Row


class MalformedAnswer(Exception):
    """What a server sent back is no answer; says what it is."""


@dataclass(frozen=True)
class Reply:
    """What a server said."""

    text: str
    finish_reason: str
    tokens: int


def body(server: Server, row: Row, clips: Sequence[Clip], sampling: Sampling, longest: int, sample: int) -> dict[str, Any]:
    """The body of a request for one answer.

    vLLM is told everything that its defaults, or the checkpoint's, would else decide, so that it answers as this project's
    engines do.

    Args:
        server: whom it is for.
        row: what is asked.
        clips: frames of its media, in order.
        sampling: how the answer is drawn.
        longest: its tokens at most.
        sample: which of several answers it is.
    """
    plain: dict[str, Any] = {
        "model": server.model,
        "messages": messages_of(row, clips, video_part if server.is_vllm else image_parts),
        "temperature": sampling.temperature,
        "max_tokens": longest,
    }
    if sampling.temperature:
        plain["seed"] = sampling.seed + sample
    if not server.is_vllm:
        return plain
    plain |= {"top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0, "skip_special_tokens": True}
    if server.bans:
        plain["logit_bias"] = {str(token): -100.0 for token in server.bans}
    if sampling.structured and row.task == "rationale":
        plain["structured_outputs"] = {"grammar": rationale_grammar()}
    videos = [clip for clip, medium in zip(clips, row.media, strict=True) if medium.kind == "video"]
    if videos:
        plain["media_io_kwargs"] = {"video": {"num_frames": -1, "fps": videos[0].fps}}
        plain["mm_processor_kwargs"] = {"do_sample_frames": False}
        if server.needs_metadata:
            plain["mm_processor_kwargs"]["video_metadata"] = [metadata(clip) for clip in videos]
    return plain


def reply(content: Any) -> Reply:
    """The answer in what a server sent back, as read from JSON.

    Raises:
        MalformedAnswer: if there is none.
    """
    if isinstance(content, dict) and content.get("error"):
        raise MalformedAnswer(f"an error instead of an answer: {content['error']}")
    choices = content.get("choices") if isinstance(content, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise MalformedAnswer("no choices in the answer")
    message = choices[0].get("message")
    text = message.get("content") if isinstance(message, dict) else None
    if text is not None and not isinstance(text, str):
        raise MalformedAnswer("the answer's content is no text")
    if text is None and not isinstance(message, dict):
        raise MalformedAnswer("no message in the answer")
    usage = content.get("usage")
    tokens = usage.get("completion_tokens") if isinstance(usage, dict) else None
    whole = (text or "").encode(errors="replace").decode()  # half of an emoji, where an answer was cut off, is no text
    return Reply(whole, str(choices[0].get("finish_reason") or "stop"), tokens if isinstance(tokens, int) else 0)
