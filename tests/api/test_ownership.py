"""Whose repository a request means; what is told of any other over HTTP, with createRecord."""

from typing import NoReturn

import pytest

from roost.api.ownership import check_own
from roost.services.caller import Caller, Scope
from roost.syntax import AtIdentifier, Did, Handle

pytestmark = pytest.mark.anyio

ALICE = Caller(1, Did.parse("did:web:alice.test"), Handle.parse("alice.test"), Scope.ACCESS, None)


@pytest.fixture
def anyio_backend() -> str:
    """The event loop the server runs on."""
    return "asyncio"


class Nobody:
    """Accounts that are not to be asked."""

    async def known(self, name: AtIdentifier) -> NoReturn:
        """Fail."""
        raise AssertionError(name)


@pytest.mark.parametrize("name", ["did:web:alice.test", "alice.test", "ALICE.test"])
async def test_both_names_of_the_caller_are_its_own(name: str) -> None:
    """A repository may be named by DID or by handle, in any spelling of the latter; nobody is looked up for it."""
    await check_own(Nobody(), ALICE, AtIdentifier.parse(name))  # type: ignore[arg-type]  # all that is asked of it


@pytest.mark.parametrize("name", ["did:web:bob.test", "did:web:ALICE.test", "bob.test"])
async def test_another_repository_is_not(name: str) -> None:
    """The caller is who the token says, whatever the request does; a DID is compared letter by letter."""
    with pytest.raises(AssertionError, match=name):
        await check_own(Nobody(), ALICE, AtIdentifier.parse(name))  # type: ignore[arg-type]  # as above
