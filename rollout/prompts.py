"""Rows -> prompts: the engine and the learner see the same frames, token ids and positions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

import numpy as np
from cachetools import LRUCache
from PIL import Image

from rollout.families import Grid, Pixels, family_of
from rollout.media.medium import Clip, Kind, Medium
from rollout.media.store import MediaStore, cache_of_bytes
from rollout.positions import VisionBlock, mrope_positions
from rollout.rows.row import MEDIA_TAG, Row, Turn

TEXT = -1
"""In `EncodedPrompt.medium_at`: a token that shows nothing."""
CONVERSATIONS_KEPT = 16_384
"""Conversations whose token ids a process remembers, about 1 KB each."""


@dataclass(frozen=True)
class EncodedPrompt:
    """One question, ready to ask and ready to learn from. It names its media and holds no copy of them."""

    text_ids: np.ndarray
    """int64 (m,): what the engine is sent, with one placeholder for each video or image."""
    ids: np.ndarray
    """int64 (n,): what the engine has to report and the learner uses, with all placeholders expanded."""
    positions: np.ndarray
    """int64 (3, n): positions of `ids` in time, height and width."""
    media: tuple[Medium, ...]
    """The videos and images that it is about, in the order of their placeholders."""
    medium_at: np.ndarray
    """int64 (n,): which of `media` each of `ids` shows a part of; -1 for text."""


class PromptEncoder:
    """Applies a checkpoint's own chat template, tokenizer and media processors to rows."""

    def __init__(self, processor: Any, config: Any, store: MediaStore, engine_dtype: str = "float32") -> None:
        """
        Args:
            processor: the checkpoint's, with its tokenizer.
            config: the checkpoint's.
            store: where frames come from.
            engine_dtype: what the engine computes in, float32 or bfloat16; some families' positions depend on it.

        Raises:
            FamilyError: if the checkpoint is of a family that is not supported.
        """
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.store = store
        self.vision_tokens = (int(config.video_token_id), int(config.image_token_id))
        """Ids of the placeholders whose embeddings come from the vision tower."""
        self.banned_ids = tuple(vision_token_ids(config))
        """Ids that are never sampled."""
        self.merge: int = config.vision_config.spatial_merge_size
        self.patch: int = config.vision_config.patch_size
        self.positions: int = config.get_text_config().max_position_embeddings
        """Positions that the checkpoint was trained for: no sequence should be longer."""
        self.expand = family_of(config.model_type).expansion(config, self._plain_ids, engine_dtype)
        self._lock = Lock()
        self._pixels = cache_of_bytes(store.budget_bytes, lambda pixels: pixels.values.nbytes)
        self._text_ids: LRUCache[tuple[tuple[Turn, ...], str], np.ndarray] = LRUCache(CONVERSATIONS_KEPT)

    def encode(self, row: Row) -> EncodedPrompt:
        """Token ids and positions of a row's conversation, up to where the model answers its question.

        Raises:
            MediaError: if one of the row's files cannot be decoded.
        """
        text_ids = self.text_ids(row)
        media = iter(enumerate(row.media))
        ids: list[int] = []
        medium_at: list[int] = []
        blocks: list[VisionBlock] = []
        for token in text_ids.tolist():
            if token not in self.vision_tokens:
                ids.append(token)
                medium_at.append(TEXT)
                continue
            place, medium = next(media)
            written, laid_out = self.expand(medium.kind, self.pixels(medium).grid)
            ids += written
            medium_at += [place] * len(written)
            blocks += laid_out
        expanded, places = np.array(ids, dtype=np.int64), np.array(medium_at, dtype=np.int64)
        shows = np.isin(expanded, self.vision_tokens)
        return EncodedPrompt(
            text_ids, expanded, mrope_positions(shows, blocks, self.merge), row.media, np.where(shows, places, TEXT)
        )

    def text_ids(self, row: Row) -> np.ndarray:
        """Token ids of a row's conversation with one placeholder for each of its media, int64 (m,)."""
        conversation = row.context, row.question
        ids: np.ndarray | None = self._text_ids.get(conversation)
        if ids is None:
            turns = (*row.context, Turn("user", row.question))
            messages = [{"role": turn.role, "content": _chat_content(turn)} for turn in turns]
            text = self.processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
            ids = np.array(self._plain_ids(text), dtype=np.int64)
            self._text_ids[conversation] = ids
        return ids

    def reply_ids(self, text: str) -> np.ndarray:
        """Token ids of an assistant turn with its end-of-turn token, int64 (k,)."""
        return np.array([*self._plain_ids(text), self.tokenizer.eos_token_id], dtype=np.int64)

    def decode(self, ids: np.ndarray | list[int]) -> str:
        """The text that token ids write, without special tokens."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))

    def token_bytes(self, ids: np.ndarray) -> list[bytes]:
        """The bytes that each token adds to the text; none for special tokens and for ids without a token.

        This holds for byte-level tokenizers, as Qwen's is. The bytes need not be valid UTF-8, neither one by one nor together.
        """
        special, to_byte = set(self.tokenizer.all_special_ids), _byte_of_character()
        tokens = self.tokenizer.convert_ids_to_tokens(ids.tolist())
        return [
            b"" if token is None or int(i) in special else bytes(to_byte[character] for character in token)
            for i, token in zip(ids, tokens, strict=True)
        ]

    def pixels(self, medium: Medium) -> Pixels:
        """Normalised patches of a file, which are kept within the same budget of bytes as the store's frames. Threads may ask."""
        with self._lock:
            known: Pixels | None = self._pixels.get(medium)
        if known is not None:
            return known
        found = self._process(medium, self.store.get(medium))
        with self._lock:
            self._pixels[medium] = found
        return found

    def processed(self, kind: Kind, shown: Any, tensors: str) -> tuple[Any, Any]:
        """(patches, their number in time, height and width) as the checkpoint's own processor makes them.

        Size is left to it, exactly as the engine's copy does it.

        Args:
            kind: what is shown.
            shown: an image, or a video's frames.
            tensors: what is returned, numpy's arrays (`np`) or torch's (`pt`).
        """
        if kind == "image":
            out = self.processor.image_processor(images=[shown], return_tensors=tensors)
            return out["pixel_values"], out["image_grid_thw"][0]
        out = self.processor.video_processor(
            videos=[shown], do_sample_frames=False, return_metadata=False, return_tensors=tensors
        )
        return out["pixel_values_videos"], out["video_grid_thw"][0]

    def _process(self, medium: Medium, clip: Clip) -> Pixels:
        shown = as_image(clip) if medium.kind == "image" else clip.frames
        values, patches = self.processed(medium.kind, shown, "np")
        time, height, width = (int(count) for count in patches)
        return Pixels(np.asarray(values, dtype=np.float32), Grid(time, height, width, clip.fps))

    def _plain_ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)


@lru_cache(maxsize=1)
def _byte_of_character() -> dict[str, int]:
    """How byte-level BPE writes bytes as characters (GPT-2): printable ones as themselves, others from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


def vision_token_ids(config: Any) -> list[int]:
    """Ids of the tokens that stand for pictures. They are never sampled, since no feature would belong to them."""
    names = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")
    return sorted({int(getattr(config, name)) for name in names if getattr(config, name, None) is not None})


def as_image(clip: Clip) -> Image.Image:
    """The one frame of an image, as the processors of engine and learner take it."""
    return Image.fromarray(clip.frames[0])


def _chat_content(turn: Turn) -> list[dict[str, str]]:
    """A turn as chat-template content, in which a user's `<video>` and `<image>` tags are media."""
    if turn.role != "user":
        return [{"type": "text", "text": turn.text}]
    pieces = MEDIA_TAG.split(turn.text)  # text, kind, text, kind, ...
    return [{"type": piece} if place % 2 else {"type": "text", "text": piece} for place, piece in enumerate(pieces) if piece]
