"""A step's samples on disk, and read again: for learning and for scorers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from rewards.mix import RewardMix, build_mix
from rewards.mix_settings import mix_entries, read_mix_settings
from rewards.sample import Reward
from rewards.tools.recorded import read_rollouts as read_samples
from rewards.tools.rescoring import rescore
from rewards.tools.rollout_columns import RUN_COLUMNS
from rl.record.rollout_schema import SCHEMA, prompt_digest, row_digest
from rl.record.rollouts import RolloutsError, read_rollouts, steps_in, write_rollouts
from rollout.media.medium import Medium
from rollout.rows.row import Row, Turn
from rollout.samples import Group, Prompt, Sample, ScoredGroup, TokenCredit, TrainingGroup, VersionSpan, reward_sample
from rollout.scoring import score_group
from tests.unit.rewards.rationales import GOOD
from tests.unit.stations import group, prompt, scored

MEDIA = (
    Medium("video", "/data/a.mp4", start=1.5, end=4.0, max_frames=6, max_pixels=50_176),
    Medium("video", "frames of row 3", frames=("/data/1.jpg", "/data/2.jpg")),
    Medium("image", "image of row 3", b"\x89PNG"),
)
OWN = {name: f"the data set's {name}" for name in sorted(RUN_COLUMNS - {"source", "task", "answer", "tree", "covers", "options"})}
"""A data set's own columns, called as ours are."""
TYPES: dict[str, Any] = {
    "at": datetime(2024, 5, 1, 12, 30, tzinfo=UTC),
    "price": Decimal("1.10"),
    "raw": b"\x00\xff",
    "nested": {"list": [1, None, float("inf")], "text": "ä"},
}


def trained(drawn: ScoredGroup, advantages: Sequence[float | None]) -> TrainingGroup:
    return TrainingGroup(**vars(drawn), advantages=tuple(advantages), credit=(TokenCredit(),) * len(advantages))


def asked(key: str = "step3-0", **of_row: Any) -> Prompt:
    """A prompt about media and with columns of all kinds."""
    facts = {"answers": ("a", "b"), "covers": {"root": True}, "options": ("A. happy", "sad"), "context": (Turn("system", "Hi"),)}
    row = Row(5, "Which?<video><video><image>", MEDIA, "rationale", "faces", "a, b", columns={**OWN, **TYPES}, **(facts | of_row))
    return Prompt(key, row, prompt(ids=[3, 1, 4]).encoded)


def drawn_samples() -> tuple[Sample, ...]:
    """Two samples of several versions, one of a group sampled as a tree, with log-probs that no short number has."""
    rng = np.random.default_rng(0)
    return tuple(
        Sample(
            np.array([3, 1, 4]),
            rng.integers(0, 2**31 - 1, 5),
            rng.normal(size=5).astype(np.float32),
            text,
            reason,
            (VersionSpan(7, 2), VersionSpan(8, 3)),
            (0, place),
            (2, 5),
        )
        for place, (text, reason) in enumerate([(GOOD, "stop"), ("b", "length")])
    )


