"""com.atproto.syncUpdateRepo, October 2022: commits that are refused, each without a trace."""

from collections.abc import Iterator
from functools import partial

import httpx
import pytest

from roost.crypto.keys import PrivateKey
from roost.data import car, cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.repo import Create, Delete, mst
from roost.repo import commit as commits
from roost.repo.mst import Link, Node, make
from support.owner import Copy, Owner, only_new, packed
from support.server import Person, Roost
from support.v2022 import POST, check_refused, exported, post
from support.v2022_records import BAD_BLOCKS, BAD_PATHS

URL = "/xrpc/com.atproto.syncUpdateRepo"
KEY_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
"""The number of points of K-256, with which s becomes the other s of the same signature."""

PATH = f"{POST}/new"


def record(text: str = "new", **more: Value) -> bytes:
    """Return a post's block."""
    return cbor.encode({"$type": POST, "text": text, "createdAt": "2022-10-12T10:00:00.000Z", **more})


@pytest.fixture(scope="module")
def owner(roost: Roost) -> Owner:
    """Somebody whose DID document names a key of his own, with forty records."""
    owner = Owner.with_key(roost)
    made = owner.copy().draft(*[Create(f"{POST}/a{n:02}", record(f"{n}")) for n in range(40)])
    answer = send(roost, owner.did, packed([made.commit.cid], only_new(made)))
    assert answer.status_code == 200, answer.text
    return owner


@pytest.fixture
def copy(roost: Roost, owner: Owner) -> Iterator[Copy]:
    """The repository; after the test it must be the same, to the block."""
    before = exported(roost, owner.did)
    yield owner.copy()
    assert exported(roost, owner.did) == before


def send(roost: Roost, did: str, body: bytes) -> httpx.Response:
    """Send a CAR."""
    return roost.client.post(URL, params={"did": did}, content=body, headers={"content-type": "application/cbor"})


def check(roost: Roost, owner: Owner, body: bytes, words: str) -> None:
    """Check that a CAR is refused, in a message with those words."""
    answer = send(roost, owner.did, body)
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest"), answer.text
    assert words in answer.json()["message"], answer.text


def commit_of(copy: Copy, **changed: Value) -> bytes:
    """Return the CAR of a commit that adds a record and of which some fields are wrong; its signature is right."""
    made = copy.draft(Create(PATH, record()))
    block = copy.sign_block(made.commit.data, **changed)
    blocks = {cid: data for cid, data in only_new(made).items() if cid != made.commit.cid}
    return packed([Cid.of_cbor(block)], {Cid.of_cbor(block): block} | blocks)


def resigned(copy: Copy, sig: bytes) -> bytes:
    """Return the CAR of a commit that adds a record, with another signature put in."""
    made = copy.draft(Create(PATH, record()))
    block = made.commit.block.replace(made.commit.sig, sig)
    return packed([Cid.of_cbor(block)], {Cid.of_cbor(block): block} | only_new(made))


def test_the_commit_that_the_tests_spoil(copy: Copy) -> None:
    """Unspoilt, it is a commit: nothing else than what each test does is wrong."""
    (root,) = car.read(commit_of(copy), max_blocks=1000, max_bytes=1 << 20).roots
    made = copy.draft(Create(PATH, record()))

    assert root == made.commit.cid
    commits.verify(made.commit, copy.key.public)


def test_another_key(roost: Roost, owner: Owner, copy: Copy) -> None:
    """Not the one that the DID document names."""
    copy.key = PrivateKey.generate()

    check(roost, owner, commit_of(copy), "The signature does not hold")


def test_a_key_that_was_replaced(roost: Roost) -> None:
    """The document is asked for anew each time."""
    owner = Owner.with_key(roost)
    copy = owner.copy()
    owner.take_key(PrivateKey.generate())
    before = exported(roost, owner.did)

    check(roost, owner, commit_of(copy), "The signature does not hold")
    assert exported(roost, owner.did) == before


def test_an_account_whose_key_is_the_server_s(roost: Roost, owner: Owner, alice: Person) -> None:
    """As almost all are: nobody else can make a commit for it."""
    before = exported(roost, alice.did)
    copy = Copy(type(owner.did)(alice.did), owner.key, before)

    answer = send(roost, alice.did, commit_of(copy))

    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    assert answer.json()["message"].startswith("The signature does not hold")
    assert exported(roost, alice.did) == before


