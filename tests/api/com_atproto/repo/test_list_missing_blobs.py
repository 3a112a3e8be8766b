"""com.atproto.repo.listMissingBlobs: what an account that moves in has still to bring."""

from roost.data.cid import Cid
from roost.storage import accounts, blobs, heads
from roost.storage.db import Tx
from roost.syntax import Did
from support.blobs import fetch, listed, picture, reference, server_of, upload
from support.calls import create, inside, refusal
from support.server import Person, Roost


def expect(roost: Roost, person: Person, path: str, *data: bytes) -> None:
    """Have a record refer to blobs, as one that was imported does."""

    def work(tx: Tx) -> None:
        account = accounts.by_did(tx, Did.parse(person.did))
        assert account is not None
        head = heads.get(tx, account.id)
        assert head is not None
        blobs.expect(tx, account.id, path, head.rev, [Cid.of_raw(each) for each in data])

    async def write() -> None:
        await server_of(roost).db.write(work)

    inside(roost, write())


def missing(person: Person, **params: object) -> list[tuple[str, str]]:
    """Return what is answered."""
    answer = person.get("com.atproto.repo.listMissingBlobs", **params)
    assert answer.status_code == 200, answer.text
    return [(each["cid"], each["recordUri"]) for each in answer.json()["blobs"]]


def test_what_is_missing_is_listed_until_it_is_uploaded(roost: Roost) -> None:
    """From then on it is no longer temporary, whatever it was called."""
    person = roost.person()
    one, two = sorted([picture("one"), picture("two")], key=Cid.of_raw)
    expect(roost, person, "com.example.thing/a", one, two)
    uri = f"at://{person.did}/com.example.thing/a"

    before = missing(person)
    hidden = refusal(fetch(roost, person, one))[1]
    refused = refusal(create(person, {"pic": reference(one)}))[1]
    upload(person, one, "image/jpeg")

    assert before == [(str(Cid.of_raw(one)), uri), (str(Cid.of_raw(two)), uri)]
    assert (hidden, refused) == ("BlobNotFound", "BlobNotFound")
    assert missing(person) == before[1:]
    assert listed(roost, person) == [cid for cid, _ in before]
    assert fetch(roost, person, one).content == one
    assert create(person, {"pic": reference(one, "image/whatever")}).status_code == 200


def test_pages_meet(roost: Roost) -> None:
    """By CID, with a cursor unless the page is the last."""
    person = roost.person()
    data = sorted([picture(f"{n}") for n in range(5)], key=Cid.of_raw)
    expect(roost, person, "com.example.thing/a", *data)

    first = person.get("com.atproto.repo.listMissingBlobs", limit=3).json()
    second = person.get("com.atproto.repo.listMissingBlobs", limit=3, cursor=first["cursor"]).json()

    assert [each["cid"] for each in first["blobs"] + second["blobs"]] == [str(Cid.of_raw(each)) for each in data]
    assert "cursor" not in second


def test_only_for_oneself(roost: Roost) -> None:
    """A token is needed; others see nothing of it; a cursor is a CID."""
    person = roost.person()
    expect(roost, person, "com.example.thing/a", picture("x"))

    assert refusal(roost.get("com.atproto.repo.listMissingBlobs"))[:2] == (401, "AuthMissing")
    assert missing(roost.person()) == []
    assert refusal(person.get("com.atproto.repo.listMissingBlobs", cursor="x"))[2] == "Malformed cursor"
