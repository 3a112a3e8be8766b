"""The endpoint, over real HTTP: verbs, paths, parameters, bodies, answers and errors."""

import socket
import struct

import pytest
from starlette.types import Receive, Scope, Send

from roost.http.xrpc import Health
from support.edge import Edge, application, served

LIST = "/xrpc/test.edge.list?repo=did:web:a.test"
JSON = "application/json"


def test_a_query_answers_get(edge: Edge) -> None:
    """A query is a GET; its answer is JSON that any page may read, of the length it says."""
    answer = edge.ask("GET", LIST + "&limit=3&reverse=true&tags=a&tags=b&cursor=x%2By")

    assert answer.body == b'{"repo":"did:web:a.test","limit":3,"reverse":true,"tags":["a","b"],"cursor":"x+y"}'
    assert answer.headers["content-type"] == JSON
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "server" not in answer.headers


def test_a_query_answers_head(edge: Edge) -> None:
    """HEAD is GET without the body: the same headers, nothing behind them."""
    get = edge.ask("GET", LIST)

    head = edge.ask("HEAD", LIST)

    assert head.body == b""
    assert head.headers["content-length"] == str(len(get.body))


@pytest.mark.parametrize("verb", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_query_refuses_other_verbs(edge: Edge, verb: str) -> None:
    """A wrong verb is told with the right one, as a 400: the protocol knows no 405."""
    answer = edge.ask(verb, LIST)

    assert answer.error == (400, "InvalidRequest", f"Incorrect HTTP method ({verb}) expected GET")


@pytest.mark.parametrize("verb", ["GET", "PUT"])
def test_a_procedure_refuses_other_verbs(edge: Edge, verb: str) -> None:
    """A procedure is a POST and nothing else."""
    answer = edge.ask(verb, "/xrpc/test.edge.nothing")

    assert answer.error == (400, "InvalidRequest", f"Incorrect HTTP method ({verb}) expected POST")


def test_a_procedure_refuses_head(edge: Edge) -> None:
    """HEAD must not look as if something could be written by it."""
    assert edge.ask("HEAD", "/xrpc/test.edge.nothing").status == 400


@pytest.mark.parametrize("path", ["/xrpc/test.edge.create", "/xrpc/not.served.here", "/xrpc/_health"])
def test_a_preflight_is_answered_everywhere(edge: Edge, path: str) -> None:
    """A browser asks before it sends a token; whatever headers it wants to send, it may."""
    answer = edge.ask("OPTIONS", path, headers={"Access-Control-Request-Headers": "authorization,x-thing"})

    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "authorization,x-thing"
    assert answer.headers["access-control-max-age"] == "86400"
    assert "POST" in answer.headers["access-control-allow-methods"]


def test_health_tells_the_version(edge: Edge) -> None:
    """A server that works says which version of it does."""
    answer = edge.ask("GET", "/xrpc/_health")

    assert (answer.status, answer.body) == (200, b'{"version":"1.2.3"}')


def test_health_without_a_database() -> None:
    """A server whose check fails says so, with what it is, and without why."""

    async def fail() -> None:
        raise OSError("/secret/path")

    with served(lambda seen: application(seen, health=Health("1", fail))) as edge:
        answer = edge.ask("GET", "/xrpc/_health")

    assert answer.status == 503
    assert answer.body.startswith(b'{"version":"1","error":"Service Unavailable"')
    assert b"secret" not in answer.body


def test_an_unknown_method_is_not_implemented(edge: Edge) -> None:
    """A name that nobody serves is 501; 404 would mean that there is no XRPC here at all."""
    status, name, _ = edge.ask("GET", "/xrpc/com.example.unknown").error

    assert (status, name) == (501, "MethodNotImplemented")


def test_an_unknown_method_may_be_somebody_elses() -> None:
    """What is not served here goes to the application that was given for it: a proxy."""

    async def proxy(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    with served(lambda seen: application(seen, unserved=proxy)) as edge:
        statuses = [edge.ask("GET", path).status for path in ("/xrpc/com.example.unknown", "/xrpc/a/b", LIST)]

    assert statuses == [299, 404, 200]


def test_one_trailing_slash_is_tolerated(edge: Edge) -> None:
    """Some clients put a slash at the end of everything."""
    assert edge.ask("GET", "/xrpc/test.edge.list/?repo=did:web:a.test").status == 200


@pytest.mark.parametrize("path", ["/xrpc/test.edge.list/more", "/xrpc/test.edge.list//", "/nowhere", "/xrpc", "/"])
def test_other_paths_are_not_found(edge: Edge, path: str) -> None:
    """A path that is not `/xrpc/<nsid>` is 404, in JSON."""
    assert edge.ask("GET", path).error == (404, "XRPCNotSupported", "Not Found")


@pytest.mark.parametrize("name", ["", "a%20b", ".a.b", "a.b-", "a_b", "%C3%A9.b.c", "a%00b", "..", "%FF%FE"])
def test_a_path_that_cannot_be_a_name_is_invalid(edge: Edge, name: str) -> None:
    """What could not even be an NSID is a mistake of the client's."""
    assert edge.ask("GET", f"/xrpc/{name}").error == (400, "InvalidRequest", "invalid xrpc path")


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("", 'Params must have the property "repo"'),
        ("repo=", 'Params must have the property "repo"'),
        ("repo=did:web:a.test&repo=did:web:a.test", "Params/repo must not be given more than once"),
        ("repo=alice", "Params/repo must be"),
        ("repo=did:web:a.test&limit=1.5", "Params/limit must be"),
        ("repo=did:web:a.test&limit=0", "Params/limit"),
        ("repo=did:web:a.test&limit=" + "9" * 5000, "Params/limit must be"),
        ("repo=did:web:a.test&reverse=yes", "Params/reverse must be"),
        ("repo=did:web:a.test&cursor=%FF", "the query string is not UTF-8"),
        ("repo=did:web:a.test&cursor=a%00b", "NUL cannot be part of a parameter"),
    ],
)
def test_a_wrong_parameter_is_told(edge: Edge, query: str, problem: str) -> None:
    """Each wrong parameter is a 400 that says which, and why."""
    status, name, message = edge.ask("GET", f"/xrpc/test.edge.list?{query}").error

    assert (status, name) == (400, "InvalidRequest")
    assert message.startswith(f"Invalid test.edge.list params: {problem}")


