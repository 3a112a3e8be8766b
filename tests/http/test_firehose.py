"""The edge of subscriptions: how a stream begins and how it ends."""

import socket
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_network

import libipld
import orjson
import pytest

from roost.http.limits import Limiter
from support.edge import ADDRESSES, Edge, served
from support.streams import application, handshake, path_of, raw

CLOSE = 8


@pytest.fixture(scope="module")
def stream() -> Iterator[Edge]:
    """Serve the sample subscriptions."""
    with served(application) as edge:
        yield edge


def end_of(edge: Edge, path: str) -> tuple[list[bytes], int, str]:
    """Subscribe and read to the end: the messages, the close code and its reason."""
    with raw(edge.port, path) as client:
        messages: list[bytes] = []
        while True:
            opcode, data = client.frame()
            if opcode == CLOSE:
                return messages, int.from_bytes(data[:2]), data[2:].decode()
            messages.append(data)


def asked(edge: Edge, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send a handshake that is refused; return the status, the headers and the body."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as client:
        client.sendall(request)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(status.split()[1]), headers, body


def test_a_stream_that_is_over_ends_normally(stream: Edge) -> None:
    """All that was sent arrives, and the end is no error."""
    messages, code, _ = end_of(stream, path_of("pile", size=3))

    assert [len(message) for message in messages] == [5, 65_536, 65_536, 65_536]
    assert code == 1000


def test_a_refusal_is_the_last_frame(stream: Edge) -> None:
    """An error frame with its name and message, then a close that names it too."""
    messages, code, reason = end_of(stream, path_of("refuse"))

    assert libipld.decode_dag_cbor_multi(messages[-1]) == [
        {"op": -1},
        {"error": "FutureCursor", "message": "Cursor in the future."},
    ]
    assert (messages[0], code, reason) == (b"first", 1008, "FutureCursor")


def test_a_fault_of_ours_is_told_without_its_text(stream: Edge) -> None:
    """What nobody has foreseen is an InternalServerError here as well."""
    messages, code, reason = end_of(stream, path_of("fail"))

    assert libipld.decode_dag_cbor_multi(messages[-1])[1] == {
        "error": "InternalServerError",
        "message": "Internal Server Error",
    }
    assert (code, reason) == (1011, "InternalServerError")


@pytest.mark.parametrize("query", ["", "?what=", "?what=wait&size=x", "?what=wait&what=wait", "?what=%FF", "?what=%00"])
def test_wrong_parameters_are_told_in_a_frame(stream: Edge, query: str) -> None:
    """A client learns the reason where it looks for it: many cannot see the answer to a handshake."""
    (message,), code, reason = end_of(stream, f"/xrpc/test.edge.watch{query}")

    told = libipld.decode_dag_cbor_multi(message)[1]
    assert (told["error"], code, reason) == ("InvalidRequest", 1008, "InvalidRequest")
    assert told["message"].startswith("Invalid test.edge.watch params: ")


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/xrpc/test.edge.other", 501, "MethodNotImplemented"),
        ("/xrpc/_health", 501, "MethodNotImplemented"),
        ("/elsewhere", 404, "XRPCNotSupported"),
        ("/", 404, "XRPCNotSupported"),
    ],
)
def test_a_handshake_for_anything_else_is_refused(stream: Edge, path: str, status: int, name: str) -> None:
    """Like any request for what is not there, with an answer in JSON."""
    told, headers, body = asked(stream, handshake(path))

    assert (told, headers["content-type"], orjson.loads(body)["error"]) == (status, "application/json", name)


@pytest.mark.parametrize("version", ["12", "14", "x", ""])
def test_a_version_that_is_not_spoken_is_told_which_is(stream: Edge, version: str) -> None:
    """426 with the one that is (RFC 6455 section 4.4), in the form of every other error."""
    status, headers, body = asked(stream, handshake(path_of("wait"), Sec_WebSocket_Version=version))

    assert (status, headers["sec-websocket-version"], headers["upgrade"]) == (426, "13", "websocket")
    assert headers["connection"] == "upgrade, close"
    assert (headers["content-type"], headers["access-control-allow-origin"]) == ("application/json", "*")
    assert orjson.loads(body)["error"] == "InvalidRequest"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Sec_WebSocket_Key": ""}, 400),
        ({"Sec_WebSocket_Key": "short"}, 400),
        ({"Sec_WebSocket_Protocol": ",,;"}, 400),
        ({"Connection": "Upgrade, , x y"}, 400),
        ({"X_Long": "a" * 20_000}, 431),
        ({f"X{n}": "1" for n in range(300)}, 431),
    ],
)
def test_a_handshake_that_is_none_is_refused(stream: Edge, headers: dict[str, str], expected: int) -> None:
    """At once, and in the form of every other error, whatever is wrong with it."""
    status, told, body = asked(stream, handshake(path_of("wait"), **headers))

    assert (status, told["content-type"], told["access-control-allow-origin"]) == (expected, "application/json", "*")
    assert orjson.loads(body)["error"] == "InvalidRequest"


