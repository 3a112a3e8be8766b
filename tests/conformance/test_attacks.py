"""What hostile clients and hostile owners of accounts have tried over HTTP, and may try again.

Each test is an attack that once did harm, or that a server of this kind usually falls to. What is refused for its form
alone is with the methods.
"""

import contextlib
import select
import socket
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from roost.data import cbor
from roost.data.cid import Cid
from roost.repo import mst
from roost.services.imports import MAX_CHANGES, MAX_HELD_BYTES
from roost.services.reading import PAGE_BYTES
from support.calls import THING, apply, at_once, bearer, create, head, inspected, put, refusal, session_of, sign_in
from support.owner import Owner, packed
from support.server import PASSWORD, Person, Roost, running

UPDATE = "com.atproto.syncUpdateRepo"
CAR = {"content-type": "application/cbor"}
RECORD = cbor.encode({"$type": THING})


def update(roost: Roost, owner: Owner, data: Cid, blocks: dict[Cid, bytes]) -> httpx.Response:
    """Send a commit to that tree, signed by the owner."""
    made = owner.copy().sign(data)
    sent = packed([made.cid], {made.cid: made.block} | blocks)
    return roost.post(UPDATE, params={"did": owner.did}, content=sent, headers=CAR)


def lowest_keys() -> Iterator[str]:
    """Yield keys of things that all live at the lowest layer of the tree, so that nothing ever comes between them."""
    return (rkey for rkey in map("{:06}".format, count()) if mst.layer_of(f"{THING}/{rkey}".encode()) == 0)


def creations(rkeys: Sequence[str]) -> list[dict[str, object]]:
    """Return the writes of empty records at those keys."""
    return [{"action": "create", "rkey": rkey, "value": {}} for rkey in rkeys]


def test_an_operation_of_ones_own_is_refused(roost: Roost) -> None:
    """A PLC operation that a client brings is not supported, whatever is in it."""
    body = {"handle": "op.test", "email": "op@mail.test", "password": PASSWORD, "plcOp": {"type": "plc_operation"}}

    answer = roost.post("com.atproto.server.createAccount", json=body)

    assert refusal(answer) == (400, "InvalidRequest", 'Unsupported input: "plcOp"')


@pytest.mark.parametrize("handle", ["xn--a.example.invalid", "a.xn--a.invalid"])
def test_a_handle_that_only_looks_international(roost: Roost, handle: str) -> None:
    """What no international name is written as leads nowhere, like any other name that nobody has."""
    answer = roost.get("com.atproto.identity.resolveHandle", handle=handle)

    assert refusal(answer) == (400, "InvalidRequest", "Unable to resolve handle")


def test_keys_cannot_be_piled_up_in_one_node(roost: Roost) -> None:
    """A node that grew with each record would be written and told anew with each; nothing of the batch is kept."""
    person = roost.person("miner")
    rkeys = list(islice(lowest_keys(), 300))
    assert apply(person, *creations(rkeys[:200])).status_code == 200
    before = head(person)

    answer = apply(person, *creations(rkeys[200:]))

    assert refusal(answer)[:2] == (400, "InvalidRequest")
    assert "in one node of the tree" in answer.json()["message"]
    assert head(person) == before
    assert create(person, {}, rkey=rkeys[200]).status_code == 200
    assert inspected(person).problems == ()


@pytest.mark.parametrize("entries", [257, 20_000])
def test_a_crowded_node_is_not_taken_in(roost: Roost, entries: int) -> None:
    """It is refused before its keys are gone through one by one, which would take minutes."""
    owner = Owner.with_key(roost)
    keys = [f"{THING}/{rkey}".encode() for rkey in islice(lowest_keys(), entries)]
    value = Cid.of_cbor(RECORD)
    node = mst.encode(mst.make(tuple(keys), (value,) * entries, (None,) * (entries + 1)))
    began = time.monotonic()

    answer = update(roost, owner, Cid.of_cbor(node), {Cid.of_cbor(node): node, value: RECORD})

    assert refusal(answer)[:2] == (400, "InvalidRequest")
    assert time.monotonic() - began < 5


