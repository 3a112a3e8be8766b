"""The accounts that the conformance tests of 2022 share: a password costs what it should, so there are few."""

from collections.abc import Iterator

import pytest

from support.server import Person, Roost, running
from support.v2022 import bad_credentials


@pytest.fixture(scope="session")
def alice(roost: Roost) -> Person:
    """An account that all tests write to, each to a collection of its own."""
    return roost.person("alice")


@pytest.fixture(scope="session")
def bob(roost: Roost) -> Person:
    """Somebody else."""
    return roost.person("bob")


@pytest.fixture(scope="session")
def credentials(roost: Roost, alice: Person) -> dict[str, dict[str, str]]:
    """Headers that do not prove that somebody is Alice, by what is wrong with them."""
    return bad_credentials(roost, alice)


@pytest.fixture(scope="session")
def invited_roost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roost]:
    """A server that asks for an invite."""
    with running(tmp_path_factory.mktemp("invited"), invite_required=True) as server:
        yield server
