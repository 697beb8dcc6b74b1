"""Text in which nothing is a placeholder or a special token.

A prompt is put together as text and then made into tokens, so that `<video>` in prose would be taken for the place of a video,
and `<|im_end|>` would end the turn. Both are rewritten with a blank: `< video>`, `< |im_end|>`.
"""

from __future__ import annotations

import re

_LITERAL = re.compile(r"<(?=(?:video|image)>|\|[^|<>\s]{1,64}\|>)")


def as_prose(text: str) -> str:
    """A text without media tags and special tokens."""
    return _LITERAL.sub("< ", text) if "<" in text else text