def test_unknown_and_empty_parameters_are_ignored(edge: Edge) -> None:
    """A newer client's parameter is not an error, and one without a value is as good as none."""
    answer = edge.ask("GET", LIST + "&limit=&cursor=&nonce=1&nonce=2&&=x&flag")

    assert answer.body == b'{"repo":"did:web:a.test","limit":50,"reverse":false,"tags":[]}'


def test_a_plus_is_a_space(edge: Edge) -> None:
    """Queries are form data: clients send datetimes with an escaped plus."""
    assert b'"cursor":"a b+c"' in edge.ask("GET", LIST + "&cursor=a+b%2Bc").body


def test_a_bad_parameter_beats_a_missing_token(edge: Edge) -> None:
    """Errors are told in a fixed order: parameters, credentials, body."""
    refused = edge.ask("POST", "/xrpc/test.edge.create", b"{", type="text/plain")

    assert refused.error == (401, "AuthMissing", "Authentication Required")


def test_an_input_is_read_from_json(edge: Edge) -> None:
    """What a method gets is typed: links and bytes of the record, identifiers of the input."""
    link = "bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a"
    record = {"$type": "a.b.c", "link": {"$link": link}, "bytes": {"$bytes": "aGk"}, "n": 1.0}

    answer = edge.post("test.edge.create", {"repo": "did:web:a.test", "record": record, "swapCommit": link})

    assert answer.body == (
        b'{"did":"did:web:alice.test","record":{"$type":"str","link":"Cid","bytes":"bytes","n":"int"},'
        b'"cid":"%s"}' % link.encode()
    )


@pytest.mark.parametrize("type", ["application/json; charset=utf-8", "Application/JSON", " application/json ;x=y"])
def test_a_content_type_may_have_parameters(edge: Edge, type: str) -> None:
    """What follows the semicolon, and the case, do not matter."""
    body = b'{"repo":"did:web:a.test","record":{}}'

    assert edge.ask("POST", "/xrpc/test.edge.create", body, token="access", type=type).status == 200


@pytest.mark.parametrize(
    ("type", "message"),
    [
        (None, "Request encoding (Content-Type) required but not provided"),
        ("text/plain", "Wrong request encoding (Content-Type): text/plain"),
        ("application/jsonp", "Wrong request encoding (Content-Type): application/jsonp"),
    ],
)
def test_another_content_type_is_refused(edge: Edge, type: str | None, message: str) -> None:
    """JSON has to be called JSON."""
    answer = edge.ask("POST", "/xrpc/test.edge.create", b"{}", token="access", type=type)

    assert answer.error == (400, "InvalidRequest", message)


