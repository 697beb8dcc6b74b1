"""What tests of records share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.signal_handlers import handlers_restored


@pytest.fixture
def signals() -> Iterator[None]:
    """Signals are handled as before once a test is over."""
    with handlers_restored():
        yield
