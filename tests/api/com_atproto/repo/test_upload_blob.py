"""com.atproto.repo.uploadBlob: what is taken in, under which name and type, and what is refused."""

import gzip
import socket
import time
from pathlib import Path

import httpx
import pytest

from roost.data.cid import Cid
from support.blobs import (
    arriving,
    fetch,
    picture,
    reference,
    rows,
    stored,
    take_down,
    upload,
    uploaded,
    wait_for,
)
from support.calls import THING, at_once, bearer, create, put, refusal, set_status
from support.server import Person, Roost, running
from support.strangers import service_did

LIMIT = 300_000


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> "object":
    """A server that takes small blobs, and not many."""
    with running(tmp_path_factory.mktemp("small"), blob_limit=LIMIT, blob_quota=2 * LIMIT) as server:
        yield server


@pytest.fixture
def person(roost: Roost) -> Person:
    """Somebody new."""
    return roost.person()


@pytest.mark.parametrize("data", [picture("a"), picture("b") + bytes(400_000)])
def test_a_blob_is_named_by_its_bytes(person: Person, data: bytes) -> None:
    """The answer is a reference that a record may carry as it is."""
    answer = upload(person, data)

    assert (answer.status_code, answer.json()) == (200, {"blob": reference(data)})
    assert create(person, {"pic": answer.json()["blob"]}).status_code == 200


@pytest.mark.parametrize(
    ("data", "declared", "found"),
    [
        (picture("x"), "text/plain", "image/png"),
        (b"hello world", "text/plain; charset=utf-8", "text/plain"),
        (b"WEBVTT\n\n", "text/vtt", "text/vtt"),
        (b"<svg/>", "IMAGE/SVG+XML", "image/svg+xml"),
        (b"whatever", "*/*", "application/octet-stream"),
        (b"whatever", "image/*", "application/octet-stream"),
        (b"whatever", "nonsense", "application/octet-stream"),
        (b"whatever", "a/<b>", "application/octet-stream"),
    ],
)
def test_what_the_bytes_show_counts_more_than_what_is_said(
    person: Person, data: bytes, declared: str, found: str
) -> None:
    """What is said counts only for what cannot be told, and if it is a media type."""
    answer = upload(person, data, declared)

    assert (answer.status_code, answer.json()["blob"]["mimeType"]) == (200, found)


def test_a_type_must_be_said(person: Person) -> None:
    """Even if it counts for little."""
    assert refusal(upload(person, b"x", None)) == (
        400,
        "InvalidRequest",
        "Request encoding (Content-Type) required but not provided",
    )


def test_there_must_be_something(person: Person) -> None:
    """An upload of nothing is a mistake."""
    assert refusal(upload(person, b""))[:2] == (400, "InvalidRequest")


def test_nobody_may_upload_for_somebody_else(roost: Roost, person: Person) -> None:
    """A token is needed, and says whose the blob is."""
    answer = roost.post("com.atproto.repo.uploadBlob", headers={"content-type": "image/png"}, content=b"x")
    other = roost.person()
    uploaded(other, picture("theirs"))

    assert refusal(answer)[:2] == (401, "AuthMissing")
    assert refusal(create(person, {"pic": reference(picture("theirs"))}))[1] == "BlobNotFound"


def test_a_service_may_upload_for_an_account(roost: Roost, person: Person) -> None:
    """With a token that the account had made for just this; one for another method is refused."""
    nsid = "com.atproto.repo.uploadBlob"

    def token(lxm: str) -> dict[str, str]:
        params = {"aud": service_did(roost), "lxm": lxm}
        return bearer(person.get("com.atproto.server.getServiceAuth", **params).json()["token"])

    said = {"content-type": "video/mp4"}
    taken = roost.post(nsid, headers=said | token(nsid), content=b"a film")
    refused = roost.post(nsid, headers=said | token("com.atproto.repo.createRecord"), content=b"another")

    assert taken.json() == {"blob": reference(b"a film", "video/mp4")}
    assert create(person, {"film": taken.json()["blob"]}).status_code == 200
    assert refused.status_code in (400, 401)


def test_who_is_deactivated_may_upload(roost: Roost, person: Person) -> None:
    """Whoever moves in does that before the account is active."""
    set_status(roost, person, "deactivated")

    assert upload(person, picture("moving")).status_code == 200


