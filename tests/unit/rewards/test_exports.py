"""A mix as a reward function of other trainers."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rewards.exports import as_ms_swift, as_openrlhf, as_trl, as_verl
from rewards.host_samples import HostError
from rewards.mix import build_mix
from rewards.mix_settings import read_mix
from rewards.plugins.spec import PluginError
from rewards.sample import RewardSample, ScorerError
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


def test_lengths_need_token_ids(tmp_path: Path) -> None:
    mix = tmp_path / "mix.yaml"
    mix.write_text("scorers: {length: {}}\n")
    assert as_trl(str(mix))(["?"], ["word"], completion_ids=[[1] * 600]) == [0.0]
    assert as_ms_swift(str(mix))()(["word"], response_token_ids=[[[1] * 300, [2] * 300]]) == [0.0]
    for score in (
        lambda: as_trl(str(mix))(["?"], ["word"]),
        lambda: as_ms_swift(str(mix))()(["word"]),
        lambda: as_verl(str(mix)),
        lambda: as_openrlhf(str(mix), torch.tensor),
    ):
        with pytest.raises(PluginError, match=r"mix\.yaml: length counts tokens; this trainer passes no token ids"):
            score()


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


RARITY = """
from rewards.sample import scorer

@scorer(mode="group")
def rarity(samples):
    said = [sample.completion for sample in samples]
    return [said.count(one) / len(said) for one in said]
