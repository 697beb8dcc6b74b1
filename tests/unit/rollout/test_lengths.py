"""Prompts are as long as they are found to be without decoding, and media are made as much smaller as it takes, no more."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image
from transformers import AutoConfig, AutoProcessor

from rollout.families import FAMILIES
from rollout.lengths import LEGIBLE, Fitted, PromptLengths
from rollout.media.medium import ClipSpec, Medium
from rollout.media.store import MediaStore
from rollout.prompts import PromptEncoder
from rollout.rows.data import RowData, open_rows
from rollout.rows.row import Row, Turn
from tests.unit.rollout.row_writing import write

SIZES = [(56, 56), (720, 1280), (1280, 720), (30, 600), (97, 61), (1080, 1920)]
"""Height and width."""
QWEN = ClipSpec()


def video(file: Path, frames: int, height: int, width: int, rate: int) -> Medium:
    """A grey clip."""
    with av.open(str(file), "w") as container:
        stream = container.add_stream("mpeg4", rate=Fraction(rate))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            shown = av.VideoFrame.from_ndarray(np.full((height, width, 3), 8 * number % 256, dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(shown))
        container.mux(stream.encode(None))
    return Medium("video", str(file))


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> list[Medium]:
    """Videos and images of all sizes."""
    folder = tmp_path_factory.mktemp("sizes")
    found = []
    for number, (height, width) in enumerate(SIZES):
        even = height - height % 2, width - width % 2
        found.append(video(folder / f"{number}.mp4", 5 + 7 * number, *even, rate=10))
        Image.new("RGB", (width, height)).save(folder / f"{number}.png")
        found.append(Medium("image", str(folder / f"{number}.png")))
    return found


def encoder_of(model: Path, spec: ClipSpec = QWEN) -> PromptEncoder:
    return PromptEncoder(AutoProcessor.from_pretrained(model), AutoConfig.from_pretrained(model), MediaStore(spec, 2**26))


def about(*media: Medium) -> Row:
    context = (Turn("system", "Look well."), Turn("user", "Hello"), Turn("assistant", "Good day."))
    return Row(0, "".join(f"<{medium.kind}>" for medium in media) + "Who smiles?", media, "qa", context=context)


def spoken_rows(folder: Path, media: list[Medium]) -> RowData:
    """Conversations about media, in a file."""
    rows = []
    for number, medium in enumerate(media):
        said = [("user", "Guten Tag, wie geht es Ihnen? Schöne Grüße 😀 aus dem Süden"), ("assistant", "Gut.")][: number % 3]
        asked = (
            [("system", "Look well.")] * (number % 2) + said + [("user", f"<{medium.kind}>Who smiles?"), ("assistant", "Él 😀")]
        )
        messages = [{"role": role, "content": text} for role, text in asked]
        rows.append({"messages": messages, f"{medium.kind}s": [medium.path]})
    return open_rows(write(folder / "rows.jsonl", *rows))


@pytest.mark.parametrize("family", FAMILIES)
def test_lengths_are_those_of_the_encoded_prompts(
    family: str, media: list[Medium], media_rows: Path, tiny_models, tmp_path: Path
) -> None:
    for spec in (ClipSpec(), ClipSpec(fps=4.0, max_frames=6, max_pixels=20_000), ClipSpec(max_pixels=2_000_000)):
        encoder = encoder_of(tiny_models[family], spec)
        lengths = PromptLengths(encoder)
        bounds = lengths.bounds()
        some = media if spec.max_pixels < 1e6 else media[2:4]
        for row in (*map(about, some), about(*media[:5])):
            assert lengths.of(row) == len(encoder.encode(row).ids)
        for rows in (open_rows(media_rows), spoken_rows(tmp_path, some)):
            for row, most, most_with_reply in zip(rows, bounds.of(rows, False), bounds.of(rows, True), strict=True):
                tokens = len(encoder.encode(row).ids)
                assert lengths.of(row) == tokens <= most
                assert lengths.of(row, reply=True) == tokens + len(encoder.reply_ids(row.reference or "")) <= most_with_reply


@pytest.mark.parametrize("family", FAMILIES)
def test_no_shape_has_more_tokens_than_the_bound_says(family: str, tiny_models) -> None:
    rng = np.random.default_rng(0)
    for spec in (ClipSpec(), ClipSpec(max_frames=4, max_pixels=12_544), ClipSpec(max_pixels=784)):
        lengths = PromptLengths(encoder_of(tiny_models[family], spec))
        most = lengths.bounds()
        for aspect in np.exp(rng.uniform(np.log(1 / 200), np.log(200), 150)):
            height = (spec.max_pixels / aspect) ** 0.5
            size = max(28, int(height)), max(28, int(height * aspect))
            assert lengths._tokens("image", 1, *size, 0.0) <= most.image
            assert lengths._tokens("video", spec.max_frames, *size, 2e-4) <= most.video


def test_a_processor_that_looks_at_pictures_is_shown_some(tiny_model: Path, media: list[Medium]) -> None:
    encoder = encoder_of(tiny_model)
    known = PromptLengths(encoder).of(about(*media[:4]))
    own = encoder.processed

    def curious(kind: Any, shown: Any, tensors: str) -> Any:
        if tensors == "pt":
            bool(shown.sum() > 0)  # which torch refuses for tensors without content
        return own(kind, shown, tensors)

    encoder.processed = curious  # type: ignore[method-assign]
    assert PromptLengths(encoder).of(about(*media[:4])) == known


@pytest.mark.parametrize("family", FAMILIES)
def test_media_are_made_as_much_smaller_as_it_takes(family: str, media: list[Medium], tiny_models) -> None:
    encoder = encoder_of(tiny_models[family], ClipSpec(fps=8.0))
    lengths = PromptLengths(encoder)
    for row in (about(media[2]), about(media[3]), about(media[10]), about(*media[2:6])):
        whole = lengths.of(row)
        smallest = 10**9
        for limit in range(whole, 0, -max(1, whole // 5)):
            fit = lengths.fit(row, limit)
            if fit is None:
                assert limit < smallest
                continue
            tokens = len(encoder.encode(fit.of(row)).ids)
            assert tokens == fit.tokens <= limit
            smallest = min(smallest, tokens)
            assert fit == lengths.fit(row, limit)
        text = lengths.of(Row(0, "Who smiles?", (), "qa", context=row.context))
        assert lengths.fit(row, text) is None


def test_frames_go_only_when_pictures_would_be_too_small_to_read(tiny_model: Path, media: list[Medium]) -> None:
    lengths = PromptLengths(encoder_of(tiny_model, ClipSpec(fps=8.0)))
    row, frames = about(media[10]), lengths.shape(media[10]).frames
    text = lengths.of(replace(row, question="Who smiles?", media=()))
    for limit in range(lengths.of(row) - 1, text + 10, -60):
        fit = lengths.fit(row, limit)
        assert fit is not None
        shape = lengths.shape(fit.of(row).media[0])
        assert shape.frames == min(fit.frames, frames)
        assert shape.height * shape.width <= fit.pixels
        assert fit.fewer == (shape.frames < frames)
        if fit.fewer:
            assert fit.pixels < 2 * LEGIBLE
        if fit.pixels < LEGIBLE - 784:
            assert shape.frames == 2


def test_a_prompt_comes_with_what_was_given_up_for_it(tiny_model: Path, media: list[Medium], tmp_path: Path) -> None:
    lengths = PromptLengths(encoder_of(tiny_model))
    row = about(media[2])
    tokens = lengths.of(row)
    whole = lengths.prompt(row, tokens)
    assert isinstance(whole, Fitted)
    assert (whole.row, whole.change, len(whole.encoded.ids)) == (row, "", tokens)
    cut = lengths.prompt(row, tokens - 1)
    assert isinstance(cut, Fitted)
    before, after = (lengths.shape(one.media[0]) for one in (row, cut.row))
    assert after.height * after.width < before.height * before.width
    assert cut.change == (
        f"its prompt of {tokens} tokens, of which {tokens - 1} fit, is cut to {len(cut.encoded.ids)}: {after.frames} frames of "
        f"{after.width} x {after.height} pixels instead of {before.frames} frames of {before.width} x {before.height} pixels"
    )
    assert str(lengths.prompt(row, 3)).startswith(f"has {tokens} tokens, and 3 are left for it")
    assert "no such video file" in str(lengths.prompt(about(Medium("video", str(tmp_path / "gone.mp4"))), 999))
