"""One server of the sample methods for all tests of the edge."""

from collections.abc import Iterator

import pytest

from support.edge import Edge, served


@pytest.fixture(scope="session")
def edge() -> Iterator[Edge]:
    """Serve the sample methods on a free port."""
    with served() as edge:
        yield edge
