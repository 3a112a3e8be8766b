"""com.atproto.sync.getBlob: to whom, which part, and with which headers."""

import contextlib
from pathlib import Path

import httpx
import pytest

from roost.data.cid import Cid
from roost.services.blob_audit import BlobAudit
from support import s3
from support.blobs import (
    fetch,
    listed,
    picture,
    reference,
    rows,
    server_of,
    stored,
    take_down,
    upload,
    uploaded,
    wait_for,
)
from support.calls import at_once, create, delete, inside, put, refusal, rkey_of, set_status
from support.server import Person, Roost, running

DATA = picture("of a cat") + bytes(range(256)) * 4000
TAG = f'"{Cid.of_raw(DATA)}"'


@pytest.fixture(scope="module")
def person(roost: Roost) -> Person:
    """Somebody whose record refers to a blob."""
    person = roost.person()
    assert create(person, {"pic": uploaded(person, DATA)}).status_code == 200
    return person


def shown(person: Person, data: bytes, **auth: object) -> httpx.Response:
    """Call getBlob as somebody."""
    params = {"did": person.did, "cid": str(Cid.of_raw(data))}
    return person.client.get("/xrpc/com.atproto.sync.getBlob", params=params, **auth)  # type: ignore[arg-type]


def test_a_blob_is_what_was_uploaded(roost: Roost, person: Person) -> None:
    """For anybody, for ever, and never as a page of this server."""
    answer = fetch(roost, person, DATA)

    assert (answer.status_code, answer.content) == (200, DATA)
    told = {name: answer.headers.get(name) for name in ("content-type", "content-length", "etag", "accept-ranges")}
    assert told == {
        "content-type": "image/png",
        "content-length": str(len(DATA)),
        "etag": TAG,
        "accept-ranges": "bytes",
    }
    safe = {name: answer.headers[name] for name in SAFE}
    assert safe == SAFE
    assert answer.headers["content-disposition"] == f'attachment; filename="{Cid.of_raw(DATA)}"'
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "vary" not in answer.headers


SAFE = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
}


def test_head_says_the_same_without_it(roost: Roost, person: Person) -> None:
    """Also of a range, which HEAD does not have."""
    params = {"did": person.did, "cid": str(Cid.of_raw(DATA))}
    answer = roost.client.head("/xrpc/com.atproto.sync.getBlob", params=params, headers={"range": "bytes=0-1"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["content-length"], answer.headers["etag"]) == (str(len(DATA)), TAG)


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=10-299999", 10, 300_000),
        ("bytes=1000-", 1000, len(DATA)),
        ("bytes=-7", len(DATA) - 7, len(DATA)),
        ("bytes=-99999999", 0, len(DATA)),
        (f"bytes=5-{len(DATA) + 5}", 5, len(DATA)),
        (f"bytes={len(DATA) - 1}-", len(DATA) - 1, len(DATA)),
    ],
)
def test_a_part_of_it(roost: Roost, person: Person, wanted: str, start: int, end: int) -> None:
    """One range, with where it stands."""
    answer = fetch(roost, person, DATA, range=wanted)

    assert (answer.status_code, answer.content) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(DATA)}"
    assert answer.headers["content-length"] == str(end - start)
    assert (answer.headers["etag"], {name: answer.headers[name] for name in SAFE}) == (TAG, SAFE)


@pytest.mark.parametrize("wanted", [f"bytes={len(DATA)}-", "bytes=-0", "bytes=9999999999999999999-"])
def test_a_part_that_is_not_there(roost: Roost, person: Person, wanted: str) -> None:
    """The answer says how long it is, and must not be kept."""
    answer = fetch(roost, person, DATA, range=wanted)

    assert refusal(answer)[:2] == (416, "InvalidRequest")
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"
    assert answer.headers["cache-control"] == "private"


@pytest.mark.parametrize(
    "wanted", ["bytes=0-1,4-5", "bytes=5-2", "bytes=", "bytes=-", "items=0-1", "bytes=a-b", "bytes=1-2-3", "nonsense"]
)
def test_what_is_no_range_is_not_looked_at(roost: Roost, person: Person, wanted: str) -> None:
    """The whole is always an answer."""
    answer = fetch(roost, person, DATA, range=wanted)

    assert (answer.status_code, len(answer.content)) == (200, len(DATA))


