"""Levels are credited apart: which bytes and tokens belong to which level, and which advantage they get."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from rewards.mix import Reward
from rewards.sections import sections, token_levels
from rl.advantages import dr_grpo
from rl.credit import level_advantages, token_advantages
from rollout.prompts import PromptEncoder
from tests.fuzz_parser import texts
from tests.unit.test_grammar import GOOD


def test_sections_are_headers_and_nodes() -> None:
    data = GOOD.encode()
    parts = {part.level: data[part.begin : part.end].decode() for part in sections(data)}
    assert parts == {
        "attribute": "attribute\na1 hair color: brown\na2 eyebrow angle: lowered\n",
        "expression": "expression\ne1 scowl < a2\n",
        "emotion": "emotion\nm1 angry (strong) < e1\n",
    }
    assert sections(b"no tree") == []
    cut = sections(data[: data.index(b"emotion") + 3])
    assert [part.level for part in cut] == ["attribute", "expression"]


@given(texts)
@settings(max_examples=200, deadline=None)
def test_sections_of_any_text_are_in_order_and_within_it(text: str) -> None:
    end = 0
    for part in sections(text.encode(errors="surrogatepass")):
        assert end <= part.begin < part.end <= len(text.encode(errors="surrogatepass"))
        end = part.end


def test_tokens_of_a_real_tokenizer_get_the_level_that_they_write(encoder: PromptEncoder) -> None:
    text = GOOD.replace("brown", "bräun 😀")
    ids = encoder.reply_ids(text)
    stray = encoder.reply_ids("😀")[:1]  # part of a character: not valid UTF-8 by itself
    tokens = encoder.token_bytes(np.concatenate([stray, ids, [10**6]]))
    assert b"".join(tokens[1:]) == text.encode()
    levels = token_levels(tokens)
    written = {level: b"".join(t for t, of in zip(tokens, levels, strict=True) if of == level) for level in {*levels}}
    assert b"a2 eyebrow angle: lowered" in written["attribute"]
    assert b"e1 scowl < a2" in written["expression"]
    assert b"m1 angry (strong) < e1" in written["emotion"]
    assert b"<answer>Angry</answer>" in written[None]
    assert levels[-1] is None  # the end-of-turn token


def test_each_level_is_compared_with_its_own_in_the_group() -> None:
    group = [
        Reward(0.9, levels={"attribute": 1.0, "emotion": 1.0}),
        Reward(0.5, levels={"attribute": 1.0, "emotion": 0.0}),
        Reward(None, levels={"attribute": 0.0}),
    ]
    (found,) = level_advantages([group], "dr_grpo")
    assert found == [{"attribute": 0.0, "emotion": 0.5}, {"attribute": 0.0, "emotion": -0.5}, {}]
    ((first, *_),) = dr_grpo([[0.9, 0.5, None]])
    advantages = token_advantages(first, found[0], [None, "attribute", "expression", "emotion", None])
    assert advantages.dtype == np.float32
    assert advantages.tolist() == pytest.approx([0.2, 0.0, 0.2, 0.5, 0.2])
