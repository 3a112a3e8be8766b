"""Whole repositories of October 2022."""

from roost.data import car
from roost.repo import inspect
from support.calls import create, exported, fill, head
from support.server import Person, Roost


def test_what_is_new_since_a_commit_completes_what_was_there(roost: Roost, person: Person) -> None:
    """A client that names the commit it has gets the present one and all that it lacks."""
    fill(person, 20)
    old, (then, _) = exported(person), head(person)
    create(person, {"n": "new"})

    answer = roost.client.get("/xrpc/com.atproto.syncGetRepo", params={"did": person.did, "from": then})

    gained = car.read(answer.content, max_blocks=1000, max_bytes=1 << 20)
    assert answer.headers["content-type"] == "application/cbor"
    assert roost.get("com.atproto.syncGetRoot", did=person.did).json() == {"root": str(gained.roots[0])}
    report = inspect(gained.roots[0], old.blocks | gained.blocks, None)
    assert (report.records, report.problems) == (21, ())
