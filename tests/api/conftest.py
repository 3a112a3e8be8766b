"""Accounts for the tests of methods."""

import pytest

from support.server import Person, Roost


@pytest.fixture
def person(roost: Roost) -> Person:
    """An account of its own for a test that writes."""
    return roost.person()


@pytest.fixture(scope="session")
def anybody(roost: Roost) -> Person:
    """An account for the tests whose requests are refused, or read what every account has."""
    return roost.person("anybody")