def test_a_pattern_of_content_types(edge: Edge) -> None:
    """An input of `image/*` takes every image, and nothing else."""
    image = edge.ask("POST", "/xrpc/test.edge.image", b"png", type="image/png")
    text = edge.ask("POST", "/xrpc/test.edge.image", b"png", type="imagetext/png")

    assert image.body == b'{"text":"3 bytes"}'
    assert text.error[2] == "Wrong request encoding (Content-Type): imagetext/png"


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "0"}])
def test_a_missing_body_is_told(edge: Edge, headers: dict[str, str]) -> None:
    """A method with an input needs one, also when its length is announced as nothing."""
    answer = edge.ask("POST", "/xrpc/test.edge.create", token="access", type=JSON, headers=headers)

    assert answer.error == (400, "InvalidRequest", "A request body is expected but none was provided")


def test_an_empty_chunked_json_body_is_missing(edge: Edge) -> None:
    """A body that turns out to be empty is as good as none."""
    headers = {"Transfer-Encoding": "chunked"}

    answer = edge.ask("POST", "/xrpc/test.edge.create", b"0\r\n\r\n", token="access", type=JSON, headers=headers)

    assert answer.error == (400, "InvalidRequest", "A request body is expected but none was provided")


def test_a_stray_body_is_refused(edge: Edge) -> None:
    """A method without an input takes no body, on POST or on GET."""
    refused = (400, "InvalidRequest", "A request body was provided when none was expected")

    assert edge.ask("POST", "/xrpc/test.edge.nothing", b"{}").error == refused
    assert edge.ask("GET", LIST, b"x" * 5000).error == refused


def test_an_empty_stray_body_is_accepted(edge: Edge) -> None:
    """An announced body of no bytes is none."""
    chunked = edge.ask("POST", "/xrpc/test.edge.nothing", b"0\r\n\r\n", headers={"Transfer-Encoding": "chunked"})
    announced = edge.ask("POST", "/xrpc/test.edge.nothing", b"")

    assert (chunked.status, announced.status) == (200, 200)


def test_a_method_may_overlook_an_empty_object(edge: Edge) -> None:
    """Clients of 2022 send `{}` where there is nothing to say."""
    assert edge.ask("POST", "/xrpc/test.edge.old", b" {}\n", type=JSON).status == 200
    assert edge.ask("POST", "/xrpc/test.edge.old", b'{"a":1}', type=JSON).status == 400


def test_a_method_may_take_anything(edge: Edge) -> None:
    """A free body may be absent, and of any type or none."""
    assert edge.ask("POST", "/xrpc/test.edge.free").body == b'{"text":"0 bytes"}'
    assert edge.ask("POST", "/xrpc/test.edge.free", b"abc").body == b'{"text":"3 bytes"}'
    assert edge.ask("GET", "/xrpc/test.edge.freeQuery", b"abc", type="x/y").status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nul",
        b"\xff\xfe",
        b'{"repo":"did:web:a.test","record":{"a":NaN}}',
        b'{"repo":"did:web:a.test","record":{"a":"\\ud800"}}',
        b'{"repo":"did:web:a.test","record":{"a":"\xc3("}}',
        b'{"repo":"did:web:a.test","record":{"a":' + b"[" * 2000 + b"]" * 2000 + b"}}",
        b'{"repo":"did:web:a.test","record":' + b'{"a":' * 200 + b"1" + b"}" * 201,
        b'{"repo":"did:web:a.test","record":{"a":1.5}}',
        b'{"repo":"did:web:a.test","record":{"a":9007199254740992}}',
        b'{"repo":"did:web:a.test","record":{"a":1' + b"0" * 4000 + b"}}",
        b'{"repo":"did:web:a.test","record":{"a":{"$link":"nonsense"}}}',
        b'{"repo":"did:web:a.test","record":"text"}',
        b'{"repo":"did:web:a.test","record":null}',
        b'{"repo":"did:web:a.test"}',
        b'{"repo":"alice","record":{}}',
        b'{"repo":["did:web:a.test"],"record":{}}',
        b'{"repo":"did:web:a.test","record":{},"note":"much too long"}',
        b'{"repo":"did:web:a.test","record":{},"note":null}',
        b'{"repo":"did:web:a.test","record":{},"swapCommit":"x"}',
        b"[]",
        b'"text"',
    ],
)
def test_a_wrong_body_is_told(edge: Edge, body: bytes) -> None:
    """Whatever is wrong with a body is a 400 that begins with the method's name."""
    status, name, message = edge.ask("POST", "/xrpc/test.edge.create", body, token="access", type=JSON).error

    assert (status, name) == (400, "InvalidRequest")
    assert message.startswith("Invalid test.edge.create input: ")


