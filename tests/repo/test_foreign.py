"""Commits that other hosts have signed."""

import pytest

from roost.crypto.keys import K256, P256, PrivateKey
from roost.data import cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.repo import commit as commits
from roost.repo.errors import InvalidCommit
from roost.repo.foreign import parse_foreign
from roost.syntax import Tid
from support.repos import DID, KEY

DATA = Cid.of_cbor(b"a tree")
REV = Tid.of(1_700_000_000_000_000, 3)


def signed(key: PrivateKey = KEY, **changed: Value) -> bytes:
    """Return a commit with other fields than usual, signed as it is."""
    fields: dict[str, Value] = {"did": DID, "version": 3, "data": DATA, "rev": REV, "prev": None}
    fields.update(changed)
    present: dict[str, Value] = {name: value for name, value in fields.items() if value != "absent"}
    return cbor.encode(present | {"sig": key.sign(cbor.encode(present))})


def test_a_commit_of_ours_is_read() -> None:
    """What this server signs, another of its kind takes in."""
    made = commits.sign(DID, data=DATA, rev=REV, key=KEY)

    found = parse_foreign(made.block)

    assert (found.did, found.rev, found.data) == (DID, REV, DATA)
    assert found.signed_by(KEY.public)
    assert not found.signed_by(PrivateKey.generate().public)


@pytest.mark.parametrize("curve", [K256, P256])
@pytest.mark.parametrize(
    ("fields", "rev"),
    [({"version": 2, "rev": "absent"}, None), ({"version": 2, "prev": DATA}, REV), ({"prev": "absent"}, REV)],
)
def test_older_forms_are_read(curve: "str", fields: dict[str, Value], rev: Tid | None) -> None:
    """Version 2 had no rev at first and a prev with something in it; some leave a prev that is null out."""
    key = PrivateKey.generate(P256 if curve == P256 else K256)

    found = parse_foreign(signed(key, **fields))

    assert found.rev == rev
    assert found.signed_by(key.public)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\xff",
        cbor.encode([]),
        signed(version=1),
        signed(version=4),
        signed(version=True),
        signed(rev="absent"),
        signed(rev=None),
        signed(rev="not a tid"),
        signed(did="not a did"),
        signed(data=None),
        signed(data=Cid.of_raw(b"raw")),
        signed(prev="text"),
        signed(more=1),
        signed()[:-1],
        cbor.encode({"did": DID, "version": 3, "data": DATA, "rev": REV, "prev": None, "sig": "text"}),
        cbor.encode({"did": DID, "version": 3, "data": DATA, "rev": REV, "prev": None, "sig": DATA}),
    ],
)
def test_what_is_not_a_commit(block: bytes) -> None:
    """Whatever else comes is refused by name."""
    with pytest.raises(InvalidCommit):
        parse_foreign(block)


def test_a_changed_field_breaks_the_signature() -> None:
    """The signature is of everything but itself."""
    value = cbor.decode(signed())
    assert isinstance(value, dict)

    found = parse_foreign(cbor.encode(value | {"rev": Tid.of(1_700_000_000_000_001, 3)}))

    assert not found.signed_by(KEY.public)
