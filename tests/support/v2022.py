"""What the conformance tests of the October-2022 lexicon share: requests, and what an answer must be to the last byte.

Deliberately does not know any one method.
"""

import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpx
import orjson

from roost.crypto import jws
from roost.crypto.keys import PublicKey
from roost.data import car
from roost.data.cid import Cid
from roost.repo import Report, commit, inspect, mst
from roost.repo.mst import Link
from support.server import PASSWORD, Person, Roost

RACERS: Final = 16
"""Requests that race, as many as the server of 2022 was seen to lose some of."""

POST: Final = "app.bsky.post"

NO_STRINGS: Final[tuple[object, ...]] = (1, None, [], {})
"""Values of JSON that are not strings."""

NO_LISTS: Final[tuple[object, ...]] = (1, None, "[]", {})
"""Values of JSON that are not arrays."""

EXPOSED: Final = (
    "RateLimit-Limit,RateLimit-Reset,RateLimit-Remaining,RateLimit-Policy,Retry-After,DPoP-Nonce,WWW-Authenticate"
)


def post(text: str = "Hello", **more: object) -> dict[str, object]:
    """Return a record of the one type that 2022 knew."""
    return {"$type": POST, "text": text, "createdAt": "2022-10-12T10:00:00.000Z"} | more


def check_refused(answer: httpx.Response, message: str, *, status: int = 400, name: str = "InvalidRequest") -> None:
    """Check an error: status, body, and headers that let any page read it."""
    assert (answer.status_code, answer.json()) == (status, {"error": name, "message": message})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == EXPOSED


def check_invalid(answer: httpx.Response, ending: str) -> None:
    """Check a 400 without a name of its own, of whose message only the end is laid down."""
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest"), answer.text
    assert answer.json()["message"].endswith(ending), answer.text


def check_unauthenticated(answer: httpx.Response) -> None:
    """Check the one answer to whoever does not prove who he is."""
    check_refused(answer, "Authentication Required", status=401, name="AuthenticationRequired")
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "private"


def check_done(answer: httpx.Response, body: object, *, private: bool = False) -> None:
    """Check a success with a JSON body: `body`, and the headers that every page needs and every cache."""
    assert (answer.status_code, answer.json()) == (200, body)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers.get("cache-control") == ("private" if private else None)
    assert answer.headers.get("vary") == ("Authorization" if private else None)
    assert int(answer.headers["content-length"]) == len(answer.content)


def check_empty(answer: httpx.Response) -> None:
    """Check a success without a body, which has no media type either."""
    assert (answer.status_code, answer.content) == (200, b"")
    assert "content-type" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["content-length"] == "0"


def check_wrong_verb(roost: Roost, nsid: str, *, right: str) -> None:
    """Check that a method answers to its own verb alone; HEAD is a query's too."""
    for verb in {"GET", "POST", "PUT", "DELETE"} - {right}:
        answer = roost.client.request(verb, f"/xrpc/{nsid}")
        check_refused(answer, f"Incorrect HTTP method ({verb}) expected {right}")
    if right == "POST":
        assert roost.client.head(f"/xrpc/{nsid}").status_code == 400


def check_body_rules(roost: Roost, url: str, headers: Mapping[str, str], *, limit: int) -> None:
    """Check what every method with a JSON body says to one that is absent, of another type, too long or not JSON."""

    def send(content: bytes, type: str | None = "application/json") -> httpx.Response:
        typed = {} if type is None else {"content-type": type}
        return roost.client.post(url, content=content, headers={**headers, **typed})

    check_refused(send(b""), "A request body is expected but none was provided")
    check_refused(send(b"{}", None), "Invalid request encoding: false")
    check_refused(send(b"{}", "text/plain; charset=utf-8"), "Invalid request encoding: text/plain")
    check_refused(send(b" " * (limit + 1)), "request entity too large", status=413, name="PayloadTooLarge")
    for broken in (b"{", b"\xff", b'{"a":1}x', b" " * limit):
        check_invalid(send(broken), "")
    for other in (b"[]", b'"text"', b"1", b"null"):
        check_refused(send(other), "data must be object")


def bad_credentials(roost: Roost, person: Person) -> dict[str, dict[str, str]]:
    """Return headers that do not prove who one is, by what is wrong with them, each made of the person's good token."""
    header, claims, _ = person.jwt.split(".")
    gone, signed_out = roost.person("gone"), roost.person("out")
    gone.post("com.atproto.deleteAccount")
    signed_out.post("com.atproto.deleteSession")
    none = urlsafe_b64encode(b'{"typ":"at+jwt","alg":"none"}').decode().rstrip("=")
    body = orjson.loads(urlsafe_b64decode(claims + "=="))
    sign_in = {"identifier": person.handle, "password": PASSWORD}
    today = roost.post("com.atproto.server.createSession", json=sign_in).json()
    values: dict[str, str | None] = {
        "none": None,
        "empty": "",
        "basic": f"Basic {person.jwt}",
        "lower case": f"bearer {person.jwt}",
        "no token": "Bearer",
        "two tokens": f"Bearer {person.jwt} {person.jwt}",
        "malformed": "Bearer nonsense",
        "truncated": f"Bearer {header}.{claims}",
        "changed": f"Bearer {person.jwt[:-10]}{'A' * 10}",
        "alg none": f"Bearer {none}.{claims}.AAAA",
        "alg none, unsigned": f"Bearer {none}.{claims}.",
        "other secret": f"Bearer {jws.encode(body, b'x' * 32, typ='at+jwt')}",
        "refresh token": f"Bearer {today['refreshJwt']}",
        "revoked": f"Bearer {signed_out.jwt}",
        "deleted account": f"Bearer {gone.jwt}",
    }
    return {how: {} if value is None else {"authorization": value} for how, value in values.items()}


def at_once(calls: Sequence[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """Make the calls at the same time, each from a thread of its own; answers in the order of the calls."""
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], httpx.Response]) -> httpx.Response:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def root(roost: Roost, did: str) -> str:
    """Return where a repository stands."""
    answer = roost.get("com.atproto.syncGetRoot", did=did)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["root"])


def exported(roost: Roost, did: str, **params: str) -> car.Car:
    """Return a repository as syncGetRepo gives it, every hash checked."""
    answer = roost.get("com.atproto.syncGetRepo", did=did, **params)
    assert answer.status_code == 200, answer.text
    return car.read(answer.content, max_blocks=1_000_000, max_bytes=1 << 30)


def judged(roost: Roost, did: str) -> Report:
    """Return what the repository holds after checking it whole: tree, records, signature by the key of the DID."""
    copy = exported(roost, did)
    document = roost.get("com.atproto.repoDescribe", nameOrDid=did).json()["didDoc"]
    key = PublicKey.from_multikey(document["verificationMethod"][0]["publicKeyMultibase"])
    report = inspect(copy.roots[0], copy.blocks, key)
    assert report.problems == ()
    assert report.unused == 0
    return report


def leaves(copy: car.Car) -> dict[str, Cid]:
    """Return every path of an exported repository with its record's CID, by way of the tree."""
    found: dict[str, Cid] = {}
    waiting: list[Link] = [Link(commit.parse(copy.blocks[copy.roots[0]]).data)]
    while waiting:
        link = waiting.pop()
        assert link.cid is not None
        node = mst.decode(copy.blocks[link.cid])
        found.update((key.decode(), value) for key, value in zip(node.keys, node.values, strict=True))
        waiting += [kid for kid in node.kids if kid is not None]
    return dict(sorted(found.items()))
