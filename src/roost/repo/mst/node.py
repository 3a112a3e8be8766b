"""A node of the Merkle search tree as a value, and its one canonical encoding (repository specification, "MST
structure").

A node holds sorted keys, their values, and a link in every gap: `kids[i]` leads to the keys below `keys[i]`, the last
one to those above all. A `Link` is clean (its `cid` is known; the node behind it may or may not be loaded) or dirty
(`cid` is None: the node is new and has not been hashed). Nothing here knows how nodes are found or stored; `n` is a
number that whoever stores the nodes has given to one, and 0 where nobody has.
"""

from hashlib import sha256
from typing import Final

import msgspec

from roost.data.cbor import LINK, head
from roost.data.cid import Cid
from roost.data.errors import InvalidCid
from roost.repo.errors import CrowdedNode, InvalidNode

_ENTRIES: Final = b"\xa2\x61e"
_K: Final = b"\xa4\x61k"
_P: Final = b"\x61p"
_T: Final = b"\x61t"
_V: Final = b"\x61v"
_L: Final = b"\x61l"
_NULL: Final = b"\xf6"

MAX_KEY_BYTES: Final = 1024
"""The specification's limit for `collection/rkey`."""

MAX_ENTRIES: Final = 256
"""Entries of one node. Three keys in four live at the lowest layer, so a run of n of them has the chance of 0.75**n:
less than 1e-31 here. But who picks keys by their hashes can put a whole repository into one node, which is then
written anew, and told to the network, with each record (repository specification, "MST structure", asks for a limit).
"""


class Link(msgspec.Struct, eq=False):
    """A pointer to a subtree. Setting `node` on a clean link only remembers what `cid` names already."""

    cid: Cid | None
    n: int = 0
    node: "Node | None" = None


class Node(msgspec.Struct, frozen=True, eq=False):
    """One node; `len(kids) == len(keys) + 1`, and no two neighbours of `keys` are equal or out of order.

    `frame` is the node's block without its pointers: what stands before each of `kids[1:]`, and before `kids[0]`, which
    is written last. A write changes the keys of a node or two and a pointer in all those above, so the frame of most is
    kept: encoding takes a quarter of the time (10 % of a createRecord). It is empty until the node is to be written: a
    batch of writes makes many nodes that never are.
    """

    keys: tuple[bytes, ...]
    values: tuple[Cid, ...]
    kids: tuple[Link | None, ...]
    frame: tuple[bytes, ...]


def make(keys: tuple[bytes, ...], values: tuple[Cid, ...], kids: tuple[Link | None, ...]) -> Node:
    """Return the node with those keys."""
    return Node(keys, values, kids, ())


def framed(node: Node) -> Node:
    """Return the node with its frame."""
    return node if node.frame else Node(node.keys, node.values, node.kids, _frame(node.keys, node.values))


def _frame(keys: tuple[bytes, ...], values: tuple[Cid, ...]) -> tuple[bytes, ...]:
    frame: list[bytes] = []
    piece = _ENTRIES + head(4, len(keys))
    before = b""
    for key, value in zip(keys, values, strict=True):
        shared = common_prefix(before, key)
        rest = key[shared:]
        frame.append(piece + _K + head(2, len(rest)) + rest + _P + head(0, shared) + _T)
        piece = _V + LINK + value
        before = key
    frame.append(piece + _L)
    return tuple(frame)


def check_entries(node: Node) -> None:
    """Raise CrowdedNode for a node of more than MAX_ENTRIES: one that is about to be written, or to be taken in."""
    if len(node.keys) > MAX_ENTRIES:
        raise CrowdedNode(node.keys[0])


def layer_of(key: bytes) -> int:
    """Return the layer that `key` lives at: how many pairs of zero bits its SHA-256 begins with."""
    return (256 - int.from_bytes(sha256(key).digest()).bit_length()) >> 1


def common_prefix(a: bytes, b: bytes) -> int:
    """Return how many bytes `a` and `b` share at their beginning."""
    size = min(len(a), len(b))
    differing = int.from_bytes(a[:size]) ^ int.from_bytes(b[:size])
    return size - ((differing.bit_length() + 7) >> 3)


