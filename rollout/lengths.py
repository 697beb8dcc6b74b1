"""How many tokens prompts have, found without decoding, and how much smaller media have to be for a prompt to fit."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, replace

import numpy as np

from rewards.errors import UserError
from rollout.families import Grid
from rollout.media.medium import MOST_ASPECT, Kind, Medium, Shape
from rollout.media.probe import probe
from rollout.prompts import EncodedPrompt, PromptEncoder
from rollout.rows.data import RowData
from rollout.rows.row import Row, Turn

LEGIBLE = 112 * 112
"""Height x width that a video's frames keep as long as fewer frames will do: less of a face is hard to read."""
_ASPECTS = np.geomspace(1, MOST_ASPECT, 30)
_MARGIN = 1.25
"""What pictures may have more whose shape lies between those of `_ASPECTS`, since sides are rounded to whole patches."""
_SLOWEST = 1e-4
"""Frames a second of a video that is more than a day long: its times have the most digits."""


@dataclass(frozen=True)
class Bounds:
    """What prompts have at most, known from their texts alone: a token has at least one byte."""

    prompt: int
    """Tokens that the chat template puts around a question."""
    turn: int
    """Tokens that it puts around an earlier turn."""
    video: int
    image: int
    """Tokens of a video and of an image, whatever its file is like."""
    positions: int
    """Not of prompts: positions that the checkpoint was trained for."""

    def of(self, rows: RowData, reply: bool) -> np.ndarray:
        """Tokens of each row's prompt at most, int64 (N,); with its assistant turn, if `reply`."""
        written = rows.column("asked").astype(np.int64) + (rows.column("spoken") + 1 if reply else 0)
        media = self.video * rows.column("videos").astype(np.int64) + self.image * rows.column("images").astype(np.int64)
        return self.prompt + self.turn * rows.column("turns").astype(np.int64) + written + media


@dataclass(frozen=True)
class Fit:
    """How large a row's media may be for its prompt to fit."""

    frames: int
    """Frames of each video at most."""
    pixels: int
    """Height x width of each frame or image at most."""
    tokens: int
    """The prompt's, then."""
    fewer: bool
    """Whether a video loses frames."""

    def of(self, row: Row) -> Row:
        """The row with smaller media."""
        return replace(row, media=tuple(medium.at_most(self.frames, self.pixels) for medium in row.media))


@dataclass(frozen=True)
class Measured:
    """What was found about a row's prompt."""

    tokens: int = 0
    fit: Fit | None = None
    """How it fits, where it is too long and was to be fitted; None also where nothing helps."""
    problem: str = ""
    """Why it cannot be measured; empty if it can."""


@dataclass(frozen=True)
class Fitted:
    """A row's prompt, with media as large as fit."""

    row: Row
    encoded: EncodedPrompt
    change: str = ""
    """What of the media was given up, and why; empty where they fit as they are."""


