"""A row's question through the checkpoint's own processor, as transformers has it."""

from __future__ import annotations

from transformers import BatchFeature

from rollout.prompts import PromptEncoder, as_image
from rollout.rows.row import MEDIA_TAG, Row


def processed(row: Row, encoder: PromptEncoder) -> BatchFeature:
    """The row's question through the checkpoint's own processor."""
    pieces = MEDIA_TAG.split(row.question)
    content = [{"type": p} if n % 2 else {"type": "text", "text": p} for n, p in enumerate(pieces) if p]
    text = encoder.processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    clips = [encoder.store.get(medium) for medium in row.media if medium.kind == "video"]
    images = [as_image(encoder.store.get(medium)) for medium in row.media if medium.kind == "image"]
    metadata = [
        {"fps": clip.fps, "total_num_frames": len(clip.frames), "frames_indices": list(range(len(clip.frames)))} for clip in clips
    ]
    videos = {"videos": [clip.frames for clip in clips], "video_metadata": metadata, "do_sample_frames": False} if clips else {}
    return encoder.processor(text=[text], images=images or None, return_mm_token_type_ids=True, return_tensors="pt", **videos)
