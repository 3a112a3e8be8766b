"""Structs into JSON."""

import msgspec
import pytest

from roost.api.encode import encode
from roost.data.cid import Cid
from roost.syntax import Did


class Output(msgspec.Struct, rename="camel", omit_defaults=True):
    """An answer."""

    did: Did
    latest_commit: Cid
    value: msgspec.Raw = msgspec.Raw(b"{}")
    cursor: str | None = None


def test_identifiers_are_text_and_unset_fields_are_not_there() -> None:
    """Official clients take null for a broken answer."""
    cid = Cid.of_cbor(b"\xa0")

    output = encode(Output(Did.parse("did:web:a.test"), cid, msgspec.Raw(b'{"a":1}')))

    assert output == b'{"did":"did:web:a.test","latestCommit":"%s","value":{"a":1}}' % str(cid).encode()


def test_what_has_no_form_in_json_is_told() -> None:
    """A wrong type in an answer is found by the first test that asks for it."""
    with pytest.raises(NotImplementedError, match="complex has no form in JSON"):
        encode({"a": 1j})
