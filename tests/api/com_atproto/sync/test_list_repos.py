"""com.atproto.sync.listRepos."""

import pytest

from support.calls import at_once, create, head, refusal, set_status
from support.server import Person, Roost

NSID = "com.atproto.sync.listRepos"


def pages(roost: Roost, limit: int) -> list[list[dict[str, object]]]:
    """Return all pages."""
    found: list[list[dict[str, object]]] = []
    cursor: dict[str, object] = {}
    while True:
        answer = roost.get(NSID, limit=limit, **cursor)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found.append(page["repos"])
        if "cursor" not in page:
            return found
        cursor = {"cursor": page["cursor"]}


def test_every_repository_is_listed_once(own_roost: Roost) -> None:
    """Oldest first, whatever the size of a page; where each stands is what getLatestCommit tells."""
    people = [own_roost.person() for _ in range(7)]
    for person in people[::2]:
        create(person, {"n": 1})
    expected = [
        {"did": person.did, "head": head(person)[0], "rev": head(person)[1], "active": True} for person in people
    ]

    for limit in (1, 2, 3, 6, 7, 8, 1000):
        assert [repo for page in pages(own_roost, limit) for repo in page] == expected
    assert [len(page) for page in pages(own_roost, 3)] == [3, 3, 1]


def test_inactive_ones_are_listed_with_why(own_roost: Roost) -> None:
    """A consumer has to know of them; one that was deleted is gone."""
    active, off, down, gone = (own_roost.person() for _ in range(4))
    set_status(own_roost, off, "deactivated")
    set_status(own_roost, down, "takendown")
    assert gone.post("com.atproto.deleteAccount").status_code == 200

    (page,) = pages(own_roost, 500)

    assert [(repo["did"], repo["active"], repo.get("status")) for repo in page] == [
        (active.did, True, None),
        (off.did, False, "deactivated"),
        (down.did, False, "takendown"),
    ]


def test_a_server_without_accounts_has_none(own_roost: Roost) -> None:
    """An empty page, and no cursor."""
    assert own_roost.get(NSID).json() == {"repos": []}


def test_accounts_that_are_made_meanwhile_come_at_the_end(own_roost: Roost) -> None:
    """A walk through the pages meets everybody who was there when it began, once."""
    before = [own_roost.person().did for _ in range(4)]
    first = own_roost.get(NSID, limit=2).json()
    at_once(3, lambda _: own_roost.person())

    rest = own_roost.get(NSID, cursor=first["cursor"]).json()["repos"]

    assert [repo["did"] for repo in (*first["repos"], *rest)][:4] == before
    assert len(rest) == 5


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "1e3", "%D9%A1", "9" * 30, "1 ", "did:plc:a", "1%00"])
def test_a_cursor_that_is_none_is_refused(roost: Roost, cursor: str) -> None:
    """A cursor is what an answer has given."""
    assert refusal(roost.client.get(f"/xrpc/{NSID}?cursor={cursor}"))[:2] == (400, "InvalidRequest")


@pytest.mark.parametrize("limit", ["0", "1001", "-5", "x"])
def test_a_limit_has_limits(roost: Roost, anybody: Person, limit: str) -> None:
    """From 1 to 1000."""
    assert refusal(roost.get(NSID, limit=limit))[:2] == (400, "InvalidRequest")