def test_a_handshake_of_another_verb_or_a_long_path_is_refused(stream: Edge) -> None:
    """What is wrong with the first line is told in the same form."""
    usual = handshake(path_of("wait"))
    for request, expected in [
        (usual.replace(b"GET ", b"POST "), 405),
        (usual.replace(b"?what=", b"?what=" + b"a" * 10_000), 414),
    ]:
        status, told, body = asked(stream, request)

        assert (status, told["content-type"], told["access-control-allow-origin"]) == (
            expected,
            "application/json",
            "*",
        )
        assert orjson.loads(body)["error"] == "InvalidRequest"


def test_a_handshake_costs_what_every_request_does() -> None:
    """It is counted with the others of its address, whatever comes of it, and refused before the upgrade."""
    with served(partial(application, limiter=Limiter(ADDRESSES, exempt=[ip_network("198.51.100.0/24")]))) as edge:
        assert edge.ask("GET", "/xrpc/test.edge.other").headers["ratelimit-remaining"] == "2999"
        with raw(edge.port, path_of("wait")) as client:
            assert client.frame() == (2, b"first")
        _, told, _ = asked(edge, handshake("/xrpc/test.edge.other"))
        assert told["ratelimit-remaining"] == "2997"
        for _ in range(2997):
            edge.ask("GET", "/xrpc/test.edge.other")

        status, told, body = asked(edge, handshake(path_of("wait")))
        exempt, _, _ = asked(edge, handshake("/xrpc/test.edge.other", X_Forwarded_For="198.51.100.7"))

    assert (status, orjson.loads(body)["error"], told["ratelimit-remaining"]) == (429, "RateLimitExceeded", "0")
    assert int(told["retry-after"]) > 0
    assert (told["content-type"], told["access-control-allow-origin"]) == ("application/json", "*")
    assert exempt == 501


def test_a_plain_request_is_told_to_upgrade(stream: Edge) -> None:
    """GET without a WebSocket is 426, and says to what (RFC 9110 section 15.5.22)."""
    answer = stream.ask("GET", path_of("wait"))

    assert answer.headers["upgrade"] == "websocket"
    assert answer.headers["connection"] == "upgrade"
    assert answer.error == (
        426,
        "InvalidRequest",
        "test.edge.watch is an event stream: ask for it over a WebSocket",
    )


def test_another_verb_is_refused(stream: Edge) -> None:
    """It is GET that asks for a stream."""
    assert stream.ask("POST", path_of("wait"), b"{}").error == (
        400,
        "InvalidRequest",
        "Incorrect HTTP method (POST) expected GET",
    )


def test_nothing_is_compressed(stream: Edge) -> None:
    """Frames are the same for everybody: an offer to compress is not taken up."""
    request = handshake(path_of("refuse"), Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
    with socket.create_connection(("127.0.0.1", stream.port), timeout=5) as client:
        client.sendall(request)
        head = client.recv(65536).partition(b"\r\n\r\n")[0]

    assert head.startswith(b"HTTP/1.1 101 ")
    assert b"extensions" not in head.lower()


def test_a_stopping_server_breaks_off() -> None:
    """A subscriber sees no close frame, after which many never come back; one that does not read holds nothing up."""
    with served(application) as edge:
        reader = raw(edge.port, path_of("wait"))
        sleeper = raw(edge.port, path_of("flood", size=100_000), buffer=4096)
        client = reader.__enter__()
        sleeper.__enter__()
        edge.seen.wait_for("flood begins")
        assert client.frame() == (2, b"first")

    with pytest.raises(ConnectionResetError):
        client.frame()
    assert {"wait ends", "flood ends"} <= set(edge.seen.events)
    for each in (reader, sleeper):
        each.__exit__(None, None, None)