def test_what_is_written_is_read_to_the_last_bit(tmp_path: Path) -> None:
    rewards = (
        Reward(1 / 3, {"leaf": 0.1, "leaf.recall": 2 / 3}, {"attribute": 0.1}, 0.7, observer_errors={"probe": "down"}),
        Reward(None, errors={"leaf": "no"}),
    )
    first = trained(scored(Group(asked(), drawn_samples()), rewards), (0.1 + 0.2, None))
    again = trained(scored(group(["a", "b"], prompt("step3again1-0")), (Reward(None, abstained=True),) * 2), (None, None))
    file = tmp_path / "step_3.parquet"
    write_rollouts(file, 3, 12, [first, again], [41, 7])
    assert [path.name for path in tmp_path.iterdir()] == ["step_3.parquet"]  # written aside, then renamed
    found = read_rollouts(file)
    assert (found.step, found.version) == (3, 12)
    assert [(one.key, one.row, one.advantages) for one in found.groups] == [
        ("step3-0", 41, (0.1 + 0.2, None)),
        ("step3again1-0", 7, (None, None)),
    ]
    one = found.groups[0]
    assert (one.row_digest, one.prompt_digest) == (row_digest(first.prompt.row), prompt_digest(first.prompt.encoded))
    assert one.limits == (6, 50_176)
    assert found.groups[1].limits is None
    assert one.gold == {name: getattr(first.prompt.row, name) for name in one.gold}
    assert one.gold.keys() == {"task", "answer", "answers", "tree", "covers", "options"}
    whole = one.asked(first.prompt)
    assert (whole.rewards, whole.readings) == (first.rewards, first.readings)
    for new, old in zip(whole.samples, first.samples, strict=True):
        for name in ("prompt_ids", "ids", "log_probs"):
            was, now = getattr(old, name), getattr(new, name)
            assert (now.dtype, now.tolist()) == (was.dtype, was.tolist())
        plain = {"prompt_ids": None, "ids": None, "log_probs": None}
        assert replace(new, **plain) == replace(old, **plain)


def test_tokens_take_little_room(tmp_path: Path) -> None:
    write_rollouts(tmp_path / "x.parquet", 1, 1, [trained(scored(group(["a"]), [Reward(1.0)]), (1.0,))], [0])
    kept = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "x.parquet")}
    assert (kept["completion_ids"], kept["log_probs"]) == ("list<element: int32>", "list<element: float>")


def test_every_column_is_known_to_those_that_score_again() -> None:
    assert set(SCHEMA.names) == RUN_COLUMNS


def test_no_column_of_the_data_set_is_lost_whatever_its_name(tmp_path: Path) -> None:
    whole = scored(Group(asked(), drawn_samples()), (Reward(0.5), Reward(0.25)))
    write_rollouts(tmp_path / "step_3.parquet", 3, 1, [trained(whole, (1.0, -1.0))], [0])
    one, other = read_samples(tmp_path / "step_3.parquet")
    assert (one.step, one.reward, other.reward, one.without_content) == (3, 0.5, 0.25, True)
    for found, sample in zip((one.sample, other.sample), whole.samples, strict=True):
        seen = reward_sample(whole.prompt, sample)
        *others, last = seen.media
        assert found == replace(seen, media=(*others, replace(last, content=b"")))  # what rows hold themselves is not copied
        assert found.columns == {**OWN, **TYPES, "source": "faces"}


def test_columns_that_json_cannot_hold_end_no_run(tmp_path: Path) -> None:
    columns = {"pair": (1, 2), "array": np.array([[1.5], [2.5]]), "mapping": {(1, 2): {3}}, "other": object}
    of = group(["a"], Prompt("k", Row(0, "?", (), "qa", columns=columns), prompt().encoded))
    write_rollouts(tmp_path / "x.parquet", 1, 1, [trained(scored(of, [Reward(1.0)]), (1.0,))], [0])
    (found,) = read_samples(tmp_path / "x.parquet")
    assert found.sample.columns == {
        "pair": [1, 2], "array": [[1.5], [2.5]], "mapping": {"(1, 2)": [3]}, "other": "<class 'object'>", "source": "",
    }  # fmt: skip


@pytest.fixture(scope="module")
def mix(tmp_path_factory: pytest.TempPathFactory) -> RewardMix:
    """Every scorer of the default mix, those of length, and two that look at what only some scorers see."""
    mine = tmp_path_factory.mktemp("mine") / "mine.py"
    mine.write_text(
        "def seen(sample):\n"
        "    shown = [(m.kind, m.path, m.start, m.end, m.frames) for m in sample.media]\n"
        "    facts = repr((shown, sorted(sample.columns.items()), sample.group, sample.finish_reason, sample.completion_ids))\n"
        "    return sum(facts.encode()) / 1e6\n"
        "def longest(samples):\n"
        "    most = max(s.completion_tokens for s in samples)\n"
        "    return [s.completion_tokens / most for s in samples]\n"
    )
    settings = {
        **read_mix_settings(Path("configs/rewards/default.yaml")),
        "length": {},
        "overlong": {"parameters": {"longest": 6, "buffer": 4}},
        "seen": {"spec": f"{mine}:seen", "isolation": "inline"},
        "longest": {"spec": f"{mine}:longest", "mode": "group", "isolation": "inline", "weight": 0},
    }
    return build_mix(mix_entries(settings))


