"""What the columns of a row may hold; everything else is refused with where it stands, the key and what to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rewards.tools.reward_hacks import GOLD
from rewards.tree.writer import write as write_tree
from rollout.row_values import (
    RowError,
    answer_of,
    check_tags,
    covers_of,
    options_of,
    paths_of,
    question_of,
    reference_of,
    text_of,
    tree_of,
    turns_of,
)

USER, ASSISTANT = {"role": "user", "content": "<video>?"}, {"role": "assistant", "content": "hi"}
TREE = write_tree(GOLD)


def test_values_that_fit_are_taken() -> None:
    assert turns_of({"messages": [USER, ASSISTANT]}, "w") == [USER, ASSISTANT]
    assert question_of([USER, ASSISTANT, {"role": "user", "content": "b"}], "w") == "b"
    assert (reference_of([USER, ASSISTANT], "w"), reference_of([ASSISTANT, USER], "w")) == ("hi", None)
    assert paths_of({"videos": "a.mp4"}, "video", "w") == paths_of({"videos": ["a.mp4"]}, "video", "w") == ["a.mp4"]
    assert paths_of({"videos": None}, "video", "w") == paths_of({}, "image", "w") == []
    asked = check_tags({"messages": []}, "<image><video><image>", {"video": ["a"], "image": ["b", "c"]}, "w")
    assert asked == ["image", "video", "image"]
    assert [text_of({"task": value}, "task", "w") for value in ("qa", "", None)] == ["qa", None, None]
    answers = [answer_of({"answer": value}, None, "qa", "w") for value in ("a", 3, True, None, ["a", "b"], [])]
    assert answers == [("a", ()), ("3", ()), ("True", ()), (None, ()), ("a, b", ("a", "b")), (None, ())]
    assert (options_of({"options": ["a", "b"]}, "w"), options_of({"options": None}, "w")) == (("a", "b"), ())
    assert options_of({"options": {"A": "happy", "B": "sad", "C": None}}, "w") == ("A. happy", "B. sad")
    assert covers_of({"covers": {"aspects": ["hat"], "root": None}}, "w") == {"aspects": ["hat"], "root": None}
    assert (tree_of({"tree": TREE}, "w"), tree_of({}, "w")) == (TREE, None)


@pytest.mark.parametrize(
    ("turn", "task", "answer"),
    [
        ("<answer> happy </answer>", "emotion_single", "happy"),
        ("I see a smile.\n<answer>happy</answer>", "rationale", "happy"),
        ("<tree>\nemotion\nm1 happy\n</tree>\nHappy.", "rationale", "Happy."),
        ("The light is dim.\nThe brows are raised.\nhappy", "rationale", "happy"),
        ("<tree>\nemotion\nm1 happy\n</tree>", "rationale", None),
        ("A man smiles.\nHe nods.", "caption", "A man smiles.\nHe nods."),
        (None, "rationale", None),
    ],
)
def test_the_answer_in_an_assistants_turn(turn: str | None, task: str, answer: str | None) -> None:
    assert answer_of({}, turn, task, "w") == (answer, ())
    assert answer_of({"answer": "given"}, turn, task, "w") == ("given", ())


def tags(text: str, **record: Any) -> list[str]:
    given = {kind: record.get(f"{kind}s") or [] for kind in ("video", "image")}
    return [*check_tags({"messages": [{"content": text}], **record}, text, given, "w")]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (lambda: turns_of({"messages": "[]"}, "w"), "must be a list of turns, found text; write the list itself, not its JSON"),
        (lambda: turns_of({"messages": [None]}, "w"), "turn 1 must have `role` and `content`, found nothing; mend or remove it"),
        (lambda: turns_of({"messages": None}, "w"), "no user turn found; a row needs one"),
        (lambda: turns_of({"messages": [ASSISTANT]}, "w"), "no user turn found among assistant; a row needs one"),
        (
            lambda: turns_of({"messages": [{"role": "human"}, {"role": "gpt"}]}, "w"),
            "no user turn found among human, gpt; a row needs one; write 'user' for 'human'; write 'assistant' for 'gpt'",
        ),
        (lambda: question_of([{"role": "user"}], "w"), "the user turn's content must be text, found nothing"),
        (
            lambda: question_of([{"role": "user", "content": [{"type": "text"}]}], "w"),
            "must be text, found a list; write text with <video> and <image> tags, and name the files in `videos` and `images`",
        ),
        (
            lambda: question_of([{"role": "user", "content": "<|image_pad|>what?"}], "w"),
            "the text holds <|image_pad|> itself; write <video> or <image>",
        ),
        (
            lambda: reference_of([USER, {"role": "assistant", "content": ["hi"]}], "w"),
            "the assistant turn's content must be text, found a list",
        ),
    ],
)
def test_conversations_that_do_not_fit_are_refused(read: Callable[[], object], said: str) -> None:
    with pytest.raises(RowError) as error:
        read()
    assert str(error.value).startswith("w, key `messages`: ")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (3, "must be a list of paths of files, found a number"),
        ([None], "must hold paths of files, found 'None'"),
        ([""], "must hold paths of files, found ''"),
        ([{"path": "a.png"}], "must hold paths of files, found \"{'path': 'a.png'}\"; name the file itself, by its path as text"),
        ([["a.png"]], "; make a clip of the frames, or name each in `images` with a tag of its own"),
        (
            ["data:image/png;base64,aaaa"],
            "holds a file's content ('data:image/png;base64,aa'…); write it to a file and name that",
        ),
        (["file:///a.png"], "file:///a.png is an address, not a path; write it as a plain path"),
        (["https://x.org/a.png"], "https://x.org/a.png is an address, not a path; download it first and name the copy"),
    ],
)
def test_paths_that_do_not_fit_are_refused(named: object, said: str) -> None:
    with pytest.raises(RowError) as error:
        paths_of({"images": named}, "image", "w")
    assert str(error.value).startswith("w, key `images`: ")
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (
            lambda: tags("<video>?"),
            "`videos`: the text asks for 1 video(s) by <video>, found 0; make the tags and the list agree",
        ),
        (lambda: tags("?", images=["a"]), "`images`: the text asks for 0 image(s) by <image>, found 1; make the tags"),
        (lambda: tags("<video>?", video="a"), "rename the column `video` to `videos`"),
        (
            lambda: check_tags({"messages": [USER, {"content": "b"}]}, "b", {"video": ["a"], "image": []}, "w"),
            "only the last user turn is asked: move the <video> of earlier turns into it",
        ),
        (lambda: text_of({"task": 3}, "task", "w"), "`task`: must be text, found a number"),
        (lambda: answer_of({"answer": {"a": "b"}}, None, "qa", "w"), "must be text or a list of labels, found {'a': 'b'}"),
        (lambda: answer_of({"answer": [["a"]]}, None, "qa", "w"), "`answer`: must be text or a list of labels, found [['a']]"),
        (lambda: options_of({"options": {"first": "a"}}, "w"), "to each letter, such as {A: happy}; found 'first'"),
        (lambda: options_of({"options": {"A": 3}}, "w"), "must give a text to each letter, such as {A: happy}; found 'A': 3"),
        (lambda: options_of({"options": ["a", 3]}, "w"), 'must be a list of texts, such as ["happy", "sad"], or letters'),
        (lambda: covers_of({"covers": ["hat"]}, "w"), "`covers`: must be `key: value` pairs"),
        (lambda: tree_of({"tree": "no tree"}, "w"), "`tree`: "),
    ],
)
def test_other_values_that_do_not_fit_are_refused(read: Callable[[], object], said: str) -> None:
    with pytest.raises(RowError) as error:
        read()
    assert str(error.value).startswith("w, key `")
    assert said in str(error.value)
