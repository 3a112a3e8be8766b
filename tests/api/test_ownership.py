"""Whose repository a request means."""

import pytest

from roost.api.ownership import check_own
from roost.services.caller import Caller, Scope
from roost.services.errors import Unauthenticated
from roost.syntax import AtIdentifier, Did, Handle

ALICE = Caller(1, Did.parse("did:web:alice.test"), Handle.parse("alice.test"), Scope.ACCESS, None)


@pytest.mark.parametrize("name", ["did:web:alice.test", "alice.test", "ALICE.test"])
def test_both_names_of_the_caller_are_its_own(name: str) -> None:
    """A repository may be named by DID or by handle, in any spelling of the latter."""
    check_own(ALICE, AtIdentifier.parse(name))


@pytest.mark.parametrize("name", ["did:web:bob.test", "did:web:ALICE.test", "bob.test"])
def test_another_repository_is_not(name: str) -> None:
    """The caller is who the token says, whatever the request does; a DID is compared letter by letter."""
    repo = AtIdentifier.parse(name)

    with pytest.raises(Unauthenticated, match=rf"^The token is not one of {repo}$"):
        check_own(ALICE, repo)
