"""com.atproto.sync.getRepo."""

from roost.crypto.keys import PublicKey
from roost.data import car
from roost.data.cid import Cid
from roost.repo import inspect
from support.calls import at_once, create, delete, exported, fill, head, inspected, put, refusal, set_status
from support.server import Person, Roost
from support.states import INACTIVE, asking, check_credentials, check_states, takendown_token

NSID = "com.atproto.sync.getRepo"


def test_the_car_is_signed_by_the_key_in_the_did_document(roost: Roost, person: Person) -> None:
    """Whoever resolves the DID can check the whole repository."""
    fill(person, 20)
    delete(person, "03")
    document = roost.client.get(f"{roost.plc_url}/{person.did}").json()
    (method,) = document["verificationMethod"]
    answer = roost.get("com.atproto.sync.getRepo", did=person.did)

    found = car.read(answer.content, max_blocks=1000, max_bytes=1 << 20)

    key = _key(method["publicKeyMultibase"])
    report = inspect(found.roots[0], found.blocks, key)
    assert answer.headers["content-type"] == "application/vnd.ipld.car"
    assert (report.records, report.signed, report.unused, report.problems) == (19, True, 0, ())
    assert str(found.roots[0]) == head(person)[0]


def _key(multibase: str) -> PublicKey:
    return PublicKey.from_did_key(f"did:key:{multibase}")


def test_an_empty_repository_can_be_fetched(person: Person) -> None:
    """A new account has a commit and an empty node."""
    report = inspected(person)

    assert (report.records, report.nodes, report.problems) == (0, 1, ())


def test_since_a_rev_there_is_what_is_new(person: Person) -> None:
    """With the first CAR it makes the present repository; and since now there is nothing."""
    fill(person, 20)
    old, (_, rev) = exported(person), head(person)
    created = Cid.parse(create(person, {"n": "new"}).json()["cid"])
    delete(person, "04")

    gained = exported(person, since=rev)

    assert created in gained.blocks
    report = inspect(gained.roots[0], old.blocks | gained.blocks, None)
    assert (report.records, report.problems) == (20, ())
    assert exported(person, since=head(person)[1]).blocks == {}


def test_an_export_is_whole_whatever_is_written_meanwhile(person: Person) -> None:
    """Each of many exports under many writes is a state that the repository really had."""
    fill(person, 10)

    def call(number: int) -> tuple[str, ...]:
        if number % 2:
            return () if put(person, f"{number:02d}", {"n": "changed"}).status_code == 200 else ("refused",)
        return inspected(person).problems

    assert at_once(16, call) == [()] * 16


@INACTIVE
def test_states(roost: Roost, status: str, name: str) -> None:
    """An inactive account's repository is its own and the administrator's to read; others are refused before any byte
    of a CAR.
    """
    check_states(roost, asking(roost, NSID, lambda person: {"did": person.did}), status, name)


def test_credentials(roost: Roost, anybody: Person) -> None:
    """Nobody need say who they are, but who does must be believed."""
    check_credentials(roost, asking(roost, NSID, lambda person: {"did": person.did}), anybody)


def test_who_was_taken_down_can_take_their_data_away(roost: Roost, person: Person) -> None:
    """A token that was given out for that reads the whole repository, and nothing else of it."""
    fill(person, 5)
    set_status(roost, person, "takendown")
    token = takendown_token(roost, person)

    answer = roost.client.get(f"/xrpc/{NSID}", params={"did": person.did}, headers=token)
    others = [
        roost.client.get(f"/xrpc/com.atproto.sync.{method}", params={"did": person.did}, headers=token)
        for method in ("getHead", "getLatestCommit", "getCheckout")
    ]

    assert answer.status_code == 200
    assert len(car.read(answer.content, max_blocks=100, max_bytes=1 << 20).blocks) >= 7
    assert [refusal(other) for other in others] == [(400, "InvalidToken", "Bad token scope")] * 3


def test_an_unknown_repository_is_not_found(roost: Roost) -> None:
    """A DID that is not hosted here has no repository here."""
    did = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"

    answer = roost.get("com.atproto.sync.getRepo", did=did)

    assert refusal(answer) == (400, "RepoNotFound", f"Could not find repo: {did}")


def test_since_must_be_a_rev(roost: Roost, anybody: Person) -> None:
    """A CID or a date is not."""
    status, name, _ = refusal(roost.get("com.atproto.sync.getRepo", did=anybody.did, since="2026-01-01"))

    assert (status, name) == (400, "InvalidRequest")
