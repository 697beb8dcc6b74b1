"""A mix as a reward function of other trainers."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from rewards.exports import as_ms_swift, as_openrlhf, as_trl, as_verl
from rewards.plugins.spec import PluginError
from rewards.sample import ScorerError
from tests.unit.rewards.rationales import GOOD

MIX = str(Path(__file__).parents[3] / "configs" / "rewards" / "default.yaml")
TEXTS = [GOOD, GOOD.replace("m1 angry", "m1 sad")]


@pytest.fixture
def expected() -> list[float | None]:
    found = as_trl(MIX)(["?", "?"], TEXTS, answer=["angry"] * 2, tree=[GOOD] * 2)
    assert found[0] == 1.0
    assert found[1] is not None
    assert found[1] < 1.0
    return found


def test_trl_with_messages(expected: list[float | None]) -> None:
    chats = [[{"role": "assistant", "content": text}] for text in TEXTS]
    found = as_trl(MIX)([[{"role": "user", "content": "?"}]] * 2, chats, answer=["angry"] * 2, tree=[GOOD] * 2)
    assert found == expected


def test_trl_logs_the_means_of_the_parts(expected: list[float | None]) -> None:
    logged: dict[str, float] = {}
    as_trl(MIX)(["?"] * 2, TEXTS, log_metric=logged.__setitem__, answer=["angry"] * 2, tree=[GOOD] * 2)
    assert logged["affectree/root"] == 0.5
    assert logged["affectree/structure"] == 1.0


def test_verl(expected: list[float | None]) -> None:
    assert [as_verl(MIX)("faces", text, GOOD) for text in TEXTS] == expected
    assert [as_verl(MIX)("faces", text, {"tree": GOOD, "answer": "angry"}) for text in TEXTS] == expected
    assert as_verl(MIX)("faces", "angry", "angry", {"task": "emotion_single"}) == 1.0


def test_openrlhf(expected: list[float | None]) -> None:
    found = as_openrlhf(MIX, torch.tensor)([f"?{text}" for text in TEXTS], ["?"] * 2, [GOOD] * 2)
    assert found["rewards"].tolist() == found["scores"].tolist() == pytest.approx(expected)
    assert found["rewards"].dtype == torch.float32
    assert found["extra_logs"]["root"].tolist() == [1.0, 0.0]


def test_ms_swift(expected: list[float | None]) -> None:
    orm = as_ms_swift(MIX)(args=None)  # ms-swift makes an instance of what it finds in `orms`
    assert orm(TEXTS, answer=["angry"] * 2, tree=[GOOD] * 2, messages=[[]] * 2) == expected


def test_only_trl_passes_what_lengths_need(tmp_path: Path) -> None:
    mix = tmp_path / "mix.yaml"
    mix.write_text("scorers: {length: {}}\n")
    assert as_trl(str(mix))(["?"], ["word"], completion_ids=[[1] * 600]) == [0.0]
    with pytest.raises(PluginError, match="length counts tokens, which this trainer does not pass"):
        as_verl(str(mix))("faces", "word", "gold")


def test_what_could_not_be_scored_is_none_in_trl_and_an_error_elsewhere(tmp_path: Path) -> None:
    mix = tmp_path / "mix.yaml"
    mix.write_text("scorers: {leaf: {}}\n")
    assert as_trl(str(mix))(["?"], ["word"]) == [None]
    for score in (
        lambda: as_verl(str(mix))("faces", "word", "gold"),
        lambda: as_openrlhf(str(mix), torch.tensor)(["?word"], ["?"], ["gold"]),
        lambda: as_ms_swift(str(mix))()(["word"]),
    ):
        with pytest.raises(ScorerError, match="no scorer applies: the mix has none for the row's `task`"):
            score()


def test_the_document_imports_what_there_is() -> None:
    text = (Path(MIX).parents[2] / "docs" / "writing-scorers.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("from rewards")]
    assert "from rewards.exports import as_ms_swift, as_openrlhf, as_trl, as_verl" in lines
    for line in lines:
        exec(line, {})


def test_a_wrong_file_is_told_before_a_training() -> None:
    with pytest.raises(PluginError, match=r"absent\.yaml: no such file"):
        as_trl("absent.yaml")
