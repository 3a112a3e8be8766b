"""Keys as text."""

import base58
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.crypto import multikey
from roost.crypto.errors import InvalidKey
from roost.crypto.multikey import Curve

_KEY = "zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"
_CURVES: list[Curve] = ["k256", "p256"]


@given(st.sampled_from(_CURVES), st.binary(min_size=33, max_size=33))
def test_what_is_written_can_be_read(curve: Curve, point: bytes) -> None:
    """The curve and the point come back."""
    assert multikey.decode(multikey.encode(curve, point)) == (curve, point)


def _text(raw: bytes) -> str:
    return "z" + base58.b58encode(raw).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "z",
        _KEY[1:],
        "m" + _KEY[1:],
        _KEY + " ",
        _KEY + "\n",
        _KEY + "0",
        _KEY + "\N{SNOWMAN}",
        "z" * 1_000_000,
        _text(b"\xe7\x01" + b"\x02" * 32),
        _text(b"\xe7\x01" + b"\x02" * 34),
        _text(b"\xed\x01" + b"\x02" * 32),  # Ed25519
        _text(b"\xe7" + b"\x02" * 34),
    ],
)
def test_everything_else_is_refused(text: str) -> None:
    """One spelling for one key, two curves, and no time wasted on a megabyte."""
    with pytest.raises(InvalidKey):
        multikey.decode(text)
