"""Which place of a conversation shows which video or image.

In a user turn, each `<video>` or `<image>` takes the next medium of the row's columns, over all turns in order. Media of a kind
for which there is no tag go first. Anything else must agree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rollout.media.medium import KINDS, Kind, Medium, is_image
from rollout.rows.conversation import Place, RawTurn
from rollout.rows.literals import as_prose
from rollout.rows.media_columns import read_medium
from rollout.rows.row import MEDIA_TAG, RowError, Turn

_WRITTEN_OUT = re.compile(r"<\|vision_start\|><\|(video|image)_pad\|><\|vision_end\|>")
"""A tag as Qwen's chat template writes it."""


@dataclass(frozen=True)
class Placed:
    """A conversation in which every medium has its place."""

    turns: tuple[Turn, ...]
    media: tuple[Medium, ...]
    """In the order of the tags of all turns."""
    rewritten: bool
    """Whether a text held a tag or a special token as prose."""


def place_media(turns: Sequence[RawTurn], given: Mapping[Kind, Sequence[Medium]], where: str, root: Path) -> Placed:
    """Bring turns and media together.

    Args:
        turns: the conversation.
        given: the media of the row's columns.
        where: the file and the row, for errors.
        root: folder that relative paths of typed parts start from.

    Raises:
        RowError: if there are more places than media, or more media than places though some have one.
    """
    turns = _with_places(turns, any(given.values()))
    for kind in reversed(KINDS):  # what goes first is put in front of the others: videos, then images, as ms-swift has them
        turns = _agreeing(turns, kind, given[kind], where, root)
    left = {kind: iter(given[kind]) for kind in KINDS}
    media: list[Medium] = []
    texts: list[Turn] = []
    rewritten = False
    for turn in turns:
        text = ""
        for piece in turn.pieces:
            if isinstance(piece, Place):
                media.append(next(left[piece.kind]) if piece.named is None else _named(piece, turn, where, root, len(media)))
                text += f"<{piece.kind}>"
            else:
                prose = as_prose(piece)
                rewritten = rewritten or prose != piece
                text += prose
        texts.append(Turn(turn.role, text))
    return Placed(tuple(texts), tuple(media), rewritten)


def _with_places(turns: Sequence[RawTurn], have_media: bool) -> list[RawTurn]:
    """The tags in the texts of user turns as places. In typed parts a tag is prose, unless the row has media, and no part is
    the place of one."""
    placed = any(isinstance(piece, Place) for turn in turns for piece in turn.pieces)
    typed_tags_count = have_media and not placed
    return [
        replace(turn, pieces=tuple(part for piece in turn.pieces for part in _split(piece)))
        if turn.role == "user" and (typed_tags_count or not turn.typed)
        else turn
        for turn in turns
    ]


def _split(piece: str | Place) -> list[str | Place]:
    if isinstance(piece, Place):
        return [piece]
    found: list[str | Place] = []
    for place, part in enumerate(MEDIA_TAG.split(_WRITTEN_OUT.sub(r"<\1>", piece))):  # texts and kinds by turns
        if place % 2:
            found.append(Place(part))  # type: ignore[arg-type]  # the tag's kind
        elif part:
            found.append(part)
    return found


def _agreeing(turns: list[RawTurn], kind: Kind, given: Sequence[Medium], where: str, root: Path) -> list[RawTurn]:
    """Turns with as many unnamed places of a kind as there are media; raises `RowError` where that cannot be."""
    places = [(piece, turn) for turn in turns for piece in turn.pieces if isinstance(piece, Place) and piece.kind == kind]
    asked = sum(piece.named is None for piece, _ in places)
    if asked == len(given):
        return turns
    where_key = f"{where}, key `{kind}s`"
    if asked == 0 and places:
        raise RowError(f"{where_key}: the parts of `messages` name their {kind}s themselves; name them in one of the two")
    if asked == 0:
        _refuse_elsewhere(turns, kind, where_key)
        first = next(place for place, turn in enumerate(turns) if turn.role == "user")
        opened = replace(turns[first], pieces=(*(Place(kind) for _ in given), *turns[first].pieces))
        return [*turns[:first], opened, *turns[first + 1 :]]
    hint = "make the tags and the list agree"
    if asked < len(given):
        hint = "write a tag for each, or none for any: then they go first"
        if kind == "video" and asked == 1 and all(_is_picture(medium) for medium in given):
            hint = "put the frames of one video into a list of their own, [[…]]"
    raise RowError(f"{where_key}: the text asks for {asked} {kind}(s) by <{kind}>, found {len(given)}; {hint}")


def _refuse_elsewhere(turns: Sequence[RawTurn], kind: Kind, where: str) -> None:
    """Media without a tag in a user turn may not have one in another turn, since nobody can tell what is meant."""
    for turn in turns:
        if any(isinstance(piece, str) and f"<{kind}>" in piece for piece in turn.pieces):
            raise RowError(
                f"{where}: no user turn has a <{kind}>, but turn {turn.number}, of the {turn.role}, does; "
                "only user turns show media: write the tag there"
            )


def _is_picture(medium: Medium) -> bool:
    return not medium.content and not medium.frames and is_image(Path(medium.path))


def _named(place: Place, turn: RawTurn, where: str, root: Path, before: int) -> Medium:
    return read_medium(place.named, place.kind, f"{where}, key `messages`: turn {turn.number}", root, before + 1)