def test_the_other_form_of_a_signature(roost: Roost, owner: Owner, copy: Copy) -> None:
    """With a high s: anybody can make it of the good one, and a commit must not have two CIDs."""
    sig = copy.draft(Create(PATH, record())).commit.sig
    high = KEY_ORDER - int.from_bytes(sig[32:])

    check(roost, owner, resigned(copy, sig[:32] + high.to_bytes(32)), "The signature does not hold")


def test_a_signature_of_nothing(roost: Roost, owner: Owner, copy: Copy) -> None:
    """Zeros, and ones."""
    check(roost, owner, resigned(copy, bytes(64)), "The signature does not hold")
    check(roost, owner, resigned(copy, b"\xff" * 64), "The signature does not hold")


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"did": "did:plc:ewvi7nxzyoun6zhxrhs64oiz"}, "The commit is for did:plc:ewvi7nxzyoun6zhxrhs64oiz"),
        ({"did": "nonsense"}, "The CAR's root is not a commit"),
        ({"did": 1}, "The CAR's root is not a commit"),
        ({"version": 2}, "The CAR's root is not a commit"),
        ({"version": "3"}, "The CAR's root is not a commit"),
        ({"version": True}, "The CAR's root is not a commit"),
        ({"rev": "nonsense"}, "The CAR's root is not a commit"),
        ({"rev": None}, "The CAR's root is not a commit"),
        ({"rev": "2222222222222"}, "is stale"),
        ({"rev": "jzzzzzzzzzzzz"}, "is in the future"),
        ({"data": None}, "The CAR's root is not a commit"),
        ({"prev": "nonsense"}, "The CAR's root is not a commit"),
        ({"more": 1}, "The CAR's root is not a commit"),
    ],
)
def test_a_field_of_the_commit(roost: Roost, owner: Owner, copy: Copy, changed: dict[str, Value], words: str) -> None:
    """A good signature does not make it good."""
    check(roost, owner, commit_of(copy, **changed), words)


def test_a_rev_that_is_not_after(roost: Roost, owner: Owner, copy: Copy) -> None:
    """The same as the present one, and the one before it."""
    check(roost, owner, commit_of(copy, rev=copy.head.rev), "is stale")
    check(roost, owner, commit_of(copy, rev=copy.rev(-1)), "is stale")


def test_a_rev_from_the_future(roost: Roost, owner: Owner, copy: Copy) -> None:
    """More than five minutes ahead; consumers of the firehose would drop it."""
    check(roost, owner, commit_of(copy, rev=copy.rev(330_000_000)), "is in the future")


def test_a_prev_that_is_another(roost: Roost, owner: Owner, copy: Copy) -> None:
    """It may be null; it may not be wrong."""
    made = copy.draft(Create(PATH, record()))

    check(roost, owner, commit_of(copy, prev=made.commit.cid), "The commit's prev is")
    check(roost, owner, commit_of(copy, prev=copy.head.data), "The commit's prev is")


def test_a_commit_that_is_none(roost: Roost, owner: Owner, copy: Copy) -> None:
    """The root may be any block: a record, a node, bytes."""
    node = copy.blocks[copy.head.data]
    for block in (record(), node, b"", b"\xff", cbor.encode({}), cbor.encode([])):
        cid = Cid.of_cbor(block)
        check(roost, owner, packed([cid], {cid: block}), "The CAR's root is not a commit")


def test_roots(roost: Roost, owner: Owner, copy: Copy) -> None:
    """There is one, and its block is there."""
    made = copy.draft(Create(PATH, record()))
    cid, blocks = made.commit.cid, only_new(made)
    rest = {other: block for other, block in blocks.items() if other != cid}

    check(roost, owner, packed([cid, cid], blocks), "one root, not 2")
    check(roost, owner, packed([cid, made.commit.data], blocks), "one root, not 2")
    check(roost, owner, packed([], blocks), "one root, not 0")
    check(roost, owner, packed([cid], rest), "does not hold its root")
    check(roost, owner, packed([cid], {}), "does not hold its root")


def test_a_block_that_is_missing(roost: Roost, owner: Owner, copy: Copy) -> None:
    """Each that is new has to be sent: any node, any record."""
    made = copy.draft(*[Create(f"{POST}/new{n:02}", record(f"new {n}")) for n in range(12)])
    blocks = only_new(made)
    assert len(made.nodes) > 1

    for missing in blocks.keys() - {made.commit.cid}:
        rest = {cid: block for cid, block in blocks.items() if cid != missing}
        check(roost, owner, packed([made.commit.cid], rest), str(missing))


