"""Answers in gzip, over the wire: which, for whom, and that streams still stream."""

import contextlib
import gzip
import http.client
import socket
import zlib

import httpx
import orjson
import pytest

from support.blobs import fetch, uploaded
from support.calls import create, fill, put
from support.edge import ALICE, Answer, Edge
from support.server import Person, Roost

GZIP = {"Accept-Encoding": "gzip"}
LARGE = "/xrpc/test.edge.list?repo=" + ALICE + "&tags=" + "x" * 2000
SMALL = "/xrpc/test.edge.list?repo=" + ALICE


@pytest.fixture
def person(roost: Roost) -> Person:
    """Somebody with an account."""
    return roost.person()


def plain(answer: Answer) -> bytes:
    """Return the body of an answer that must be coded."""
    assert answer.headers["content-encoding"] == "gzip"
    return gzip.decompress(answer.body)


def varies(answer: Answer) -> bool:
    """Return whether the answer says that it depends on what the client takes."""
    return "accept-encoding" in answer.headers.get("vary", "").lower()


def test_large_json_is_coded_for_who_takes_it(edge: Edge) -> None:
    """The bytes are the same, fewer go over the wire, and caches are told."""
    usual, coded = edge.ask("GET", LARGE), edge.ask("GET", LARGE, headers=GZIP)

    assert plain(coded) == usual.body
    assert "content-encoding" not in usual.headers
    assert int(coded.headers["content-length"]) == len(coded.body) < len(usual.body) / 10
    assert varies(usual)
    assert varies(coded)


@pytest.mark.parametrize("said", ["identity", "gzip;q=0", "br", "identity, gzip;q=0.5", "*;q=0"])
def test_who_does_not_take_it_is_not_sent_it(edge: Edge, said: str) -> None:
    """Weights are respected."""
    answer = edge.ask("GET", LARGE, headers={"Accept-Encoding": said})

    assert "content-encoding" not in answer.headers
    assert orjson.loads(answer.body)["tags"] == ["x" * 2000]


def test_what_is_small_is_sent_as_it_is(edge: Edge) -> None:
    """Under a kilobyte there is nothing to win."""
    answer = edge.ask("GET", SMALL, headers=GZIP)

    assert "content-encoding" not in answer.headers
    assert not varies(answer)
    assert orjson.loads(answer.body)["repo"] == ALICE


def test_head_is_never_coded(edge: Edge) -> None:
    """There is nothing to code; the length is that of the answer without a coding."""
    answer = edge.ask("HEAD", LARGE, headers=GZIP)

    assert (answer.status, answer.body) == (200, b"")
    assert "content-encoding" not in answer.headers
    assert int(answer.headers["content-length"]) == len(edge.ask("GET", LARGE).body)


def test_a_stream_is_coded_and_still_streams(edge: Edge) -> None:
    """What has been made can be read before the next piece is."""
    edge.seen.events.clear()
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", edge.port, timeout=5)) as connection:
        connection.request("GET", "/xrpc/test.edge.drip", headers=GZIP)
        response = connection.getresponse()
        assert response.getheader("content-encoding") == "gzip"
        assert response.getheader("vary") == "Accept-Encoding"
        assert response.getheader("content-length") is None
        decoding, first = zlib.decompressobj(31), b""
        while len(first) < 2000:
            first += decoding.decompress(response.read1(65536))
        edge.seen.events.append("read")
        rest = decoding.decompress(response.read())

    assert (first, rest, decoding.eof) == (b"a" * 2000, b"b" * 2000, True)
    assert edge.seen.events == ["read", "drip goes on"]


def test_a_large_stream_is_whole(edge: Edge) -> None:
    """Piece by piece, off the event loop."""
    answer = edge.ask("GET", "/xrpc/test.edge.download", headers=GZIP)

    assert plain(answer) == bytes(1000 * 64 * 1024)


def test_a_coded_stream_that_breaks_off_is_seen_to(edge: Edge) -> None:
    """Neither the chunks nor the gzip file come to their end."""
    edge.seen.events.clear()
    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as client:
        client.sendall(b"GET /xrpc/test.edge.brokenCar HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n")
        found = b""
        with contextlib.suppress(ConnectionError):
            while piece := client.recv(65536):
                found += piece

    assert b"content-encoding: gzip" in found
    assert not found.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("path", ["/xrpc/test.edge.sized", "/xrpc/test.edge.picture"])
def test_other_types_are_sent_as_they_are(edge: Edge, path: str) -> None:
    """What is neither JSON nor a CAR is left alone."""
    assert "content-encoding" not in edge.ask("GET", path, headers=GZIP).headers


def test_a_repository_and_a_list_are_coded(roost: Roost, person: Person) -> None:
    """A CAR of any kind and JSON of any method: what comes out is what went in."""
    fill(person, 30)
    put(person, "large", {"text": "x" * 3000})
    asked = {
        "com.atproto.sync.getRepo": {"did": person.did},
        "com.atproto.sync.getRecord": {"did": person.did, "collection": "com.example.thing", "rkey": "large"},
        "com.atproto.repo.listRecords": {"repo": person.did, "collection": "com.example.thing"},
        "com.atproto.syncGetRepo": {"did": person.did},
    }
    for nsid, params in asked.items():
        usual = httpx.get(f"{roost.url}/xrpc/{nsid}", params=params, headers={"accept-encoding": "identity"})
        coded = httpx.get(f"{roost.url}/xrpc/{nsid}", params=params, headers={"accept-encoding": "gzip"})

        assert coded.headers["content-encoding"] == "gzip", nsid
        assert coded.content == usual.content, nsid
        assert "content-encoding" not in usual.headers, nsid


def test_a_blob_is_never_coded(roost: Roost, person: Person) -> None:
    """Not even one of JSON: ranges, lengths and ETags speak of its own bytes."""
    data = orjson.dumps({"text": "x" * 5000})
    blob = uploaded(person, data, "application/json")
    assert create(person, {"file": blob}).status_code == 200

    whole = fetch(roost, person, data, accept_encoding="gzip")
    part = fetch(roost, person, data, accept_encoding="gzip", range="bytes=0-2999")

    assert (whole.status_code, whole.content, whole.headers["content-length"]) == (200, data, str(len(data)))
    assert (part.status_code, part.content) == (206, data[:3000])
    for answer in (whole, part):
        assert "content-encoding" not in answer.headers
        assert "vary" not in answer.headers
