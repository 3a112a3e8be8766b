"""A commit as another host has signed it: version 3, or version 2, which differs in what it leaves out.

Hosts of 2022 and 2023 wrote version 2, and repositories that nobody has written to since still have it. Read here and
never written: what is taken in is signed anew (repository specification, "Commit objects"). Deliberately does not know
whose key to expect.
"""

from typing import Final

import msgspec

from roost.crypto.keys import PublicKey
from roost.data import cbor
from roost.data.cid import DAG_CBOR, Cid
from roost.data.errors import DataError
from roost.data.value import Value
from roost.repo.errors import InvalidCommit
from roost.syntax import Did, InvalidSyntax, Tid

VERSIONS: Final = (2, 3)
_REQUIRED: Final = {"did", "version", "data", "sig"}
_OPTIONAL: Final = {"rev", "prev"}


class ForeignCommit(msgspec.Struct, frozen=True):
    """What a commit says; `rev` is None in one of version 2 that had none, `signed` is what its signature is of."""

    did: Did
    rev: Tid | None
    data: Cid
    sig: bytes
    signed: bytes

    def signed_by(self, key: PublicKey) -> bool:
        """Return whether that key made the signature, in its low-S form."""
        return key.verify(self.sig, self.signed)


def parse_foreign(block: bytes) -> ForeignCommit:
    """Return the commit that `block` encodes, its signature not looked at. Raises InvalidCommit."""
    try:
        value = cbor.decode(block)
    except DataError as error:
        raise InvalidCommit(f"the commit is not DAG-CBOR: {error}") from None
    if not isinstance(value, dict) or not _REQUIRED <= value.keys() <= _REQUIRED | _OPTIONAL:
        raise InvalidCommit(f"a commit has the fields {', '.join(sorted(_REQUIRED | _OPTIONAL))} and no others")
    version, data, sig, prev = value["version"], value["data"], value["sig"], value.get("prev")
    if version not in VERSIONS or isinstance(version, bool):
        raise InvalidCommit("the commit's version is neither 2 nor 3")
    if not isinstance(data, Cid) or data.codec != DAG_CBOR or not (prev is None or isinstance(prev, Cid)):
        raise InvalidCommit("the commit's data is a link to a node, and its prev a link or null")
    if not isinstance(sig, bytes) or isinstance(sig, Cid):
        raise InvalidCommit("the commit's sig is a byte string")
    try:
        did, rev = Did.parse(value["did"]), _rev(value)
    except InvalidSyntax as error:
        raise InvalidCommit(f"the commit's did or rev is malformed: {error}") from None
    if rev is None and version == 3:
        raise InvalidCommit("a commit of version 3 has a rev")
    unsigned: dict[str, Value] = {name: field for name, field in value.items() if name != "sig"}
    return ForeignCommit(did, rev, data, sig, cbor.encode(unsigned))


def _rev(value: dict[str, Value]) -> Tid | None:
    return None if value.get("rev") is None else Tid.parse(value["rev"])
