"""A whole tree read once, in key order, from blocks that nobody vouches for: complete and canonical, or refused.

Memory is one path's worth: whatever a hostile tree holds, its layers come from the hashes of its keys, so none is
deeper than a SHA-256 has pairs of bits. Deliberately does not know where blocks come from, or what the values are.
"""

from collections.abc import Callable, Iterator

from roost.data.cid import DAG_CBOR, Cid
from roost.repo.errors import InvalidNode
from roost.repo.mst.diff import check_layer
from roost.repo.mst.finish import NewNode
from roost.repo.mst.node import EMPTY, Link, Node, check_entries, decode, layer_of

Fetch = Callable[[Cid], bytes]
"""Returns the block of that name; raises MissingBlock."""

Number = Callable[[Cid], int]
"""Returns the number under which the node of that name is to be stored; the same each time."""

Leaf = tuple[bytes, Cid]


def whole(root: Cid, fetch: Fetch, number: Number) -> Iterator[NewNode | Leaf]:
    """Yield every node as it is to be stored, above the nodes below it, and every key with its value, in key order.

    Raises InvalidNode for a tree that is not the one its keys make, CrowdedNode, and what `fetch` raises.
    """
    node = _node(root, fetch(root))
    if not node.keys:
        if node.kids != EMPTY.kids:
            raise InvalidNode("the root has no entry of its own")
        yield NewNode(number(root), root, fetch(root), (0,))
        return
    # The root's own layer is that of its keys; every other node's follows from its parent's.
    waiting: list[tuple[Cid, int] | Leaf] = [(root, layer_of(node.keys[0]))]
    last = b""
    while waiting:
        head, tail = waiting.pop()
        if isinstance(tail, Cid):
            # A CID is bytes too, so what stands beside it tells a key from a subtree.
            if head <= last:
                raise InvalidNode("keys are not in order")
            last = head
            yield head, tail
            continue
        assert isinstance(head, Cid), "a subtree comes with its layer"
        block = fetch(head)
        node = _node(head, block)
        check_layer(node, tail)
        yield NewNode(number(head), head, block, tuple([0 if kid is None else number(_cid(kid)) for kid in node.kids]))
        # Last in, first out: kid i is read before key i.
        for i in range(len(node.keys), -1, -1):
            if i < len(node.keys):
                waiting.append((node.keys[i], _checked(node.values[i])))
            if (kid := node.kids[i]) is not None:
                waiting.append((_cid(kid), tail - 1))


def _node(cid: Cid, block: bytes) -> Node:
    try:
        node = decode(block)
    except InvalidNode as error:
        raise InvalidNode(f"{cid}: {error}") from None
    check_entries(node)
    return node


def _cid(link: Link) -> Cid:
    assert link.cid is not None, "a parsed link is clean"
    return _checked(link.cid)


def _checked(cid: Cid) -> Cid:
    if cid.codec != DAG_CBOR:
        raise InvalidNode(f"{cid} names raw bytes, where a node or a record must be")
    return cid
