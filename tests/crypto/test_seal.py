"""Sealed bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.crypto.errors import Tampered, WrongMasterKey
from roost.crypto.seal import seal, unseal

_MASTER = bytes(range(32))
_NONCE = bytes(range(12))
_SEALED = seal(_MASTER, _NONCE, b"secret", context=b"signing key of account 7")


@given(st.binary(max_size=100), st.binary(max_size=30), st.binary(min_size=12, max_size=12))
def test_what_is_sealed_can_be_opened(plain: bytes, context: bytes, nonce: bytes) -> None:
    """With the same master key and for the same context."""
    sealed = seal(_MASTER, nonce, plain, context=context)

    assert unseal(_MASTER, sealed, context=context) == plain


def test_the_form_does_not_change() -> None:
    """What an older server sealed must open: version, key, nonce, then ciphertext and tag."""
    assert _SEALED[:17].hex() == "01" + "630dcd29" + "000102030405060708090a0b"
    assert len(_SEALED) == 17 + len(b"secret") + 16


def test_another_master_key() -> None:
    """The operator is told that the key is wrong, not that the data is."""
    with pytest.raises(WrongMasterKey):
        unseal(bytes(32), _SEALED, context=b"signing key of account 7")


def test_another_context() -> None:
    """A sealed value that was moved to another account's row does not open."""
    with pytest.raises(Tampered):
        unseal(_MASTER, _SEALED, context=b"signing key of account 8")


@pytest.mark.parametrize("at", [0, 5, 16, 17, 22, 23, len(_SEALED) - 1])
def test_a_changed_byte(at: int) -> None:
    """Whichever part it stands in."""
    changed = bytearray(_SEALED)
    changed[at] ^= 1

    with pytest.raises(Tampered):
        unseal(_MASTER, bytes(changed), context=b"signing key of account 7")


@given(st.binary(max_size=60))
def test_any_bytes_are_refused_by_name(sealed: bytes) -> None:
    """No other error comes out."""
    with pytest.raises((Tampered, WrongMasterKey)):
        unseal(_MASTER, sealed, context=b"")
