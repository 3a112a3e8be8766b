"""com.atproto.repo.describeRepo."""

import pytest

from roost.net.resolve import DidResolver
from roost.services import budget
from support.calls import THING, apply, create, delete, inside, refusal, set_status
from support.moving import newcomer
from support.server import Person, Roost


def describe(roost: Roost, repo: str) -> dict[str, object]:
    """Call it as nobody."""
    answer = roost.get("com.atproto.repo.describeRepo", repo=repo)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert isinstance(told, dict)
    return told


def test_it_tells_names_document_and_collections(roost: Roost, person: Person) -> None:
    """The document is the directory's, and the names agree."""
    for collection in ("com.example.b", "com.example.a", "com.example.a-b.c"):
        create(person, {}, collection)

    told = describe(roost, person.handle)

    assert told == {
        "handle": person.handle,
        "did": person.did,
        "didDoc": roost.client.get(f"{roost.plc_url}/{person.did}").json(),
        "collections": ["com.example.a", "com.example.a-b.c", "com.example.b"],
        "handleIsCorrect": True,
    }
    assert describe(roost, person.did) == told


def test_an_emptied_collection_is_not_told_of(roost: Roost, person: Person) -> None:
    """Collections are those that have a record now."""
    apply(person, {"action": "create", "rkey": "a", "value": {}})
    delete(person, "a")

    assert describe(roost, person.did)["collections"] == []


def test_a_handle_that_the_document_does_not_name_is_not_correct(roost: Roost, person: Person) -> None:
    """What is stored here and what the DID says may differ for a while."""
    server = roost.app.server
    assert server is not None

    async def rename() -> None:
        await server.db.write(
            lambda tx: tx.run("UPDATE account SET handle = ? WHERE did = ?", "renamed.test", person.did)
        )

    inside(roost, rename())

    told = describe(roost, person.did)
    assert (told["handle"], told["handleIsCorrect"]) == ("renamed.test", False)


def test_a_handle_that_cannot_be_looked_up_is_not_correct(roost: Roost, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there are too many look-ups for others the rest is told all the same."""
    stranger, person = newcomer(roost)
    stranger.rename("elsewhere.example")
    server = roost.app.server
    assert server is not None
    resolver = server.get(DidResolver)

    async def move() -> None:
        await server.db.write(
            lambda tx: tx.run(
                "UPDATE account SET handle = ?, handle_invalid_at = 1, status = NULL WHERE did = ?",
                "elsewhere.example",
                person.did,
            )
        )
        await resolver.resolve(stranger.did, fresh=True)

    inside(roost, move())
    monkeypatch.setattr(budget, "WAITING", 0)

    assert describe(roost, person.did)["handleIsCorrect"] is False


def test_unreadable_repositories_are_refused(roost: Roost, person: Person) -> None:
    """An unknown one, and one that is not active."""
    answer = roost.get("com.atproto.repo.describeRepo", repo="nobody.test")
    assert refusal(answer) == (400, "RepoNotFound", "Could not find repo: nobody.test")

    set_status(roost, person, "takendown")
    answer = roost.get("com.atproto.repo.describeRepo", repo=person.did)
    assert refusal(answer) == (400, "RepoTakendown", f"Repo has been takendown: {person.did}")


def test_it_is_for_one_repository(roost: Roost) -> None:
    """Which must be named, by a DID or a handle."""
    for repo in ("", "nonsense", f"at://did:web:x.test/{THING}"):
        assert refusal(roost.get("com.atproto.repo.describeRepo", repo=repo))[:2] == (400, "InvalidRequest")