@pytest.mark.parametrize("known", [TAG, f"W/{TAG}", f'"a", {TAG}', "*"])
def test_who_has_it_is_not_sent_it(roost: Roost, person: Person, known: str) -> None:
    """With the headers that keep it fresh, and no body; a range does not matter then."""
    answer = fetch(roost, person, DATA, if_none_match=known, range="bytes=0-1")

    assert (answer.status_code, answer.content) == (304, b"")
    assert (answer.headers["etag"], answer.headers["cache-control"][:6]) == (TAG, "public")


def test_who_has_something_else_is_sent_it(roost: Roost, person: Person) -> None:
    """The whole, if it was a part of something else that they have."""
    other = fetch(roost, person, DATA, if_none_match='"other"')
    part = fetch(roost, person, DATA, if_range='"other"', range="bytes=0-1")
    rest = fetch(roost, person, DATA, if_range=TAG, range="bytes=0-1")

    assert (other.status_code, part.status_code, rest.status_code) == (200, 200, 206)


def test_what_is_shown_to_somebody_is_private(roost: Roost, person: Person) -> None:
    """No cache may give to others what was answered to a token."""
    for auth in ({"headers": person.auth}, {"auth": roost.admin}):
        answer = shown(person, DATA, **auth)

        assert (answer.status_code, answer.headers["cache-control"], answer.headers["vary"]) == (
            200,
            "private",
            "Authorization",
        )


def test_a_bad_token_is_refused(roost: Roost, person: Person) -> None:
    """Even where none would do."""
    assert refusal(fetch(roost, person, DATA, authorization="Bearer x"))[:2] == (400, "InvalidToken")


def test_what_no_record_refers_to_is_not_shown(roost: Roost) -> None:
    """Not even to its owner; nor is what was never there, or is somebody else's."""
    person = roost.person()
    uploaded(person, picture("draft"))

    for data in (picture("draft"), picture("never"), DATA):
        for headers in ({}, person.auth):
            assert refusal(shown(person, data, headers=headers)) == (400, "BlobNotFound", "Blob not found")


def test_what_was_taken_down_is_not_shown(roost: Roost) -> None:
    """To nobody, until it is restored; a client that has it is not told that it is fresh."""
    person = roost.person()
    data = picture("bad")
    create(person, {"pic": uploaded(person, data)})
    take_down(roost, person, data, "why")

    hidden = fetch(roost, person, data), fetch(roost, person, data, if_none_match="*")
    to_owner = shown(person, data, headers=person.auth)
    take_down(roost, person, data, None)

    assert [refusal(answer)[1] for answer in (*hidden, to_owner)] == ["BlobNotFound"] * 3
    assert fetch(roost, person, data).content == data


def test_an_account_that_is_not_active(roost: Roost) -> None:
    """Its owner and the administrator see what nobody else does."""
    person, other = roost.person(), roost.person()
    data = picture("mine")
    create(person, {"pic": uploaded(person, data)})

    set_status(roost, person, "deactivated")
    deactivated = [refusal(shown(person, data, **auth))[1] for auth in ({}, {"headers": other.auth})]
    own = shown(person, data, headers=person.auth)
    set_status(roost, person, "takendown")
    taken_down = refusal(shown(person, data))[1]
    admin = shown(person, data, auth=roost.admin)

    assert deactivated == ["RepoDeactivated"] * 2
    assert (own.status_code, own.headers["cache-control"]) == (200, "private")
    assert (taken_down, admin.status_code, admin.headers["cache-control"]) == ("RepoTakendown", 200, "private")


def test_nobodys_account(roost: Roost) -> None:
    """An unknown DID has no blobs."""
    answer = roost.get("com.atproto.sync.getBlob", did="did:plc:nobody", cid=str(Cid.of_raw(b"x")))

    assert refusal(answer)[:2] == (400, "RepoNotFound")


@pytest.mark.parametrize("cid", ["", "nonsense", str(Cid.of_raw(b"x")).upper()])
def test_what_is_no_cid(roost: Roost, person: Person, cid: str) -> None:
    """It is a mistake, not a blob that is missing."""
    answer = roost.get("com.atproto.sync.getBlob", did=person.did, cid=cid)

    assert refusal(answer)[:2] == (400, "InvalidRequest")