def test_one_record_under_countless_names(roost: Roost) -> None:
    """Names are far smaller than records, so they are counted too."""
    owner = Owner.with_key(roost)
    value = Cid.of_cbor(RECORD)
    leaves = [(f"{THING}/{n:06}".encode(), value) for n in range(MAX_CHANGES + 1)]
    blocks: dict[Cid, bytes] = {}
    data = built(leaves, [mst.layer_of(key) for key, _ in leaves], blocks)

    answer = update(roost, owner, data, blocks | {value: RECORD})

    assert refusal(answer)[2].startswith("Too many changes")


def built(leaves: list[tuple[bytes, Cid]], layers: list[int], blocks: dict[Cid, bytes]) -> Cid:
    """Build the tree of leaves, given in order, into `blocks`; return its root."""

    def subtree(low: int, high: int, layer: int) -> mst.Link | None:
        if low == high:
            return None
        own = [i for i in range(low, high) if layers[i] == layer]
        kids = [subtree(a, b, layer - 1) for a, b in zip([low, *(i + 1 for i in own)], [*own, high], strict=True)]
        block = mst.encode(mst.make(tuple(leaves[i][0] for i in own), tuple(leaves[i][1] for i in own), tuple(kids)))
        blocks[Cid.of_cbor(block)] = block
        return mst.Link(Cid.of_cbor(block))

    root = subtree(0, len(leaves), max(layers))
    assert root is not None
    assert root.cid is not None
    return root.cid


