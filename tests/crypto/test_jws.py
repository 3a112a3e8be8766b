"""The server's own tokens."""

import hmac
import json
from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.crypto import jws
from roost.crypto.errors import ExpiredToken, InvalidToken, PrematureToken

_SECRET = b"a secret of thirty-two bytes....."
_CLAIMS = {"sub": "did:plc:abc", "scope": "com.atproto.access", "iat": 1000, "exp": 2000}
_TOKEN = jws.encode(_CLAIMS, _SECRET, typ="at+jwt")


def _part(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _forge(header: object, payload: object = _CLAIMS, secret: bytes = _SECRET) -> str:
    """A token with any header and payload, rightly signed."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (header, payload)]
    signed = ".".join(map(_part, parts))
    return signed + "." + _part(hmac.new(secret, signed.encode(), sha256).digest())


def test_what_is_encoded_can_be_decoded() -> None:
    """The claims come back, and the header says the kind of token."""
    header, claims = jws.decode(_TOKEN, _SECRET)

    assert header == {"typ": "at+jwt", "alg": "HS256"}
    assert claims == _CLAIMS


def test_a_token_made_by_hand_is_the_same_token() -> None:
    """It is an ordinary JSON Web Token."""
    assert jws.decode(_forge({"typ": "at+jwt", "alg": "HS256"}), _SECRET)[1] == _CLAIMS


def test_another_secret_is_refused() -> None:
    """Nobody else can make a token."""
    with pytest.raises(InvalidToken):
        jws.decode(_TOKEN, _SECRET[::-1])


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "HS512"},
        {"alg": "ES256"},
        {"alg": ["HS256"]},
        {"alg": "HS256", "crit": ["x"], "x": 1},
        {"alg": "HS256", "typ": 5},
        {},
        [],
        1,
        None,
        b"not json",
        b"\xff",
        b"[" * 5000,
    ],
)
def test_other_headers_are_refused(header: object) -> None:
    """One algorithm, and nothing critical that is not understood, even when the signature is right."""
    with pytest.raises(InvalidToken):
        jws.decode(_forge(header), _SECRET)


@pytest.mark.parametrize("payload", [[], "text", 1, None, b"not json", b"\xff", b"[" * 5000])
def test_claims_that_are_no_object_are_refused(payload: object) -> None:
    """Even when the signature is right."""
    with pytest.raises(InvalidToken):
        jws.decode(_forge({"alg": "HS256"}, payload), _SECRET)


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b",
        _TOKEN + ".",
        _TOKEN + "=",
        _TOKEN + "\n",
        " " + _TOKEN,
        _TOKEN[:-1],
        "\N{SNOWMAN}",
        "a" * 10**6,
    ],
)
def test_other_texts_are_refused(token: str) -> None:
    """Three parts, the alphabet of URLs, no padding, no spaces, no end in sight."""
    with pytest.raises(InvalidToken):
        jws.decode(token, _SECRET)


@given(st.integers(0, len(_TOKEN) - 2), st.sampled_from("ABCxyz019-_."))
def test_a_changed_token_is_refused(at: int, letter: str) -> None:
    """Whichever letter was changed, but the last, of which two bits mean nothing."""
    changed = _TOKEN[:at] + letter + _TOKEN[at + 1 :]

    if changed != _TOKEN:
        with pytest.raises(InvalidToken):
            jws.decode(changed, _SECRET)


@given(st.text(max_size=50) | st.from_regex(r"[\w-]{1,20}\.[\w-]{1,20}\.[\w-]{1,20}"))
def test_any_text_is_refused_by_name(token: str) -> None:
    """No other error comes out."""
    with pytest.raises(InvalidToken):
        jws.decode(token, _SECRET)


def test_a_token_holds_until_it_expires() -> None:
    """The second of `exp` itself is too late."""
    jws.check_times(_CLAIMS, 1999.9)

    with pytest.raises(ExpiredToken):
        jws.check_times(_CLAIMS, 2000)


def test_a_token_holds_from_not_before() -> None:
    """The second of `nbf` itself is in time."""
    jws.check_times(_CLAIMS | {"nbf": 1500}, 1500)

    with pytest.raises(PrematureToken):
        jws.check_times(_CLAIMS | {"nbf": 1500}, 1499.9)


@pytest.mark.parametrize(
    "claims", [{}, {"exp": None}, {"exp": "2000"}, {"exp": True}, {"exp": float("nan")}, {"exp": 9, "nbf": ""}]
)
def test_a_token_without_an_end_is_refused(claims: dict[str, object]) -> None:
    """No token lives for ever by saying nothing, or nonsense, about when it ends."""
    with pytest.raises(InvalidToken):
        jws.check_times(claims, 5)


def test_a_short_secret_is_a_mistake_of_ours() -> None:
    """It stops the server, and not a request."""
    with pytest.raises(AssertionError):
        jws.encode(_CLAIMS, b"short", typ="at+jwt")