def test_a_blob_goes_with_the_last_record(own_roost: Roost) -> None:
    """Deleted, written over, or in the same commit replaced; what another record refers to stays, and so do others'."""
    person, other = own_roost.person(), own_roost.person()
    one, two = picture("one"), picture("two")
    for each in (person, other):
        for data in (one, two):
            uploaded(each, data)
        create(each, {"pics": [reference(one), reference(two)]})
    put(person, "a", {"pic": reference(one)})
    put(person, "b", {"pic": reference(two)})
    first = str(person.get("com.atproto.repo.listRecords", repo=person.did, collection="com.example.thing").json())
    rkey = next(key for key in first.split("/") if key.startswith("3")).partition("'")[0]

    delete(person, rkey)
    after_delete = [fetch(own_roost, person, data).status_code for data in (one, two)]
    put(person, "a", {"pic": reference(one), "edited": True})
    after_edit = fetch(own_roost, person, one).status_code
    put(person, "a", {"pic": None})
    put(person, "b", {"pic": None})

    assert (after_delete, after_edit) == ([200, 200], 200)
    assert [refusal(fetch(own_roost, person, data))[1] for data in (one, two)] == ["BlobNotFound"] * 2
    assert [fetch(own_roost, other, data).content for data in (one, two)] == [one, two]
    assert listed(own_roost, person) == []
    assert upload(person, one).status_code == 200


def test_bytes_go_once_the_commit_is_durable(own_roost: Roost) -> None:
    """And not while a record is only refused."""
    person = own_roost.person()
    data = picture("x")
    made = create(person, {"pic": uploaded(person, data)})
    before = stored(own_roost.data)

    put(person, rkey_of(made), {"pic": None, "also": reference(picture("never"))})
    assert (stored(own_roost.data), fetch(own_roost, person, data).status_code) == (before, 200)
    delete(person, rkey_of(made))

    wait_for("its bytes are gone", lambda: stored(own_roost.data) == [])


def test_a_reference_races_with_the_deletion_of_another(roost: Roost) -> None:
    """Whoever comes first, a record that was taken has its blob, and one whose blob is gone was refused."""
    person = roost.person()
    for turn in range(10):
        data = picture(f"raced {turn}")
        made = create(person, {"pic": uploaded(person, data)})

        def call(number: int, rkey: str = rkey_of(made), data: bytes = data) -> httpx.Response:
            return delete(person, rkey) if number == 0 else create(person, {"pic": reference(data), "n": number})

        answers = at_once(8, call)

        assert answers[0].status_code == 200
        kept = [answer for answer in answers[1:] if answer.status_code == 200]
        assert {refusal(answer)[1] for answer in answers[1:] if answer not in kept} <= {"BlobNotFound"}
        found = fetch(roost, person, data)
        assert (found.status_code, found.content == data) == ((200, True) if kept else (400, False))


def test_bytes_that_are_lost_are_told_as_a_blob_that_is_not_there(own_roost: Roost) -> None:
    """The operator finds it in the log."""
    person = own_roost.person()
    data = picture("lost")
    create(person, {"pic": uploaded(person, data)})
    for path in (own_roost.data / "blobs").rglob("*"):
        if path.is_file():
            path.unlink()

    assert refusal(fetch(own_roost, person, data)) == (400, "BlobNotFound", "Blob not found")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["memory", "s3"])
def test_blobs_in_an_object_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Uploading, reading in parts and removing are the same wherever the bytes are."""
    with contextlib.ExitStack() as stack:
        url = "memory:///"
        if kind == "s3":
            for name, value in s3.environment(stack.enter_context(s3.serving())).items():
                monkeypatch.setenv(name, value)
            url = f"s3://{s3.BUCKET}/of/roost"
        roost = stack.enter_context(running(tmp_path, blobstore_url=url))
        person = roost.person()
        large = picture("large") + bytes(range(256)) * 40_000
        answers = at_once(4, lambda _: upload(person, large))
        made = create(person, {"pic": reference(large)})

        whole, part = fetch(roost, person, large), fetch(roost, person, large, range="bytes=4194300-4194310")
        delete(person, rkey_of(made))

        assert {answer.status_code for answer in answers} == {200}
        assert (whole.content == large, part.content) == (True, large[4194300:4194311])
        assert refusal(fetch(roost, person, large))[1] == "BlobNotFound"
        objects = server_of(roost).get(BlobAudit)
        wait_for("all objects are gone", lambda: rows(roost, "doomed_object") == 0)

        async def left() -> int:
            return len([each async for each in objects.orphans()])

        assert inside(roost, left()) == 0
        assert list((roost.data / "incoming").iterdir()) == []
