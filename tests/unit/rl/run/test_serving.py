"""What befalls one clip is no matter to the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from actors.pool.upkeep import EngineKeepsDying
from rewards.errors import UserError
from rl.run.serving import _Asked, clip_row, look_at
from rollout.lengths import Fitted
from rollout.media.medium import ClipSpec
from rollout.samples import Prompt, SamplingSpec
from tests.unit.stations import encoded_text


class Engines:
    """Engines that end every stream in one way, and a dispatcher that notes whether it was closed."""

    def __init__(self, error: Exception | None) -> None:
        self.error, self.dispatcher, self.closed = error, self, False

    def reasoned(self, prompts: Sequence[Prompt], sampling: SamplingSpec, judges: Sequence[Any]) -> Iterator[tuple[Prompt, Any]]:
        assert [prompt.key for prompt in prompts] == ["clip3"]
        if self.error:
            raise self.error
        yield from ()

    def close(self) -> None:
        self.closed = True


def answer(error: Exception | None, closed: bool = False) -> Any:
    engines: Any = Engines(error)
    fitted = Fitted(clip_row(3, Path("a.mp4"), "<video>?"), encoded_text([]))
    found = _Asked(engines, lambda row: lambda stage, candidates: [], SamplingSpec(1, 8)).answer(fitted)
    assert engines.closed == closed
    return found


def test_a_question_is_about_what_the_file_is() -> None:
    video, image = (clip_row(0, Path(name), "<video>Who?") for name in ("a.mp4", "b.png"))
    assert (video.question, image.question) == ("<video>Who?", "<image>Who?")
    assert image.media[0].path == str(Path("b.png").resolve())


def test_an_error_is_the_answer_of_its_clip() -> None:
    assert answer(UserError("no such thing; do that")) == "no such thing; do that"
    assert answer(ValueError("first\nthe last line says it")) == "ValueError: the last line says it"
    assert answer(None) == "was not asked about, since the engines were stopped"


def test_engines_that_keep_dying_answer_nobody() -> None:
    assert answer(EngineKeepsDying("engine 0 has died 4 times"), closed=True) == "engine 0 has died 4 times"


@pytest.mark.parametrize("cut", [0.3, 0.5])
def test_clips_are_decoded_before_anything_starts(cut: float, faces: Path, tmp_path: Path) -> None:
    whole = min((faces / "videos").glob("*.mp4"))
    half = tmp_path / "half.mp4"
    half.write_bytes(whole.read_bytes()[: int(cut * whole.stat().st_size)])
    rows = [clip_row(number, clip, "<video>?") for number, clip in enumerate((half, whole, tmp_path / "gone.mp4", whole))]
    problems = look_at(rows, ClipSpec())
    assert problems.keys() == {0, 2}
    assert problems[0].startswith(f"{half}: ")
    assert "no such" in problems[2]
