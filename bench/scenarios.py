"""The loads: which requests, over how many connections, to how many accounts that hold how much already."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import count, cycle
from typing import Final

import orjson

from bench.load import WARM_SECONDS, Measured, Source, quantile
from bench.requests import BLOB, COLLECTION, MARK, PASSWORD, Person, Template, creation, get, record
from roost.data import car
from roost.data.cid import Cid

PAGE: Final = 50
LARGE: Final = 10_000
"""Records of a repository that is read from."""

UPDATED: Final = 1_000
MOST_DELETED: Final = 6_000
"""Records that a server can delete in a second, with room to spare: there must be enough of them."""

Shape = Callable[[dict[str, object]], bool]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One load. `records(seconds)` is how many records each account has before it, `blobs` how many blobs.

    Loads with the same `crowd` work on the same accounts; one without has accounts that no other load has touched.
    """

    name: str
    connections: int
    accounts: int
    source: Callable[[Sequence[Person]], Source]
    records: Callable[[float], int] = lambda _seconds: 0
    blobs: int = 0
    note: Callable[[Measured], str] = lambda _measured: ""
    target: int | None = None
    crowd: str = ""

    @property
    def label(self) -> str:
        """What it is called: name, connections, accounts."""
        return f"{self.name}/{self.connections}/{self.accounts}"

    def is_meant(self, patterns: Sequence[str]) -> bool:
        """Tell whether one of these names it, or is a pattern of its label; all are meant where none is given."""
        return not patterns or any(pattern == self.name or fnmatch(self.label, pattern) for pattern in patterns)


def scenarios() -> list[Scenario]:
    """Return every load, in the order in which to run them."""
    return [
        Scenario("createRecord", 1, 1, _create),
        Scenario("createRecord", 8, 1, _create, target=2_500),
        Scenario("createRecord", 64, 1, _create),
        *[Scenario("createRecord", connections, 50, _create, crowd="fifty") for connections in (1, 8, 64)],
        Scenario("2022.createRecord", 8, 1, _create_2022),
        Scenario("applyWrites.10", 8, 1, lambda people: _apply(people, 10)),
        Scenario("applyWrites.200", 8, 1, lambda people: _apply(people, 200)),
        Scenario("putRecord", 8, 1, _put, lambda _seconds: UPDATED),
        Scenario("deleteRecord", 8, 1, _delete, lambda seconds: int((seconds + WARM_SECONDS) * MOST_DELETED)),
        Scenario("getRecord", 8, 1, _get, _large, crowd="read"),
        Scenario("getRecord", 64, 1, _get, _large, crowd="read"),
        Scenario("listRecords.50", 8, 1, _list, _large, target=6_000, crowd="read"),
        Scenario("listRecords.50", 64, 1, _list, _large, crowd="read"),
        Scenario("getRepo.10000", 1, 1, _export, _large, note=_note_first_byte, crowd="read"),
        Scenario("getRepo.since", 1, 1, _export_since, _large, crowd="read"),
        Scenario("uploadBlob.1MB", 8, 1, _upload),
        Scenario("getBlob.1MB", 8, 1, _download, blobs=16),
        Scenario("createSession", 8, 1, _sign_in),
        Scenario("createAccount", 8, 1, _sign_up),
    ]


def _large(_seconds: float) -> int:
    return LARGE


def _create(people: Sequence[Person]) -> Source:
    bodies = [{"repo": person.did, "collection": COLLECTION, "record": record()} for person in people]
    return _filled("com.atproto.repo.createRecord", people, bodies, _is_written)


def _create_2022(people: Sequence[Person]) -> Source:
    (person,) = people
    path = f"com.atproto.repoCreateRecord?did={person.did}&type={COLLECTION}"
    return _filled(path, people, [record()], lambda body: _text(body, "uri").startswith("at://"))


def _apply(people: Sequence[Person], size: int) -> Source:
    def right(body: dict[str, object]) -> bool:
        results = body["results"]
        return isinstance(results, list) and len(results) == size and all(map(_is_valid, results)) and "commit" in body

    templates = [Template.apply_writes(person, [creation() for _ in range(size)]) for person in people]
    return Source((template.fill() for template in cycle(templates)), _parsed(right))


def _put(people: Sequence[Person]) -> Source:
    (person,) = people
    body = {"repo": person.did, "collection": COLLECTION, "record": record()}
    nsid = "com.atproto.repo.putRecord"
    templates = [Template.of(nsid, body | {"rkey": key}, token=person.token) for key in _shuffled(person.keys)]
    return Source((template.fill() for template in cycle(templates)), _parsed(_is_written))


def _delete(people: Sequence[Person]) -> Source:
    (person,) = people
    body = {"repo": person.did, "collection": COLLECTION}
    nsid = "com.atproto.repo.deleteRecord"
    requests = (Template.of(nsid, body | {"rkey": key}, token=person.token).fill() for key in _shuffled(person.keys))
    # Nothing is committed, and no commit told, for a record that is not there.
    return Source(requests, _parsed(lambda body: "commit" in body))


