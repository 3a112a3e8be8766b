"""com.atproto.admin.getAccountInfos."""

from support.administration import MISSING, ask, check_rights
from support.server import Person, Roost


def test_those_that_are_here_are_described_in_the_order_asked_for(roost: Roost) -> None:
    """Each once; others are left out without a word."""
    people = [roost.person() for _ in range(30)]
    dids = [person.did for person in reversed(people)]

    infos = ask(roost, "getAccountInfos", dids=[MISSING, *dids, dids[0]]).json()["infos"]

    assert [info["did"] for info in infos] == dids


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "GET", "getAccountInfos", anybody, dids=anybody.did)
