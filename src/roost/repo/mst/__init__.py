"""The Merkle search tree: pure, synchronous operations on a tree of links, of which any part may not be loaded.

The one loop that writes is: ask `frontier` which links the keys need, set their `node`, repeat until none is named;
then `insert`, `update` and `delete` always succeed or say KeyExists or KeyMissing, and `finish` hashes what they left.
The package deliberately does not know where blocks come from or go to.
"""

from roost.repo.mst.delete import delete
from roost.repo.mst.diff import Change, check_layer, diff
from roost.repo.mst.finish import Finished, NewNode, finish
from roost.repo.mst.insert import insert, update
from roost.repo.mst.node import EMPTY, Link, Node, decode, encode, layer_of, make
from roost.repo.mst.walk import around, find, frontier, loaded, toward
from roost.repo.mst.whole import whole

__all__ = [
    "EMPTY",
    "Change",
    "Finished",
    "Link",
    "NewNode",
    "Node",
    "around",
    "check_layer",
    "decode",
    "delete",
    "diff",
    "encode",
    "find",
    "finish",
    "frontier",
    "insert",
    "layer_of",
    "loaded",
    "make",
    "toward",
    "update",
    "whole",
]