def test_a_block_that_is_not_what_its_name_says(roost: Roost, owner: Owner, copy: Copy) -> None:
    """Any of them, needed or not."""
    made = copy.draft(Create(PATH, record()))
    blocks = only_new(made)

    for wrong in blocks:
        check(roost, owner, packed([made.commit.cid], blocks | {wrong: b"\xa0"}), "not a CAR that can be used")
    litter = {Cid.of_cbor(record("litter")): record("other")}
    check(roost, owner, packed([made.commit.cid], blocks | litter), "not a CAR that can be used")


def test_garbage(roost: Roost, owner: Owner, copy: Copy) -> None:
    """Whatever is not a CAR."""
    whole = packed([copy.head.cid], copy.blocks)
    json = b'{"did":"%b"}' % owner.did.encode()
    for body in (b"x", b"\0", b"\x80" * 100, b"\xff" * 1000, json, whole[1:], record(), b"\x02\xa0\x00" + whole):
        check(roost, owner, body, "not a CAR that can be used")
    check(roost, owner, commit_of(copy) + b"\x05junk", "not a CAR that can be used")


def test_every_way_to_be_cut_off(roost: Roost, owner: Owner, copy: Copy) -> None:
    """A CAR has no end mark; what is missing is missed all the same."""
    body = commit_of(copy)

    for size in range(1, len(body), max(1, len(body) // 60)):
        answer = send(roost, owner.did, body[:size])
        assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest"), size


def signed_tree(copy: Copy, root: bytes, more: dict[Cid, bytes]) -> bytes:
    """Return the CAR of a good commit to a tree with that root."""
    made = copy.sign(Cid.of_cbor(root))
    return packed([made.cid], {made.cid: made.block, Cid.of_cbor(root): root} | copy.blocks | more)


def keys_of_layer(layer: int, count: int) -> list[bytes]:
    """Return the first keys, in order, that live at a layer."""
    keys = (f"{POST}/x{n:06}".encode() for n in range(1_000_000))
    found = (key for key in keys if mst.layer_of(key) == layer)
    return [next(found) for _ in range(count)]


def leaf(*keys: bytes) -> Node:
    """Return a node of those keys, each with the same record."""
    return make(keys, tuple(Cid.of_cbor(record()) for _ in keys), (None,) * (len(keys) + 1))


RECORD = {Cid.of_cbor(record()): record()}


def test_keys_at_another_layer_than_their_own(roost: Roost, owner: Owner, copy: Copy) -> None:
    """One node holds all: a tree has one form."""
    keys = sorted(keys_of_layer(0, 2) + keys_of_layer(1, 2))

    check(roost, owner, signed_tree(copy, mst.encode(leaf(*keys)), RECORD), "The repository is not valid")


def test_a_node_that_should_not_be_there(roost: Roost, owner: Owner, copy: Copy) -> None:
    """An empty one below, one that only leads on above, and an empty one at the root that leads on."""
    high, low = keys_of_layer(1, 1)[0], keys_of_layer(0, 1)[0]
    empty = mst.encode(mst.EMPTY)
    below = mst.encode(leaf(low))
    left, right = (Link(Cid.of_cbor(block)) for block in (empty, below))
    over_empty = make((high,), (Cid.of_cbor(record()),), (left, None))
    only_leads = make((), (), (right,))
    more = RECORD | {Cid.of_cbor(block): block for block in (empty, below)}

    check(roost, owner, signed_tree(copy, mst.encode(over_empty), more), "The repository is not valid")
    check(roost, owner, signed_tree(copy, mst.encode(only_leads), more), "The repository is not valid")


def test_keys_out_of_order_between_nodes(roost: Roost, owner: Owner, copy: Copy) -> None:
    """A subtree on the wrong side of a key, and one that stands in the tree twice."""
    high = keys_of_layer(1, 1)[0]
    low = next(key for key in keys_of_layer(0, 50) if key < high)
    below = mst.encode(leaf(low))
    link = Link(Cid.of_cbor(below))
    more = RECORD | {Cid.of_cbor(below): below}

    for kids in ((None, link), (link, link)):
        root = make((high,), (Cid.of_cbor(record()),), kids)
        check(roost, owner, signed_tree(copy, mst.encode(root), more), "The repository is not valid")


def test_a_node_in_another_encoding(roost: Roost, owner: Owner, copy: Copy) -> None:
    """The same node written otherwise: a prefix not shared, a longer number, something behind it, another field."""
    keys = keys_of_layer(0, 2)
    good = mst.encode(leaf(*keys))
    value = cbor.decode(good)
    assert isinstance(value, dict)
    entries = value["e"]
    assert isinstance(entries, list)
    unshared: list[Value] = [{"k": key, "p": 0, "t": None, "v": Cid.of_cbor(record())} for key in keys]
    backwards: list[Value] = [unshared[1], unshared[0]]
    bad: list[Value] = [
        {"e": unshared, "l": None},
        {"e": backwards, "l": None},
        {"e": entries},
        {"e": entries, "l": None, "x": 1},
        {"e": entries, "l": "text"},
        {"e": None, "l": None},
    ]
    blocks = [cbor.encode(each) for each in bad]
    blocks += [good + b"\0", good.replace(b"\xa2\x61e\x82", b"\xa2\x61e\x98\x02"), b"\xbf" + good[1:] + b"\xff"]

    assert cbor.encode({"e": entries, "l": None}) == good
    for block in blocks:
        check(roost, owner, signed_tree(copy, block, RECORD), "The repository is not valid")


@pytest.mark.parametrize("path", BAD_PATHS)
def test_a_path_that_is_none(roost: Roost, owner: Owner, copy: Copy, path: str) -> None:
    """A key of the tree is a collection and a record key, and nothing else."""
    made = copy.draft(Create(path, record()))

    check(roost, owner, packed([made.commit.cid], only_new(made)), "path is not valid")


@pytest.mark.parametrize("block", [*BAD_BLOCKS, record(more="x" * 1_000_000)])
def test_a_record_that_is_none(roost: Roost, owner: Owner, copy: Copy, block: bytes) -> None:
    """Not canonical, not of the data model, not an object, or too large."""
    made = copy.draft(Create(PATH, block))

    check(roost, owner, packed([made.commit.cid], only_new(made)), "record")


def test_a_repository_that_is_not_here(roost: Roost, owner: Owner, copy: Copy) -> None:
    """Nothing is begun by sending it."""
    did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz"

    check_refused(send(roost, did, commit_of(copy)), f"Could not find repo for DID: {did}")
    check_refused(send(roost, did, commit_of(copy, did=did)), f"Could not find repo for DID: {did}")


def test_a_did_that_has_ended(roost: Roost) -> None:
    """No key counts any more."""
    owner = Owner.with_key(roost)
    before = exported(roost, owner.did)
    owner.end_identity()

    check(roost, owner, commit_of(owner.copy()), f"Could not resolve DID: {owner.did}")
    assert exported(roost, owner.did) == before


def test_a_state_that_the_server_has_left(roost: Roost) -> None:
    """A write of the server's came first: the commit is stale, or names another as the one before it."""
    owner = Owner.with_key(roost)
    copy = owner.copy()
    made = [
        copy.draft(Create(PATH, record())),
        copy.draft_as(partial(copy.sign, rev=copy.rev(60_000_000), prev=copy.head.cid), Create(PATH, record())),
    ]
    params = {"did": owner.did, "type": POST}
    assert owner.person.post("com.atproto.repoCreateRecord", params=params, json=post()).status_code == 200
    before = exported(roost, owner.did)

    for each, words in zip(made, ("is stale", "The commit's prev is"), strict=True):
        check(roost, owner, packed([each.commit.cid], only_new(each)), words)
    assert exported(roost, owner.did) == before


def test_a_refusal_leaves_the_way_open(roost: Roost) -> None:
    """What was wrong with one does not count against the next."""
    owner = Owner.with_key(roost)
    copy = owner.copy()
    made = copy.draft(Create(PATH, record()))
    blocks = only_new(made)
    for missing in blocks.keys() - {made.commit.cid}:
        rest = {cid: block for cid, block in blocks.items() if cid != missing}
        check(roost, owner, packed([made.commit.cid], rest), str(missing))

    assert send(roost, owner.did, packed([made.commit.cid], blocks)).status_code == 200
    assert exported(roost, owner.did).blocks == copy.whole(made)


def test_deleting_more_than_there_is(roost: Roost, owner: Owner, copy: Copy) -> None:
    """A tree that leaves records out deletes them; the nodes that this leaves have to be sent."""
    made = copy.draft(*[Delete(f"{POST}/a{n:02}") for n in range(0, 40, 2)])

    sent = {made.commit.cid: made.commit.block}
    check(roost, owner, packed([made.commit.cid], sent), "The repository is not valid")