def test_a_long_body_is_refused_by_its_announcement(edge: Edge) -> None:
    """A length over the limit is refused before a byte of it is read."""
    answer = edge.ask("POST", "/xrpc/test.edge.create", b" " * 10_001, token="access", type=JSON)

    assert answer.error == (413, "PayloadTooLargeError", "request entity too large")


def test_a_long_chunked_body_is_refused(edge: Edge) -> None:
    """Without an announced length the limit is met on the way."""
    chunks = b"".join(b"1000\r\n" + b" " * 4096 + b"\r\n" for _ in range(3)) + b"0\r\n\r\n"
    headers = {"Transfer-Encoding": "chunked"}

    json = edge.ask("POST", "/xrpc/test.edge.create", chunks, token="access", type=JSON, headers=headers)
    image = edge.ask("POST", "/xrpc/test.edge.image", chunks, type="image/png", headers=headers)

    assert json.error == (413, "PayloadTooLargeError", "request entity too large")
    assert image.error == (413, "PayloadTooLarge", "request entity too large")


def test_the_largest_body_passes(edge: Edge) -> None:
    """The limit is a size that is still allowed."""
    head, tail = b'{"repo":"did:web:a.test","record":{"text":"', b'"}}'
    body = head + b"x" * (10_000 - len(head) - len(tail)) + tail

    assert edge.ask("POST", "/xrpc/test.edge.create", body, token="access", type=JSON).status == 200


def test_a_body_of_a_megabyte_arrives_whole(edge: Edge) -> None:
    """A body that comes in many pieces is one body."""
    body = b'{"repo":"did:web:a.test","record":{"text":"' + b"x" * 990_000 + b'"}}'

    assert edge.ask("POST", "/xrpc/test.edge.write", body, token="access", type=JSON).status == 200


