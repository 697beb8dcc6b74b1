"""Golden messages: what every mistake of the tables beside is told, in one line, with exit status 2, or 1 for rows that a
check found unusable, before anything starts.

A message that is changed on purpose is changed there too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.golden.telling import SECONDS, Mistake, Place, mistakes


@pytest.mark.timeout(SECONDS, func_only=True)
@pytest.mark.parametrize("mistake", mistakes("configs"), ids=lambda mistake: mistake.words)
def test_a_mistake_in_a_configuration(mistake: Mistake, place: Place) -> None:
    place.check(mistake)
    assert not Path("runs").exists()


@pytest.mark.timeout(SECONDS, func_only=True)
@pytest.mark.parametrize("mistake", mistakes("scorers"), ids=lambda mistake: mistake.words)
def test_a_mistake_in_a_scorer(mistake: Mistake, place: Place) -> None:
    place.check(mistake)


@pytest.mark.usefixtures("imported")
@pytest.mark.timeout(SECONDS, func_only=True)
@pytest.mark.parametrize("mistake", mistakes("rows"), ids=lambda mistake: mistake.words)
def test_a_mistake_in_rows(mistake: Mistake, place: Place) -> None:
    place.check(mistake)


@pytest.mark.usefixtures("imported")
@pytest.mark.timeout(SECONDS, func_only=True)
@pytest.mark.parametrize("mistake", mistakes("runs"), ids=lambda mistake: mistake.words)
def test_a_mistake_with_a_run_or_a_command(mistake: Mistake, place: Place) -> None:
    place.check(mistake)