def test_who_was_taken_down_may_not(roost: Roost, person: Person) -> None:
    """Whatever the token."""
    set_status(roost, person, "takendown")

    assert refusal(upload(person, picture("bad")))[:2] == (401, "AccountTakedown")


def test_what_was_taken_down_cannot_come_back(roost: Roost, person: Person) -> None:
    """It is neither uploaded nor referred to, until it is restored."""
    data = picture("bad")
    create(person, {"pic": uploaded(person, data)})
    assert take_down(roost, person, data, "why")

    again = refusal(upload(person, data))
    another = refusal(create(person, {"pic": reference(data)}))
    elsewhere = upload(roost.person(), data).status_code
    take_down(roost, person, data, None)

    assert again == (400, "InvalidRequest", "Blob has been takendown, cannot re-upload")
    assert another == (400, "BlobNotFound", f"Could not find blob: {Cid.of_raw(data)}")
    assert elsewhere == 200
    assert upload(person, data).status_code == 200
    assert create(person, {"pic": reference(data)}).status_code == 200


def test_an_upload_repeated_is_one_blob(roost: Roost, person: Person) -> None:
    """The bytes are kept once, and the type is that of the last upload while no record refers to it."""
    data = b"text of no kind"
    before = len(stored(roost.data))
    first = uploaded(person, data, "text/plain")
    again = uploaded(person, data, "text/vtt")

    assert (first["mimeType"], again["mimeType"]) == ("text/plain", "text/vtt")
    assert refusal(create(person, {"it": first}))[1] == "InvalidMimeType"
    assert create(person, {"it": again}).status_code == 200
    assert len(stored(roost.data)) == before + 1


def test_sixteen_uploads_of_one_blob_at_once(own_roost: Roost) -> None:
    """All succeed, one object is kept, and it counts once."""
    person = own_roost.person()
    data = picture("popular") + bytes(300_000)

    answers = at_once(16, lambda _: upload(person, data))

    assert [answer.json() for answer in answers] == [{"blob": reference(data)}] * 16
    wait_for("the others go", lambda: len(stored(own_roost.data)) == 1)
    assert rows(own_roost, "blob") == 1
    assert create(person, {"pic": reference(data)}).status_code == 200
    assert fetch(own_roost, person, data).content == data


