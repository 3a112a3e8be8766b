"""What is done to a repository: a list of operations on record paths, whoever asked for them."""

from typing import Final, Literal

import msgspec

from roost.data.cid import Cid
from roost.repo.errors import InvalidPath
from roost.syntax import InvalidSyntax, Nsid, RecordKey

Action = Literal["create", "update", "delete"]


class Create(msgspec.Struct, frozen=True):
    """Put a record where none is; `block` is its DAG-CBOR."""

    path: str
    block: bytes


class Update(msgspec.Struct, frozen=True):
    """Put a record where one is."""

    path: str
    block: bytes


class Delete(msgspec.Struct, frozen=True):
    """Take a record away."""

    path: str


RepoOp = Create | Update | Delete


class AppliedOp(msgspec.Struct, frozen=True):
    """An operation as the firehose tells it: `cid` is None for a deletion, `prev` for a creation (sync
    specification).
    """

    action: Action
    path: str
    cid: Cid | None
    prev: Cid | None


MAX_OPS: Final = 200
"""The most operations that one commit may carry on the firehose (sync specification, "#commit")."""


def path_of(collection: Nsid, rkey: RecordKey) -> str:
    """Return the key under which a record stands in the tree."""
    return f"{collection}/{rkey}"


def parse_path(path: str) -> tuple[Nsid, RecordKey]:
    """Split a tree key into its collection and record key. Raises InvalidPath."""
    collection, slash, rkey = path.partition("/")
    if not slash:
        raise InvalidPath(f"{path!r} is not collection/rkey")
    try:
        return Nsid.parse(collection), RecordKey.parse(rkey)
    except InvalidSyntax as error:
        raise InvalidPath(f"{path!r} is not collection/rkey: {error}") from None
