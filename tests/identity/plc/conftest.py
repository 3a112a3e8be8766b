"""Keys and a first state for PLC tests."""

from __future__ import annotations

import pytest

from roost.crypto import K256, P256, PrivateKey
from roost.identity import plc
from roost.syntax import Handle


@pytest.fixture
def keys() -> list[PrivateKey]:
    """Three keys, strongest first; one is of the other curve."""
    return [
        PrivateKey.from_bytes(b"\x01" * 32, K256),
        PrivateKey.from_bytes(b"\x02" * 32, P256),
        PrivateKey.from_bytes(b"\x03" * 32, K256),
    ]


@pytest.fixture
def state(keys: list[PrivateKey]) -> plc.State:
    """What alice.test starts with."""
    return plc.account_state(
        signing_key=keys[2].public.did_key,
        rotation_keys=tuple(key.public.did_key for key in keys),
        handle=Handle.parse("alice.test"),
        pds="https://pds.test",
    )