def _get(people: Sequence[Person]) -> Source:
    (person,) = people
    path = f"/xrpc/com.atproto.repo.getRecord?repo={person.did}&collection={COLLECTION}&rkey="
    requests = [get(path + key) for key in _shuffled(person.keys)]
    return Source(cycle(requests), _parsed(_is_record))


def _list(people: Sequence[Person]) -> Source:
    def right(body: dict[str, object]) -> bool:
        records = body["records"]
        return isinstance(records, list) and len(records) == PAGE and all(map(_is_record, records))

    (person,) = people
    path = f"/xrpc/com.atproto.repo.listRecords?repo={person.did}&collection={COLLECTION}&limit={PAGE}&cursor="
    requests = [get(path + key) for key in _shuffled(person.keys[PAGE:])]
    return Source(cycle(requests), _parsed(right))


def _export(people: Sequence[Person]) -> Source:
    (person,) = people
    right: list[bytes] = []

    def is_whole(body: bytes) -> bool:
        if not right:
            # Hashing every block takes longer than the server does: the first is checked so, the others against it.
            read = car.read(body, max_blocks=3 * len(person.keys), max_bytes=len(body))
            if read.roots[0] in read.blocks and len(read.blocks) > len(person.keys):
                right.append(body)
        return right == [body]

    return Source(cycle([get(f"/xrpc/com.atproto.sync.getRepo?did={person.did}")]), is_whole)


def _export_since(people: Sequence[Person]) -> Source:
    (person,) = people
    newer, sizes = len(person.keys) // 10, set[int]()

    def is_part(body: bytes) -> bool:
        if not sizes:
            read = car.read(body, max_blocks=3 * newer, max_bytes=len(body))
            if read.roots[0] in read.blocks and len(read.blocks) > newer:
                sizes.add(len(body))
        return len(body) in sizes

    return Source(cycle([get(f"/xrpc/com.atproto.sync.getRepo?did={person.did}&since={person.since}")]), is_part)


def _upload(people: Sequence[Person]) -> Source:
    def right(body: dict[str, object]) -> bool:
        blob = body["blob"]
        return isinstance(blob, dict) and blob["size"] == BLOB

    (person,) = people
    template = Template.upload(person, BLOB)
    return Source((template.fill() for _ in count()), _parsed(right))


def _download(people: Sequence[Person]) -> Source:
    (person,) = people
    path = f"/xrpc/com.atproto.sync.getBlob?did={person.did}&cid="
    seen: dict[bytes, bytes] = {}

    def is_blob(body: bytes) -> bool:
        # Hashing takes longer than reading; what begins like one that was whole must be that one.
        start = body[:64]
        if start not in seen and str(Cid.of_raw(body)) in person.blobs:
            seen[start] = body
        return seen.get(start) == body

    return Source(cycle([get(path + cid) for cid in person.blobs]), is_blob)


def _sign_up(_people: Sequence[Person]) -> Source:
    name = f"n{MARK.decode()}"
    wanted = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": PASSWORD}
    template = Template.of("com.atproto.server.createAccount", wanted)
    return Source((template.fill() for _ in count()), _parsed(lambda body: bool(_text(body, "accessJwt"))))


def _note_first_byte(measured: Measured) -> str:
    first = measured.first_bytes
    return f"first byte p50 {quantile(first, 0.5) * 1000:.1f} ms, p99 {quantile(first, 0.99) * 1000:.1f} ms"


def _sign_in(people: Sequence[Person]) -> Source:
    bodies = [{"identifier": person.handle, "password": PASSWORD} for person in people]
    return _filled("com.atproto.server.createSession", people, bodies, lambda body: bool(_text(body, "accessJwt")))


def _filled(path: str, people: Sequence[Person], bodies: Sequence[object], right: Shape) -> Source:
    """Send each body as its person, in turn."""
    pairs = zip(people, bodies, strict=True)
    templates = [Template.of(path, body, token=person.token) for person, body in pairs]
    return Source((template.fill() for template in cycle(templates)), _parsed(right))


def _parsed(right: Shape) -> Callable[[bytes], bool]:
    def is_right(body: bytes) -> bool:
        try:
            return right(orjson.loads(body))
        except (ValueError, KeyError):
            return False

    return is_right


def _is_written(body: dict[str, object]) -> bool:
    return _is_valid(body) and "commit" in body


def _is_valid(body: dict[str, object]) -> bool:
    return _is_at_place(body) and body["validationStatus"] == "valid"


def _is_record(body: dict[str, object]) -> bool:
    value = body["value"]
    return _is_at_place(body) and isinstance(value, dict) and value["$type"] == COLLECTION


def _is_at_place(body: dict[str, object]) -> bool:
    return _text(body, "uri").startswith("at://") and _text(body, "cid").startswith("bafyrei")


def _text(body: dict[str, object], name: str) -> str:
    text = body[name]
    return text if isinstance(text, str) else ""


def _shuffled(keys: Sequence[str]) -> Iterator[str]:
    """Give the keys in an order that is neither theirs nor another each time."""
    return iter(random.Random(0).sample(keys, len(keys)))
