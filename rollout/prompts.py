"""Rows -> prompts: the engine and the learner see the same frames, token ids and positions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from cachetools import LRUCache
from PIL import Image

from rollout.families import Pixels, family_of
from rollout.media import Clip, ClipSpec, Medium, decode
from rollout.positions import VisionBlock, mrope_positions
from rollout.row_values import MEDIA_TAG
from rollout.rows import Row

QUESTIONS_KEPT = 16_384
"""Questions whose token ids a process remembers, about 1 KB each."""


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


class MediaStore:
    """Decodes a file once and keeps its frames, up to a budget in bytes. Those that were used longest ago go first."""

    def __init__(self, spec: ClipSpec, budget_bytes: int) -> None:
        self.spec = spec
        self.budget_bytes = budget_bytes
        self._clips = cache_of_bytes(budget_bytes, lambda clip: clip.frames.nbytes)

    def get(self, medium: Medium) -> Clip:
        """The file's frames; raises `MediaError` if it cannot be decoded."""
        clip: Clip | None = self._clips.get(medium)
        if clip is None:
            clip = self._clips[medium] = decode(medium, self.spec)
        return clip


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
        self.expand = family_of(config.model_type).expansion(config, self._plain_ids, engine_dtype)
        self._pixels = cache_of_bytes(store.budget_bytes, lambda pixels: pixels.values.nbytes)
        self._text_ids: LRUCache[str, np.ndarray] = LRUCache(QUESTIONS_KEPT)

    def encode(self, row: Row) -> EncodedPrompt:
        """Token ids and positions of a row's question.

        Raises:
            MediaError: if one of the row's files cannot be decoded.
        """
        text_ids = self._tokenize(row.question)
        media = iter(row.media)
        ids: list[int] = []
        blocks: list[VisionBlock] = []
        for token in text_ids.tolist():
            if token not in self.vision_tokens:
                ids.append(token)
                continue
            medium = next(media)
            written, laid_out = self.expand(medium, self.pixels(medium))
            ids += written
            blocks += laid_out
        expanded = np.array(ids, dtype=np.int64)
        positions = mrope_positions(np.isin(expanded, self.vision_tokens), blocks, self.merge)
        return EncodedPrompt(text_ids, expanded, positions, row.media)

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
        """Normalised patches of a file, which are kept within the same budget of bytes as the store's frames."""
        found: Pixels | None = self._pixels.get(medium)
        if found is None:
            found = self._pixels[medium] = self._process(medium, self.store.get(medium))
        return found

    def _process(self, medium: Medium, clip: Clip) -> Pixels:
        # size is left to the checkpoint's processor, exactly as the engine's copy of it does
        if medium.kind == "image":
            out = self.processor.image_processor(images=[as_image(clip)], return_tensors="np")
            values, grid = out["pixel_values"], out["image_grid_thw"][0]
        else:
            out = self.processor.video_processor(
                videos=[clip.frames], do_sample_frames=False, return_metadata=False, return_tensors="np"
            )
            values, grid = out["pixel_values_videos"], out["video_grid_thw"][0]
        time, height, width = (int(n) for n in grid)
        return Pixels(np.asarray(values, dtype=np.float32), (time, height, width), clip.fps)

    def _plain_ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)

    def _tokenize(self, question: str) -> np.ndarray:
        ids: np.ndarray | None = self._text_ids.get(question)
        if ids is None:
            content = _chat_content(question)
            text = self.processor.apply_chat_template(
                [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
            )
            ids = np.array(self._plain_ids(text), dtype=np.int64)
            self._text_ids[question] = ids
        return ids


def cache_of_bytes(budget: int, size: Callable[[Any], int]) -> LRUCache[Any, Any]:
    """A cache that drops what was used longest ago. One value that is larger than the whole budget is kept alone.

    Args:
        budget: bytes that all values together may have.
        size: the bytes of a value.
    """
    most = max(1, budget)
    return LRUCache(most, getsizeof=lambda value: min(size(value), most))


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


def _chat_content(question: str) -> list[dict[str, str]]:
    """Split a question at its `<video>` and `<image>` tags into chat-template content."""
    pieces = MEDIA_TAG.split(question)  # text, kind, text, kind, ...
    return [{"type": piece} if place % 2 else {"type": "text", "text": piece} for place, piece in enumerate(pieces) if piece]