@pytest.mark.parametrize("name", ["Authorization", "Content-Type"])
def test_a_header_given_twice_is_refused(edge: Edge, name: str) -> None:
    """Two tokens, or two types, mean two things; a proxy before us may have looked at the other one."""
    body = b'{"repo":"did:web:a.test","record":{}}'
    lines = [f"{name}: {value}" for value in ("Bearer access", "application/json")]
    request = "\r\n".join(
        ["POST /xrpc/test.edge.create HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *lines, "", ""]
    )

    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as client:
        client.sendall(request.encode() + body)
        answer = client.recv(65536)

    assert answer.startswith(b"HTTP/1.1 400 ")
    assert f"header given more than once: {name.lower()}".encode() in answer


def test_no_output_is_an_empty_body(edge: Edge) -> None:
    """A method that returns nothing answers 200, without a body or a type for it."""
    answer = edge.ask("POST", "/xrpc/test.edge.nothing")

    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")
    assert "content-type" not in answer.headers


def test_an_answer_to_somebody_is_private(edge: Edge) -> None:
    """What is answered to a token, errors too, is not for a cache to give to others."""
    for answer in (
        edge.ask("GET", "/xrpc/test.edge.whoami", token="access"),
        edge.ask("GET", "/xrpc/test.edge.whoami"),
    ):
        assert (answer.headers["cache-control"], answer.headers["vary"]) == ("private", "Authorization")


def test_an_open_answer_is_not_private(edge: Edge) -> None:
    """What anybody gets may be kept by a cache."""
    assert "cache-control" not in edge.ask("GET", LIST).headers


def test_errors_may_be_read_by_pages(edge: Edge) -> None:
    """A page's code sees errors and the headers that go with them."""
    answer = edge.ask("GET", "/xrpc/test.edge.whoami")

    assert answer.headers["access-control-allow-origin"] == "*"
    assert "WWW-Authenticate" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("name", ["broken", "unencodable"])
def test_an_unforeseen_error_keeps_its_text(edge: Edge, name: str) -> None:
    """A fault of ours is a 500 that says nothing: its text could hold anything."""
    answer = edge.ask("GET", f"/xrpc/test.edge.{name}")

    assert answer.error == (500, "InternalServerError", "Internal Server Error")


def test_a_method_may_explain_errors(edge: Edge) -> None:
    """Another generation of the protocol puts errors into its own words, and can see what is behind them."""
    answer = edge.ask("GET", "/xrpc/test.edge.explained")

    assert answer.error == (400, "InvalidRequest", "InvalidParams, because of InvalidData")


def test_a_stream_is_sent_as_it_is_made(edge: Edge) -> None:
    """A stream has its own type, and a length where one is known."""
    sized = edge.ask("GET", "/xrpc/test.edge.sized")
    endless = edge.ask("GET", "/xrpc/test.edge.download")

    assert (sized.body, sized.headers["content-length"]) == (b"abcdef", "6")
    assert sized.headers["x-content-type-options"] == "nosniff"
    assert endless.headers["transfer-encoding"] == "chunked"
    assert endless.headers["content-type"] == "application/vnd.ipld.car"
    assert len(endless.body) == 1000 * 64 * 1024


def test_head_of_a_stream(edge: Edge) -> None:
    """HEAD gives a stream's headers and lets go of it."""
    edge.seen.events.clear()

    answer = edge.ask("HEAD", "/xrpc/test.edge.download")

    assert (answer.status, answer.body) == (200, b"")
    edge.seen.wait_for("download ends")


def test_a_stream_that_fails_at_once_is_an_error(edge: Edge) -> None:
    """Before the first chunk nothing has been sent, so an error still is an answer."""
    assert edge.ask("GET", "/xrpc/test.edge.missing").error == (400, "RecordNotFound", "Could not locate record")


def test_a_stream_that_fails_later_breaks_off(edge: Edge) -> None:
    """After that the only way to tell is to end the connection before the last chunk."""
    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as client:
        client.sendall(b"GET /xrpc/test.edge.brokenStream HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while piece := client.recv(65536):
            answer += piece

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"3\r\nabc\r\n")


def test_a_client_that_goes_away_ends_the_stream(edge: Edge) -> None:
    """A stream nobody reads is closed, so that what it holds is let go."""
    edge.seen.events.clear()
    client = socket.create_connection(("127.0.0.1", edge.port), timeout=5)
    client.sendall(b"GET /xrpc/test.edge.download HTTP/1.1\r\nHost: x\r\n\r\n")
    client.recv(1000)

    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()

    edge.seen.wait_for("download ends")


def test_an_input_is_streamed(edge: Edge) -> None:
    """A method may take its input while it arrives, with its type and without a limit on what is held."""
    answer = edge.ask("POST", "/xrpc/test.edge.upload", b"x" * 900_000, type="image/PNG; q=1")

    assert answer.body == b'{"text":"900000 bytes of image/png"}'


def test_a_streamed_input_has_a_limit(edge: Edge) -> None:
    """The limit holds on the way, too, and the method gets to clean up."""
    edge.seen.events.clear()
    chunks = b"".join(b"40000\r\n" + bytes(0x40000) + b"\r\n" for _ in range(4)) + b"0\r\n\r\n"

    answer = edge.ask("POST", "/xrpc/test.edge.upload", chunks, type="a/b", headers={"Transfer-Encoding": "chunked"})

    assert answer.error == (413, "PayloadTooLarge", "request entity too large")
    assert edge.seen.events[-1] == "upload ends"


def test_a_client_that_goes_away_ends_the_upload(edge: Edge) -> None:
    """A method that waits for the rest of its input is told that there is none."""
    edge.seen.events.clear()
    head = b"POST /xrpc/test.edge.upload HTTP/1.1\r\nHost: x\r\nContent-Type: a/b\r\nContent-Length: 1000\r\n\r\n"

    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as client:
        client.sendall(head + b"some")
        edge.seen.wait_for("upload goes on")

    edge.seen.wait_for("upload ends")


def test_an_answer_may_come_before_the_end_of_the_body(edge: Edge) -> None:
    """A refused body may go on arriving; the connection stays good for the next request."""
    head = b"POST /xrpc/test.edge.nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n"

    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as client:
        client.sendall(head + b"x" * 50_000)
        first = client.recv(65536)
        client.sendall(b"x" * 50_000 + b"GET /xrpc/_health HTTP/1.1\r\nHost: x\r\n\r\n")
        second = client.recv(65536)

    assert first.startswith(b"HTTP/1.1 400 ")
    assert second.startswith(b"HTTP/1.1 200 ")


def test_pipelined_requests_are_answered_in_order(edge: Edge) -> None:
    """Requests sent together are answered one after the other."""
    get = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"

    with socket.create_connection(("127.0.0.1", edge.port), timeout=5) as client:
        client.sendall(get % b"/xrpc/_health" + get % b"/nowhere" + b"GET /xrpc HTTP/1.0\r\n\r\n")
        answer = b""
        while piece := client.recv(65536):
            answer += piece

    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"404", b"404"]