def test_uploads_that_never_end_do_not_fill_the_memory(own_roost: Roost) -> None:
    """Anybody may send a repository; what all of them together hold is bounded, and free again when they go."""
    did = own_roost.person().did
    at = urlsplit(own_roost.url)
    start = f"POST /xrpc/{UPDATE}?did={did} HTTP/1.1\r\nhost: x\r\ncontent-type: application/cbor\r\n"
    piece = 15 * 1024 * 1024
    with contextlib.ExitStack() as stack:
        clients = [
            stack.enter_context(socket.create_connection((at.hostname, at.port), timeout=30))
            for _ in range(MAX_HELD_BYTES // piece + 1)
        ]
        for client in clients:
            client.sendall(f"{start}content-length: {piece + 1}\r\n\r\n".encode() + bytes(piece))

        # One is too much: whichever brings them past the bound, it alone is answered, and the others stay held.
        refused, _, _ = select.select(clients, [], [], 30)
        answers = [client.recv(65536) for client in refused]

    assert [answer.partition(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 429 Too Many Requests"]
    assert b"RateLimitExceeded" in answers[0]
    deadline = time.monotonic() + 30
    retried = own_roost.post(UPDATE, params={"did": did}, content=bytes(1024), headers=CAR)
    while retried.status_code == 429 and time.monotonic() < deadline:
        retried = own_roost.post(UPDATE, params={"did": did}, content=bytes(1024), headers=CAR)
    assert refusal(retried)[:2] == (400, "InvalidRequest")


def big(person: Person, how_many: int) -> list[str]:
    """Put records of almost the largest size, and return their keys in order."""
    rkeys = [f"r{n:02}" for n in range(how_many)]
    for rkey in rkeys:
        assert put(person, rkey, {"text": rkey + "x" * 990_000}).status_code == 200
    return rkeys


def test_a_page_of_large_records_is_no_larger_than_others(roost: Roost) -> None:
    """It ends early, with a cursor; page by page, each record is there once, in either direction."""
    person = roost.person("hoarder")
    rkeys = big(person, 9)

    for reverse, expected in ((True, rkeys), (False, rkeys[::-1])):
        found: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            answer = person.get(
                "com.atproto.repo.listRecords", repo=person.did, collection=THING, limit=100, reverse=reverse, **cursor
            )
            assert len(answer.content) < PAGE_BYTES + 1_100_000
            found += [record["uri"].rpartition("/")[2] for record in answer.json()["records"]]
            if "cursor" not in answer.json():
                break
            cursor = {"cursor": answer.json()["cursor"]}
        assert found == expected


def test_a_page_of_2022_ends_early_too(roost: Roost) -> None:
    """Without a cursor: the last key is where the next page begins, and an empty one is the end."""
    person = roost.person("hoarder")
    rkeys = big(person, 6)

    found: list[str] = []
    after: dict[str, str] = {}
    while page := person.get("com.atproto.repoListRecords", nameOrDid=person.did, type=THING, **after).json()[
        "records"
    ]:
        found += [record["uri"].rpartition("/")[2] for record in page]
        after = {"after": found[-1]}

    assert found == rkeys


def forged(token: str) -> dict[str, str]:
    """Return tokens made from a good one by somebody without the server's secret."""
    head_, body, signature = token.split(".")
    header = orjson.loads(urlsafe_b64decode(head_ + "=="))
    claims = orjson.loads(urlsafe_b64decode(body + "=="))

    def part(value: object) -> str:
        return urlsafe_b64encode(orjson.dumps(value)).rstrip(b"=").decode()

    return {
        "no algorithm": f"{part(header | {'alg': 'none'})}.{body}.",
        "no algorithm, a signature": f"{part(header | {'alg': 'None'})}.{body}.{signature}",
        "another algorithm": f"{part(header | {'alg': 'HS384'})}.{body}.{signature}",
        "a key of its own": f"{part(header | {'jwk': {'kty': 'oct', 'k': 'eA'}})}.{body}.{signature}",
        "something critical": f"{part(header | {'crit': ['x'], 'x': 1})}.{body}.{signature}",
        "a longer life": f"{head_}.{part(claims | {'exp': claims['exp'] + 1})}.{signature}",
        "padding": f"{token}=",
        "one part more": f"{token}.{signature}",
    }


def test_forged_tokens_are_worth_nothing(roost: Roost) -> None:
    """Neither generation believes an algorithm, a key or a claim that was put into a token."""
    person = roost.person()
    today = forged(sign_in(roost, person).access)

    told = {
        name: roost.client.get("/xrpc/com.atproto.server.getSession", headers=bearer(token)).json()["error"]
        for name, token in today.items()
    }

    assert told == dict.fromkeys(today, "InvalidToken")
    for token in forged(person.jwt).values():
        assert roost.client.get("/xrpc/com.atproto.getSession", headers=bearer(token)).status_code == 401


def test_nobody_writes_to_anothers_repository(roost: Roost) -> None:
    """Not by any method of either generation, whatever the repository is called by; and nothing of it has happened."""
    mallory, victim = roost.person("mallory"), roost.person("victim")
    put(victim, "mine", {"n": 1})
    before = head(victim)
    target: dict[str, object] = {"collection": THING, "rkey": "mine"}
    old = {"did": victim.did, "type": THING, "tid": "mine", "validate": "false"}

    answers = [
        mallory.post(f"com.atproto.repo.{name}", json={"repo": repo} | body)
        for repo in (victim.did, victim.handle, victim.handle.upper())
        for name, body in (
            ("createRecord", target | {"rkey": "new", "record": {}}),
            ("putRecord", target | {"record": {}}),
            ("deleteRecord", target),
            ("applyWrites", {"writes": []}),
        )
    ]
    answers += [
        mallory.post("com.atproto.repoCreateRecord", params=old, json={}),
        mallory.post("com.atproto.repoPutRecord", params=old, json={}),
        mallory.post("com.atproto.repoDeleteRecord", params=old),
        mallory.post("com.atproto.repoBatchWrite", params=old, json={"writes": []}),
    ]

    assert {(answer.status_code, answer.json()["error"]) for answer in answers} == {(401, "AuthenticationRequired")}
    assert head(victim) == before


def test_a_name_is_given_once_however_it_is_spelled(roost: Roost) -> None:
    """Many who ask at once, by both generations and in all cases of letters, are one account and refusals."""

    def join(number: int) -> httpx.Response:
        name = "".join(letter.upper() if number >> i & 1 else letter for i, letter in enumerate("contested"))
        if number % 2:
            body = {"username": f"{name}.test", "email": f"{name}{number}@mail.test", "password": PASSWORD}
            return roost.post("com.atproto.createAccount", json=body)
        body = {"handle": f"{name}.test", "email": f"{name}{number}@mail.test", "password": PASSWORD}
        return roost.post("com.atproto.server.createAccount", json=body)

    answers = at_once(12, join)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 11}
    assert {a.json()["error"] for a in answers if a.is_error} == {"UsernameNotAvailable", "HandleNotAvailable"}


def test_an_address_is_taken_once_however_it_is_spelled(roost: Roost) -> None:
    """The same for email addresses, each with a name of its own."""

    def join(number: int) -> httpx.Response:
        local = "".join(letter.upper() if number >> i & 1 else letter for i, letter in enumerate("contested"))
        body = {"email": f"{local}@Mail.test", "password": PASSWORD}
        if number % 2:
            return roost.post("com.atproto.createAccount", json=body | {"username": f"addressee{number}.test"})
        return roost.post("com.atproto.server.createAccount", json=body | {"handle": f"addressee{number}.test"})

    answers = at_once(12, join)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: 11}
    assert {a.json()["message"].lower() for a in answers if a.is_error} == {
        "email already taken: contested@mail.test",
    }


def test_an_invite_is_not_spent_twice(tmp_path: Path) -> None:
    """Of twelve who use a code for two at once, by both generations, two get in."""
    with running(tmp_path, invite_required=True) as roost:
        made = roost.post("com.atproto.server.createInviteCode", json={"useCount": 2}, auth=roost.admin)
        code = made.json()["code"]

        def join(number: int) -> httpx.Response:
            body = {"email": f"guest{number}@mail.test", "password": PASSWORD, "inviteCode": code}
            if number % 2:
                return roost.post("com.atproto.createAccount", json=body | {"username": f"guest{number}.test"})
            return roost.post("com.atproto.server.createAccount", json=body | {"handle": f"guest{number}.test"})

        answers = at_once(12, join)

    assert Counter(answer.status_code for answer in answers) == {200: 2, 400: 10}
    assert {answer.json()["error"] for answer in answers if answer.is_error} == {"InvalidInviteCode"}


def test_of_many_swaps_one_wins(roost: Roost) -> None:
    """32 writes that expect the same head, by different methods: one is made, the others are told."""
    person = roost.person()
    expected, _ = head(person)

    def write(number: int) -> httpx.Response:
        match number % 3:
            case 0:
                return create(person, {"n": number}, swapCommit=expected)
            case 1:
                return put(person, "self", {"n": number}, swapCommit=expected)
        return apply(person, {"action": "create", "value": {"n": number}}, swapCommit=expected)

    answers = at_once(32, write)

    assert Counter(answer.json().get("error") for answer in answers) == {"InvalidSwap": 31, None: 1}
    assert inspected(person).records == 1


def test_tabs_that_refresh_at_once_share_a_session(roost: Roost) -> None:
    """Sixteen uses of one refresh token lead to one session, and ending that ends them all, the old token too."""
    session = sign_in(roost, roost.person())

    renewed = [session_of(roost, answer) for answer in at_once(16, lambda _: session.renew())]
    assert renewed[0].end().status_code == 200

    assert {each.get().status_code for each in renewed} == {400}
    assert session.renew().status_code == 400


def test_an_account_that_is_deleted_in_the_middle_of_everything(roost: Roost) -> None:
    """Reads, exports and writes at that moment succeed whole or are refused; afterwards nothing of it is there."""
    person = roost.person("leaver")
    for n in range(50):
        create(person, {"text": "x" * 16_000, "n": n})

    def act(number: int) -> httpx.Response:
        if number in (5, 11):
            return person.post("com.atproto.deleteAccount")
        match number % 3:
            case 0:
                return person.get("com.atproto.sync.getRepo", did=person.did)
            case 1:
                return create(person, {"n": number})
        return person.get("com.atproto.repo.listRecords", repo=person.did, collection=THING)

    answers = at_once(18, act)

    assert {answer.status_code for answer in answers} <= {200, 400, 401, 403}
    assert sorted(answers[number].status_code for number in (5, 11)) == [200, 401]
    assert roost.get("com.atproto.sync.getRepo", did=person.did).status_code == 400
    assert person.get("com.atproto.getSession").status_code == 401
