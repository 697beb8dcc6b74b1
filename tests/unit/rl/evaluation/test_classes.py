"""Recognition of classes, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix

from rl.evaluation.classes import OTHER, confusion


def test_recalls_and_confusion_are_scikit_learns() -> None:
    rng = np.random.default_rng(0)
    names = ["angry", "happy", "sad"]
    gold = [*names, *rng.choice(names, 120)]
    said = [str(rng.choice([true, *names])) for true in gold]
    found = confusion(gold, said)
    assert found.unweighted == pytest.approx(balanced_accuracy_score(gold, said))
    assert found.weighted == pytest.approx(accuracy_score(gold, said))
    assert [list(row[:3]) for row in found.counts] == confusion_matrix(gold, said, labels=names).tolist()


def test_an_answer_that_is_no_class_is_wrong_and_no_class_of_its_own() -> None:
    found = confusion(["happy", "happy", "sad"], ["happy", "a long story", "fear"])
    assert (found.classes, found.said) == (("happy", "sad"), ("happy", "sad", OTHER))
    assert found.counts == ((1, 0, 1), (0, 0, 1))
    assert (found.unweighted, found.weighted) == (0.25, pytest.approx(1 / 3))
