"""The reach of a negation."""

import pytest

from rewards.captions.negation import negated


@pytest.mark.parametrize(
    ("sentence", "denied"),
    [
        ("she is not happy but sad", "happy"),
        ("he wears no hat and a mask", "hat"),
        ("without glasses , she smiles", "glasses"),
        ("neither a hat , glasses nor a mask", "a hat , glasses nor a mask"),
        ("far from happy", "from happy"),
        ("anything but happy", "but happy"),
        ("not only happy", ""),
        ("she cannot help smiling", ""),
        ("rather happy", ""),
        ("sad rather than happy", "than happy"),
        ("no beard is visible", "beard"),
        ("a man smiles", ""),
    ],
)
def test_a_negation_reaches_to_the_next_comma_or_contrast(sentence: str, denied: str) -> None:
    tokens = sentence.split()
    assert " ".join(token for token, is_denied in zip(tokens, negated(tokens), strict=True) if is_denied) == denied