def test_a_file_scored_again_has_the_recorded_rewards(tmp_path: Path, mix: RewardMix) -> None:
    prompts = [
        asked("step3-0", tree=GOOD, covers=None, answers=()),
        asked("step3-1", tree=None, options=("happy", "sad"), answers=(), covers=None),
    ]
    whole = [score_group(mix, Group(one, drawn_samples())) for one in prompts]
    write_rollouts(tmp_path / "step_3.parquet", 3, 1, [trained(one, (1.0, -1.0)) for one in whole], [0, 1])
    found = list(rescore(mix, read_samples(tmp_path / "step_3.parquet")))
    assert [one.reward for one in found] == [reward for of_group in whole for reward in of_group.rewards]
    assert [one.recorded.reward for one in found] == [one.reward.value for one in found]
    assert all(
        set(mix_names(mix)) - {"root", "leaf", "expression", "edges", "tree_edit", "qa"} <= set(r.reward.parts) for r in found
    )


def mix_names(mix: RewardMix) -> list[str]:
    return [item.entry.scorer.name for item in mix.scorers]


def test_a_digest_tells_rows_apart_by_what_they_ask_and_not_by_where_it_lies() -> None:
    row = asked().row
    moved = replace(row, media=(replace(MEDIA[0], path="/elsewhere/a.mp4"), *MEDIA[1:]), index=9)
    mended = replace(row, answer="c", tree=GOOD, columns={})
    assert {row_digest(one) for one in (moved, mended)} == {row_digest(row)}
    changes: Sequence[Mapping[str, Any]] = (
        {"question": "What?<video><video><image>"},
        {"context": ()},
        {"media": (replace(MEDIA[0], path="/data/b.mp4"), *MEDIA[1:])},
        {"media": (replace(MEDIA[0], end=5.0), *MEDIA[1:])},
        {"media": (*MEDIA[:2], replace(MEDIA[2], content=b"other"))},
    )
    assert len({row_digest(row), *(row_digest(replace(row, **change)) for change in changes)}) == 1 + len(changes)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "step_2.parquet").write_bytes(b"PAR1")
    write_rollouts(tmp_path / "step_10.parquet", 10, 1, [], [])
    table = pq.read_table(tmp_path / "step_10.parquet")
    pq.write_table(table.drop_columns(["row", "rest"]), tmp_path / "step_4.parquet")
    for name, said in (
        ("step_1.parquet", "no such file; check the path"),
        ("step_2.parquet", "cannot be read as parquet"),
        ("step_4.parquet", "has no column row, rest; an older version of affectree wrote it"),
        ("step_10.parquet", "holds no sample"),
    ):
        with pytest.raises(RolloutsError, match=f"{name}: {said}"):
            read_rollouts(tmp_path / name)
    drawn = scored(group(["a"]), [Reward(1.0)])
    whole = TrainingGroup(**vars(drawn), advantages=(1.0,), credit=(TokenCredit(),))
    write_rollouts(tmp_path / "step_2.parquet", 3, 1, [whole], [0])
    with pytest.raises(RolloutsError, match=r"step_2.parquet: holds step 3; restore the file"):
        read_rollouts(tmp_path / "step_2.parquet")
    (tmp_path / ".step_11.parquet.partial").touch()
    assert steps_in(tmp_path) == [2, 4, 10]
    assert steps_in(tmp_path / "nothing") == []
