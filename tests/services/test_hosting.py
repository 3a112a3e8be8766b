"""Whom a DID or handle means here."""

import pytest

from roost.services import hosting
from roost.services.errors import RepoDeactivated, RepoNotFound, RepoTakendown
from roost.syntax import AtIdentifier
from support.house import House, did_of

pytestmark = pytest.mark.anyio


async def test_an_account_is_found_by_its_did_and_by_its_handle(house: House) -> None:
    """Both names mean the same account; the handle in any spelling."""
    alice = await house.account()

    for name in (alice.did, "alice.test", "ALICE.test"):
        assert await house.db.read(lambda tx, name=name: hosting.find(tx, AtIdentifier.parse(name))) == alice  # type: ignore[misc]


@pytest.mark.parametrize(
    ("status", "error", "message"),
    [
        ("takendown", RepoTakendown, "Repo has been takendown: {did}"),
        ("deactivated", RepoDeactivated, "Repo has been deactivated: {did}"),
    ],
)
async def test_a_repository_of_an_inactive_account_is_not_readable(
    house: House, status: str, error: type[Exception], message: str
) -> None:
    """Each state of an account has its own refusal."""
    alice = await house.account()
    await house.set_status(alice, status)

    with pytest.raises(error) as refused:
        await house.db.read(lambda tx: hosting.readable(tx, alice.did))
    assert str(refused.value) == message.format(did=alice.did)


async def test_nobodys_repository_is_not_found(house: House) -> None:
    """A DID that is not hosted here, or no longer, is told by name."""
    with pytest.raises(RepoNotFound, match=rf"^Could not find repo: {did_of('nobody')}$"):
        await house.db.read(lambda tx: hosting.readable(tx, did_of("nobody")))