"""
"""A scorer that compares within groups: how many of its group say the same."""


@pytest.fixture
def comparing(tmp_path: Path) -> str:
    """A mix with such a scorer, of which only the loaded function tells that it compares."""
    (tmp_path / "rarity.py").write_text(RARITY)
    mix = tmp_path / "comparing.yaml"
    mix.write_text(f"scorers: {{rarity: {{spec: '{tmp_path}/rarity.py:rarity', isolation: inline}}}}\n")
    return str(mix)


SAID = ["a", "a", "a", "b", "a", "b", "c", "d"]
"""Two groups of four."""


def own_values(mix: str) -> list[float | None]:
    """The mix's own values on the same groups."""
    samples = [RewardSample(said, group=str(number // 4)) for number, said in enumerate(SAID)]
    with build_mix(read_mix(Path(mix))) as built:
        found = [reward.value for reward in built.score(samples)]
    assert found == [0.75, 0.75, 0.75, 0.25, 0.25, 0.25, 0.25, 0.25]
    return found


class Picture:
    """A picture in memory, which is another object each time a row is read."""

    def __init__(self, shows: bytes) -> None:
        self.shows = shows

    def tobytes(self) -> bytes:
        return self.shows


class Opened:
    """An open video, of whose content nothing is known."""


@pytest.mark.parametrize(
    "columns",
    [
        {"videos": [["a.mp4"]] * 4 + [["b.mp4"]] * 4},
        {"image": [Picture(b"a") for _ in range(4)] + [Picture(b"b") for _ in range(4)]},
        {"images": [[{"bytes": b"a", "path": None}]] * 4 + [[{"bytes": b"b", "path": None}]] * 4},
        {"video": [Opened() for _ in range(8)]},
        {},
    ],
)
def test_trl_has_groups_of_one_question_about_two_clips(comparing: str, columns: dict[str, list[object]]) -> None:
    assert as_trl(comparing, group_size=4)(["What is felt?"] * 8, SAID, **columns) == own_values(comparing)


def test_groups_are_found_in_any_order(comparing: str) -> None:
    order = [7, 0, 6, 1, 5, 2, 4, 3]
    videos = [["a.mp4"]] * 4 + [["b.mp4"]] * 4
    found = as_trl(comparing, group_size=4)(["?"] * 8, [SAID[i] for i in order], videos=[videos[i] for i in order])
    assert found == [own_values(comparing)[i] for i in order]


def test_a_group_that_is_not_whole_is_refused(comparing: str) -> None:
    with pytest.raises(HostError, match="a call has 2 samples of one prompt, whose group is 4; let each process score whole"):
        as_trl(comparing, group_size=4)(["p"] * 4 + ["q"] * 2, SAID[:6])


def swift_columns(said: list[str]) -> dict[str, list[object]]:
    """What ms-swift 4.6 passes: two clips with one question have one `prompt_id`, and `messages` end with the completion."""
    question = {"role": "user", "content": "<video>What is felt?"}
    rows = [
        {
            "messages": [question, {"role": "assistant", "content": text}],
            "prompt_id": "prompt_0",
            "request_id": f"chatcmpl-{number}",
            "finish_reason": "length" if number == 3 else "stop",
            "is_truncated": number == 3,
            "rollout_infos": {},
            "response_token_ids": [[1, 2], [3]],
            "videos": [f"{number // 4}.mp4"],
            "task": "emotion_single",
        }
        for number, text in enumerate(said)
    ]
    return {"trainer_state": None, **{key: [row[key] for row in rows] for key in rows[0]}}  # type: ignore[dict-item]


def test_ms_swift_has_groups_and_what_it_knows_of_the_completions(comparing: str, tmp_path: Path) -> None:
    arguments = SimpleNamespace(num_generations=4)
    assert as_ms_swift(comparing)(args=arguments)(SAID, **swift_columns(SAID)) == own_values(comparing)
    (tmp_path / "facts.py").write_text(
        "def facts(s):\n    wanted = ('<video>What is felt?', (1, 2, 3), 3, [('video', '0.mp4')])\n"
        "    found = (s.prompt, s.completion_ids, s.completion_tokens, [(one.kind, one.path) for one in s.media])\n"
        "    return {'score': float(s.finish_reason == 'length'), 'right': float(found == wanted)}\n"
    )
    seen = tmp_path / "facts.yaml"
    seen.write_text(f"scorers: {{facts: {{spec: '{tmp_path}/facts.py:facts', isolation: inline}}}}\n")
    assert as_ms_swift(str(seen))(args=arguments)(SAID[:4], **swift_columns(SAID[:4])) == [0.0, 0.0, 0.0, 1.0]
    logged: dict[str, float] = {}
    columns = {"videos": [["0.mp4"]]}
    as_trl(str(seen))(["<video>What is felt?"], ["a"], completion_ids=[[1, 2, 3]], log_metric=logged.__setitem__, **columns)
    assert logged["affectree/facts.right"] == 1.0


def test_where_groups_cannot_be_whole_a_mix_that_compares_is_refused(comparing: str) -> None:
    declared = Path(comparing).with_name("declared.yaml")
    declared.write_text(Path(comparing).read_text().replace("isolation", "mode: group, isolation"))
    for early, late in (
        (lambda mix: as_trl(mix), lambda found: found(["?"], ["a"])),
        (lambda mix: as_ms_swift(mix)(), lambda found: found(["a"])),
        (lambda mix: as_verl(mix), lambda found: found("faces", "a", "gold")),
        (lambda mix: as_openrlhf(mix, torch.tensor), lambda found: found(["?a"], ["?"], ["gold"])),
    ):
        with pytest.raises(PluginError, match=r"declared\.yaml: rarity compares within groups; "):
            early(str(declared))  # the settings tell it
        with pytest.raises(PluginError, match=r"comparing\.yaml: rarity compares within groups; "):
            late(early(comparing))  # only the function does


def test_every_export_can_be_pickled_and_called_in_another_process(expected: list[float | None], tmp_path: Path) -> None:
    chats = [[{"role": "assistant", "content": text}] for text in TEXTS]
    gold = {"answer": ["angry"] * 2, "tree": [GOOD] * 2}
    calls = [
        (as_trl(MIX), (["?"] * 2, chats), gold),
        (as_ms_swift(MIX)(args=None), (TEXTS,), gold),
        (as_verl(MIX), ("faces", TEXTS[1], GOOD), {}),
        (as_openrlhf(MIX, torch.tensor), (["?" + TEXTS[1]], ["?"], [GOOD]), {}),
    ]
    pickle.loads(pickle.dumps(as_ms_swift(MIX)))()(TEXTS, **gold)
    text = "import pickle, sys\nfor f, a, k in pickle.load(open('calls', 'rb')):\n    print(f(*a, **k))\n"
    (tmp_path / "calls").write_bytes(pickle.dumps(calls))
    root = str(Path(MIX).parents[2])
    ended = subprocess.run(
        [sys.executable, "-c", text],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        capture_output=True,
        text=True,
        check=True,
    )
    trl, swift, verl, openrlhf = ended.stdout.splitlines()
    assert trl == swift == str(expected)
    assert verl == str(expected[1])
    assert "'rewards': tensor([" in openrlhf


def test_a_scorers_file_travels_with_the_pickle(comparing: str, tmp_path: Path) -> None:
    pickled = pickle.dumps(as_trl(comparing, group_size=4))
    wanted = own_values(comparing)
    for file in ("rarity.py", "comparing.yaml"):
        (tmp_path / file).unlink()
    assert pickle.loads(pickled)(["?"] * 8, SAID, videos=[["a"]] * 4 + [["b"]] * 4) == wanted


@pytest.mark.parametrize("column", ["answer", "solution", "ground_truth"])
def test_a_tree_is_read_as_the_tree_in_whatever_column_it_stands(expected: list[float | None], column: str) -> None:
    assert as_trl(MIX)(["?"] * 2, TEXTS, **{column: [GOOD] * 2}) == expected
    bare = GOOD.removesuffix("\n<answer>Angry</answer>")
    assert as_trl(MIX)(
        ["?"] * 2, TEXTS, **{column: [bare] * 2, "answer" if column != "answer" else "solution": ["angry"] * 2}
    ) == (expected)


def test_gold_columns_are_read_as_those_of_our_own_rows(tmp_path: Path) -> None:
    mix = tmp_path / "mix.yaml"
    mix.write_text("scorers: {qa: {}}\n")
    score = as_trl(str(mix))
    single, several = {"task": ["emotion_single"]}, {"task": ["emotion_multi"]}
    assert score(["?"], ["surprise, happy"], answer=[["happy", "surprise"]], **several) == [1.0]
    assert score(["?"], ["surprise, happy"], solution=[np.array(["happy", "surprise"])], **several) == [1.0]
    assert score(["?"], ["A"], solution=["happy"], options=[{"A": "happy", "B": "sad", "C": None}], **single) == [1.0]
    assert score(["?"], ["B"], solution=["A"], options=[{"A": "happy", "B": "sad"}], **single) == [0.0]
    assert score(["?"], ["happy"], solution=["<answer> happy </answer>"], **single) == [1.0]
    with pytest.raises(HostError, match="column `solution`: must be text or a list of labels, found"):
        score(["?"], ["A"], solution=[{"happy": 1}])


def test_what_the_gold_covers_is_a_column(tmp_path: Path) -> None:
    mix = tmp_path / "mix.yaml"
    mix.write_text("scorers: {leaf: {}}\n")
    less = GOOD.replace("a1 hair color: brown\n", "")
    asked = {"tree": [GOOD], "answer": ["angry"]}
    partly = as_trl(str(mix))(["?"], [less], covers=[{"aspects": ["eyebrow angle"]}], **asked)
    assert partly == [1.0]
    assert as_trl(str(mix))(["?"], [less], covers=[None], **asked) != partly
    with pytest.raises(HostError, match="column `covers`: has the unknown key 'all'"):
        as_trl(str(mix))(["?"], [less], covers=[{"all": True}], **asked)


def test_parts_of_a_turn_are_text(expected: list[float | None]) -> None:
    question = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "?"}]}]
    chats = [[{"role": "assistant", "content": [{"type": "text", "text": text}]}] for text in TEXTS]
    assert as_trl(MIX)([question] * 2, chats, answer=["angry"] * 2, tree=[GOOD] * 2) == expected


def test_openrlhf_queries_have_special_tokens(tmp_path: Path) -> None:
    mix = tmp_path / "mix.yaml"
    mix.write_text("scorers: {qa: {}}\n")
    label = {"answer": "happy", "task": "emotion_single"}
    query = "<|begin_of_text|><|im_start|>user\nWhat?<|im_end|>\n<|im_start|>assistant\nhappy<|im_end|>\n"
    found = as_openrlhf(str(mix), torch.tensor)([query], ["<|im_start|>user\nWhat?<|im_end|>\n<|im_start|>assistant\n"], [label])
    assert found["rewards"].tolist() == [1.0]


def test_ms_swift_has_flat_token_ids_where_there_is_one_turn() -> None:
    flat, nested = ([[1, 2], [3]], [[[1, 2]], [[3]]])
    rewards = [as_ms_swift(MIX)()(["a", "b"], answer=["a", "b"], response_token_ids=ids) for ids in (flat, nested)]
    assert rewards[0] == rewards[1]
