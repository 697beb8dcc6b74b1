"""Rows -> prompts: the same frames, token ids and positions for the engine and the learner."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from rollout.positions import mrope_positions
from rollout.rows import VIDEO_TAG, Row
from rollout.video import Clip, ClipSpec, decode_clip


@dataclass(frozen=True)
class Pixels:
    """One clip as the vision tower takes it."""

    values: np.ndarray
    """float32 (patches, channels x temporal patch x patch x patch)."""
    grid: tuple[int, int, int]
    """Patches in time, height and width, before spatial merging."""
    seconds_per_grid: float


@dataclass(frozen=True)
class EncodedPrompt:
    """One question, ready to ask and ready to learn from. Clips are named, never copied in."""

    text_ids: np.ndarray
    """int64 (m,): one placeholder a video; what the engine is sent."""
    ids: np.ndarray
    """int64 (n,): placeholders expanded; what the engine must report and the learner uses."""
    positions: np.ndarray
    """int64 (3, n)."""
    clips: tuple[str, ...]
    """Keys of the clips, in the order of their placeholders."""


class ClipStore:
    """Decodes each clip once and keeps the frames, up to a budget in bytes (least recently used go first)."""

    def __init__(self, spec: ClipSpec, budget_bytes: int) -> None:
        self.spec = spec
        self.budget_bytes = budget_bytes
        self._clips: OrderedDict[str, Clip] = OrderedDict()
        self._bytes = 0

    def get(self, key: str) -> Clip:
        """Frames of the file `key`; raises `MediaError` if it cannot be decoded."""
        clip = self._clips.get(key)
        if clip is None:
            clip = decode_clip(Path(key), self.spec)
            self._clips[key] = clip
            self._bytes += clip.frames.nbytes
            while self._bytes > self.budget_bytes and len(self._clips) > 1:
                _, oldest = self._clips.popitem(last=False)
                self._bytes -= oldest.frames.nbytes
        self._clips.move_to_end(key)
        return clip


class PromptEncoder:
    """Applies a checkpoint's own chat template, tokenizer and video processor to rows."""

    def __init__(self, processor: Any, config: Any, clips: ClipStore) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.clips = clips
        self.video_token: int = config.video_token_id
        self.banned_ids = tuple(vision_token_ids(config))
        self.merge: int = config.vision_config.spatial_merge_size
        self.tokens_per_second: float = getattr(config.vision_config, "tokens_per_second", 1.0)
        self._pixels: OrderedDict[str, Pixels] = OrderedDict()
        self._pixel_bytes = 0
        self._text_ids: dict[str, np.ndarray] = {}

    def encode(self, row: Row) -> EncodedPrompt:
        """Token ids and positions of a row's question.

        Raises:
            MediaError: if one of the row's clips cannot be decoded.
        """
        text_ids = self._tokenize(row.question)
        keys = tuple(str(path) for path in row.videos)
        pixels = [self.pixels(key) for key in keys]
        grids = np.array([p.grid for p in pixels], dtype=np.int64).reshape(-1, 3)
        ids = self._expand(text_ids, grids)
        seconds = tuple(p.seconds_per_grid for p in pixels)
        positions = mrope_positions(ids, self.video_token, grids, seconds, self.tokens_per_second, self.merge)
        return EncodedPrompt(text_ids, ids, positions, keys)

    def reply_ids(self, text: str) -> np.ndarray:
        """Token ids of an assistant turn with its end-of-turn token, int64 (k,)."""
        ids = self.tokenizer(text, add_special_tokens=False).input_ids
        return np.array([*ids, self.tokenizer.eos_token_id], dtype=np.int64)

    def decode(self, ids: np.ndarray | list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)

    def token_bytes(self, ids: np.ndarray) -> list[bytes]:
        """What each token adds to the text, in bytes; nothing for special tokens and ids without a token.

        For byte-level tokenizers, as Qwen's is: the bytes need not be valid UTF-8, token by token or at all.
        """
        special, to_byte = set(self.tokenizer.all_special_ids), _byte_of_character()
        tokens = self.tokenizer.convert_ids_to_tokens(ids.tolist())
        return [
            b"" if token is None or int(i) in special else bytes(to_byte[character] for character in token)
            for i, token in zip(ids, tokens, strict=True)
        ]

    def pixels(self, key: str) -> Pixels:
        """Normalised patches of a clip; kept up to the clips' budget in bytes (least recently used go first)."""
        found = self._pixels.get(key)
        if found is None:
            clip = self.clips.get(key)
            # size is left to the checkpoint's processor, exactly as the engine's copy of it does
            out = self.processor.video_processor(
                videos=[clip.frames], do_sample_frames=False, return_metadata=False, return_tensors="np"
            )
            time, height, width = (int(n) for n in out["video_grid_thw"][0])
            seconds = self.processor.video_processor.temporal_patch_size / clip.fps
            found = Pixels(np.asarray(out["pixel_values_videos"], dtype=np.float32), (time, height, width), seconds)
            self._pixels[key] = found
            self._pixel_bytes += found.values.nbytes
            while self._pixel_bytes > self.clips.budget_bytes and len(self._pixels) > 1:
                _, oldest = self._pixels.popitem(last=False)
                self._pixel_bytes -= oldest.values.nbytes
        self._pixels.move_to_end(key)
        return found

    def _tokenize(self, question: str) -> np.ndarray:
        ids = self._text_ids.get(question)
        if ids is None:
            content = _parts(question)
            text = self.processor.apply_chat_template(
                [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
            )
            ids = np.array(self.tokenizer(text, add_special_tokens=False).input_ids, dtype=np.int64)
            self._text_ids[question] = ids
        return ids

    def _expand(self, text_ids: np.ndarray, grids: np.ndarray) -> np.ndarray:
        """Replace each video placeholder by one per merged patch."""
        counts = np.ones(len(text_ids), dtype=np.int64)
        counts[text_ids == self.video_token] = grids.prod(axis=1) // self.merge**2
        return np.repeat(text_ids, counts)


@lru_cache(maxsize=1)
def _byte_of_character() -> dict[str, int]:
    """How byte-level BPE writes bytes as characters (GPT-2): printable ones as themselves, others from U+0100 on."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + n): byte for n, byte in enumerate(others)}


def vision_token_ids(config: Any) -> list[int]:
    """Ids that stand for pictures: never sampled, since no feature would belong to them."""
    names = ("vision_start_token_id", "vision_end_token_id", "image_token_id", "video_token_id")
    return sorted({int(getattr(config, name)) for name in names if getattr(config, name, None) is not None})


def _parts(question: str) -> list[dict[str, str]]:
    """Split a question at its `<video>` tags into chat-template content."""
    parts: list[dict[str, str]] = []
    for index, text in enumerate(question.split(VIDEO_TAG)):
        if index:
            parts.append({"type": "video"})
        if text:
            parts.append({"type": "text", "text": text})
    return parts