EMPTY: Final = make((), (), (None,))
"""The root of a tree without keys; nowhere else may a node have neither key nor kid."""


def encode(node: Node) -> bytes:
    """Return the node's block. Every kid must be clean."""
    out: list[bytes] = []
    for piece, kid in zip(framed(node).frame, (*node.kids[1:], node.kids[0]), strict=True):
        out += (piece, _pointer(kid))
    return b"".join(out)


def _pointer(kid: Link | None) -> bytes:
    if kid is None:
        return _NULL
    assert kid.cid is not None, "a node is hashed after its kids"
    return LINK + kid.cid


def decode(block: bytes, numbers: tuple[int, ...] = ()) -> Node:
    """Return the node that `block` encodes, its kids not loaded.

    `numbers` are the kids' numbers in the order of `kids`, for a node that was stored with them. Raises InvalidNode for
    anything that `encode` would not have written; whether the keys fit the node's layer only its surroundings can tell.
    """
    try:
        node = _Reader(block).node()
    except IndexError:
        raise InvalidNode("node is truncated") from None
    except InvalidCid as error:
        raise InvalidNode(str(error)) from None
    if numbers:
        assert len(numbers) == len(node.kids), "a node is stored with one number for each kid"
        for kid, n in zip(node.kids, numbers, strict=True):
            if kid is not None:
                kid.n = n
    return node


class _Reader:
    """Reads exactly the layout of `encode`, which makes every other encoding of a node an error."""

    __slots__ = ("at", "block", "framed")

    def __init__(self, block: bytes) -> None:
        self.block = block
        self.at = 0
        self.framed = 0

    def node(self) -> Node:
        frame: list[bytes] = []
        self.expect(_ENTRIES)
        keys: list[bytes] = []
        values: list[Cid] = []
        kids: list[Link | None] = [None]
        before = b""
        for _ in range(self.number(4)):
            self.expect(_K)
            rest = self.take(self.number(2))
            self.expect(_P)
            key = self.key(before, self.number(0), rest)
            self.expect(_T)
            kids.append(self.pointer(frame))
            self.expect(_V)
            values.append(self.cid())
            keys.append(key)
            before = key
        self.expect(_L)
        kids[0] = self.pointer(frame)
        if self.at != len(self.block):
            raise InvalidNode("node is followed by other bytes")
        return Node(tuple(keys), tuple(values), tuple(kids), tuple(frame))

    def key(self, before: bytes, shared: int, rest: bytes) -> bytes:
        if shared > len(before):
            raise InvalidNode("an entry shares more bytes than the key before it has")
        key = before[:shared] + rest
        if len(key) > MAX_KEY_BYTES:
            raise InvalidNode(f"a key is longer than {MAX_KEY_BYTES} bytes")
        if key <= before:
            raise InvalidNode("keys are not in order")
        if common_prefix(before, key) != shared:
            raise InvalidNode("a key's prefix is not compressed as far as it goes")
        return key

    def expect(self, what: bytes) -> None:
        end = self.at + len(what)
        if self.block[self.at : end] != what:
            raise InvalidNode(f"node is not canonical at byte {self.at}")
        self.at = end

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.block):
            raise InvalidNode("node is truncated")
        taken = self.block[self.at : end]
        self.at = end
        return taken

    def number(self, major: int) -> int:
        """Read a head of that major type; canonical CBOR has one form for each number."""
        first = self.block[self.at] - (major << 5)
        if 0 <= first < 24:
            self.at += 1
            return first
        if 24 <= first <= 27:
            size = 1 << (first - 24)
            value = int.from_bytes(self.block[self.at + 1 : self.at + 1 + size])
            self.expect(head(major, value))
            return value
        raise InvalidNode(f"node is not canonical at byte {self.at}")

    def pointer(self, frame: list[bytes]) -> Link | None:
        """Read a pointer, and add what has been read since the last one to the frame."""
        frame.append(self.block[self.framed : self.at])
        kid: Link | None = None
        if self.block[self.at] == 0xF6:
            self.at += 1
        else:
            kid = Link(self.cid())
        self.framed = self.at
        return kid

    def cid(self) -> Cid:
        self.expect(LINK)
        return Cid.from_bytes(self.take(36))
