"""What the tests of scorers share."""

from collections.abc import Iterator

import pytest

from rewards.scorers.endpoint import open_endpoint
from tests.unit.rewards.scorers.endpoint_server import EndpointServer


@pytest.fixture
def endpoint() -> Iterator[EndpointServer]:
    found = EndpointServer()
    yield found
    found.close()
    open_endpoint.cache_clear()