class PromptLengths:
    """Counts the tokens of prompts: as many as `PromptEncoder.encode` gives them, which has to decode for that."""

    def __init__(self, encoder: PromptEncoder) -> None:
        self.encoder = encoder
        self.spec = encoder.store.spec
        self._shapes: dict[Medium, Shape] = {}
        self._grids: dict[tuple[Kind, int, int, int], tuple[int, int, int]] = {}

    def of(self, row: Row, reply: bool = False) -> int:
        """Tokens of a row's prompt; with its assistant turn, if `reply`. Raises `MediaError` for a file that cannot be used."""
        written = len(self.encoder.text_ids(row)) - len(row.media)
        spoken = len(self.encoder.reply_ids(row.reference or "")) if reply else 0
        return written + spoken + sum(map(self._of_medium, row.media))

    def shape(self, medium: Medium) -> Shape:
        """The frames that a medium will have; raises `MediaError` if it cannot be used."""
        found = self._shapes.get(medium)
        if found is None:
            found = self._shapes[medium] = probe(medium, medium.limited(self.spec))
        return found

    def bounds(self) -> Bounds:
        """What prompts have at most."""
        alone = Row(0, "", (), "")
        said = [replace(alone, context=(Turn(role, ""),)) for role in ("system", "user", "assistant")]
        prompt = self.of(alone)
        turn = max(self.of(row) for row in said) - prompt
        return Bounds(prompt, turn, self._most("video"), self._most("image"), self.encoder.positions)

    def fit(self, row: Row, limit: int, reply: bool = False) -> Fit | None:
        """The largest media with which a row's prompt fits; None if there is no room for the smallest pictures.

        Pictures are made smaller first, all in the same way. Videos whose frames would have fewer than `LEGIBLE` pixels are
        given fewer frames instead, and smaller ones only where two frames are still too many.

        Args:
            row: whose prompt is too long.
            limit: tokens that it may have.
            reply: its assistant turn is counted too.
        """
        unit = (self.encoder.patch * self.encoder.merge) ** 2
        most = max(1, self.spec.max_pixels // unit)
        pairs = max((self.shape(medium).frames // 2 for medium in row.media if medium.kind == "video"), default=1)

        def with_these(count: int, units: int) -> Fit:
            found = Fit(2 * count, units * unit, 0, fewer=count < pairs)
            return replace(found, tokens=self.of(found.of(row), reply))

        def too_long(count: int, units: int) -> bool:
            return with_these(count, units).tokens > limit

        legible = min(most, max(1, LEGIBLE // unit))
        kept = bisect(range(1, pairs + 1), False, key=lambda count: too_long(count, legible))
        if kept:
            size = bisect(range(legible, most + 1), False, key=lambda units: too_long(kept, units)) + legible - 1
        else:
            kept, size = 1, bisect(range(1, legible), False, key=lambda units: too_long(1, units))
        return with_these(kept, size) if size else None

    def measure(self, row: Row, limit: int, reply: bool, fit: bool) -> Measured:
        """Tokens of a row's prompt and, if it is to be fitted and has more than `limit`, how it fits."""
        try:
            tokens = self.of(row, reply)
            return Measured(tokens, self.fit(row, limit, reply) if fit and tokens > limit else None)
        except UserError as error:
            return Measured(problem=str(error))

    def prompt(self, row: Row, limit: int) -> Fitted | str:
        """The prompt of a row with media as large as fit into so many tokens; in place of a prompt that cannot be, why."""
        try:
            tokens = self.of(row)
            if tokens <= limit:
                return Fitted(row, self.encoder.encode(row))
            if (fit := self.fit(row, limit)) is None:
                return f"has {tokens} tokens, and {limit} are left for it, into which not even the smallest pictures fit"
            fitted = fit.of(row)
            change = f"its prompt of {tokens} tokens, of which {limit} fit, is cut to {fit.tokens}: {self.change(row, fitted)}"
            return Fitted(fitted, self.encoder.encode(fitted), change)
        except Exception as error:  # noqa: BLE001 - whatever befalls one row is no matter to others
            return str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"

    def change(self, row: Row, fitted: Row) -> str:
        """What of a row's media was given up so that its prompt fits."""
        pairs = [(self.shape(before), self.shape(after)) for before, after in zip(row.media, fitted.media, strict=True)]
        return ", ".join(f"{_seen(after)} instead of {_seen(before)}" for before, after in pairs if before != after)

    def _of_medium(self, medium: Medium) -> int:
        shape = self.shape(medium)
        return self._tokens(medium.kind, shape.frames, shape.height, shape.width, shape.fps)

    def _most(self, kind: Kind) -> int:
        frames = 1 if kind == "image" else self.spec.max_frames
        short = (self.spec.max_pixels / _ASPECTS) ** 0.5
        sides = np.maximum(28, np.round([short, short * _ASPECTS])).astype(int).T.tolist()
        found = [self._tokens(kind, frames, *size, _SLOWEST) for a, b in sides for size in ((a, b), (b, a))]
        return int(_MARGIN * max(found)) + 1

    def _tokens(self, kind: Kind, frames: int, height: int, width: int, fps: float) -> int:
        size = kind, frames, height, width
        if size not in self._grids:
            self._grids[size] = self._patches(*size)
        return len(self.encoder.expand(kind, Grid(*self._grids[size], fps))[0])

    def _patches(self, kind: Kind, frames: int, height: int, width: int) -> tuple[int, int, int]:
        """Patches in time, height and width: the checkpoint's own processor is shown tensors that have a shape and no content."""
        import torch

        shape = (3, height, width) if kind == "image" else (frames, 3, height, width)
        try:
            _, patches = self.encoder.processed(kind, torch.empty(shape, dtype=torch.uint8, device="meta"), "pt")
        except RuntimeError:  # it looks at the pictures, which a tensor without content cannot show
            _, patches = self.encoder.processed(kind, np.zeros(shape, dtype=np.uint8), "np")
        time, rows, columns = (int(count) for count in patches)
        return time, rows, columns


def _seen(shape: Shape) -> str:
    frames = f"{shape.frames} frames of " if shape.fps else ""
    return f"{frames}{shape.width} x {shape.height} pixels"
