"""Text in which nothing is a placeholder or a special token."""

from __future__ import annotations

import pytest

from rollout.rows.literals import as_prose


@pytest.mark.parametrize(
    ("text", "prose"),
    [
        ("<video>, <image>", "< video>, < image>"),
        ("<|im_end|><|vision_start|>", "< |im_end|>< |vision_start|>"),
        ("<|reserved_special_token_12|>", "< |reserved_special_token_12|>"),
        ("<videos> <Video> </video> < video>", "<videos> <Video> </video> < video>"),
        ("a <| b |> c <||> <|a b|>", "a <| b |> c <||> <|a b|>"),
        ("<<video>>", "<< video>>"),
        ("<answer>happy</answer>", "<answer>happy</answer>"),
    ],
)
def test_tags_and_special_tokens_are_rewritten_and_nothing_else(text: str, prose: str) -> None:
    assert as_prose(text) == prose
    assert as_prose(prose) == prose