@pytest.mark.parametrize("chunked", [False, True])
def test_a_blob_over_the_limit_is_refused(small: Roost, chunked: bool) -> None:
    """Whether its length was said or not; up to the limit it is taken."""
    person = small.person()

    def body(size: int) -> object:
        pieces = [bytes(50_000)] * (size // 50_000)
        return iter([*pieces, bytes(size % 50_000)]) if chunked else b"".join(pieces) + bytes(size % 50_000)

    over = upload(person, body(LIMIT + 1))  # type: ignore[arg-type]  # httpx takes iterators too
    most = upload(person, body(LIMIT))  # type: ignore[arg-type]

    assert refusal(over)[:2] == (413, "PayloadTooLarge")
    assert (most.status_code, most.json()["blob"]["size"]) == (200, LIMIT)
    assert arriving(small.data) == []


def test_a_bomb_is_refused_at_the_limit(small: Roost) -> None:
    """The limit is for what has been decoded; what is kept is what was meant."""
    person = small.person()
    bomb = gzip.compress(bytes(100 * LIMIT))
    assert len(bomb) < LIMIT

    refused = upload(person, bomb, content_encoding="gzip")
    zipped = upload(person, gzip.compress(b"hello"), "text/plain", content_encoding="gzip")
    strange = upload(person, b"hello", "text/plain", content_encoding="zstd")
    broken = upload(person, gzip.compress(b"hello")[:-4], "text/plain", content_encoding="gzip")

    assert refusal(refused)[:2] == (413, "PayloadTooLarge")
    assert zipped.json() == {"blob": reference(b"hello", "text/plain")}
    assert refusal(strange)[:2] == (415, "UnsupportedMediaType")
    assert refusal(broken)[:2] == (400, "InvalidRequest")
    assert arriving(small.data) == []


def test_an_account_has_a_quota(small: Roost) -> None:
    """It counts what is kept, once each; what goes makes room again, and others have their own."""
    person, other = small.person(), small.person()
    data = [picture(f"{n}") + bytes(LIMIT - 100) for n in range(3)]
    refs = [uploaded(person, each) for each in data[:2]]
    put(person, "pics", {"pics": refs})

    refused = upload(person, data[2])
    again = upload(person, data[0])
    theirs = upload(other, data[2])
    put(person, "pics", {"pics": refs[:1]})

    assert refusal(refused)[:2] == (400, "BlobQuotaExceeded")
    assert f"{2 * LIMIT} bytes" in refusal(refused)[2]
    assert (again.status_code, theirs.status_code) == (200, 200)
    assert upload(person, data[2]).status_code == 200


def send(roost: Roost, person: Person, head: bytes, body: bytes) -> socket.socket:
    """Begin an upload on a socket of its own."""
    url = httpx.URL(roost.url)
    connection = socket.create_connection((url.host, url.port or 80), timeout=10)
    lines = [b"POST /xrpc/com.atproto.repo.uploadBlob HTTP/1.1", b"host: x", b"content-type: image/png", head]
    lines.append(b"authorization: " + person.auth["authorization"].encode())
    connection.sendall(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    return connection


def test_who_goes_away_leaves_nothing(own_roost: Roost) -> None:
    """Half an upload is no blob, and its file is gone."""
    person = own_roost.person()
    connection = send(own_roost, person, b"content-length: 1000000", picture("half") + bytes(500_000))
    wait_for("it arrives", lambda: arriving(own_roost.data) != [])

    connection.close()

    wait_for("its file is gone", lambda: arriving(own_roost.data) == [])
    assert (stored(own_roost.data), rows(own_roost, "blob"), rows(own_roost, "doomed_object")) == ([], 0, 0)


def test_a_length_that_lies(own_roost: Roost) -> None:
    """What is more than was announced is no part of the blob: it is another request, which makes no sense."""
    person = own_roost.person()
    data = picture("exact")
    with send(own_roost, person, b"content-length: %d" % len(data), data) as connection:
        first = connection.recv(65536)
        connection.sendall(b"and more\r\n\r\n")
        while b"HTTP/1.1 400" not in (first := first + connection.recv(65536)):
            pass

    assert first.startswith(b"HTTP/1.1 200")
    assert rows(own_roost, "blob") == 1
    assert create(person, {"pic": reference(data)}).status_code == 200


def test_both_length_and_chunks(own_roost: Roost) -> None:
    """Two lengths mean two things: nothing is taken in."""
    person = own_roost.person()
    head = b"content-length: 5\r\ntransfer-encoding: chunked"
    with send(own_roost, person, head, b"3\r\nabc\r\n0\r\n\r\n") as connection:
        connection.settimeout(10)
        answer = connection.recv(65536)

    assert answer.startswith(b"HTTP/1.1 400")
    assert rows(own_roost, "blob") == 0


def test_a_disk_that_cannot_be_written_is_our_fault(tmp_path: Path) -> None:
    """The client is told nothing of it, nothing is kept, and it heals."""
    with running(tmp_path) as roost:
        person = roost.person()
        incoming = roost.data / "blobs" / "incoming"
        incoming.rename(incoming.with_name("away"))

        refused = upload(person, picture("x"))

        assert refusal(refused) == (500, "InternalServerError", "Internal Server Error")
        assert rows(roost, "doomed_object") == 0
        incoming.with_name("away").rename(incoming)
        assert upload(person, picture("x")).status_code == 200


def test_other_requests_do_not_wait_for_an_upload(roost: Roost, person: Person) -> None:
    """While many large blobs arrive slowly, others are answered."""
    connections = [send(roost, person, b"content-length: 900000", bytes(500_000)) for _ in range(20)]
    wait_for("they arrive", lambda: len(arriving(roost.data)) >= 20)

    slowest = 0.0
    for _ in range(20):
        began = time.monotonic()
        assert roost.get("com.atproto.server.describeServer").status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    for connection in connections:
        connection.close()

    assert slowest < 10, "they were answered at all"
    wait_for("their files are gone", lambda: arriving(roost.data) == [])
    assert create(person, {"t": 1}, THING).status_code == 200
