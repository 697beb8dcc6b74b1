"""What commands are given here is what the machine has, without what libraries set as this folder's tests import them."""

from __future__ import annotations

import os

import pytest

_OF_THE_MACHINE = dict(os.environ)


@pytest.fixture(autouse=True, scope="session")
def environment_of_the_machine() -> None:
    """Variables are again as they were before any of these tests was imported."""
    os.environ.clear()
    os.environ.update(_OF_THE_MACHINE)
