"""Tokens between services."""

import contextlib
from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey

from roost.crypto import K256, P256, Curve, InvalidToken, PrivateKey, service_jwt

CLAIMS = {"iss": "did:web:a.test", "aud": "did:web:b.test", "exp": 1_800_000_000, "lxm": "com.example.do"}
ORDERS = {
    K256: 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    P256: 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
}


def part(value: object) -> str:
    """Write one part of a token."""
    raw = value if isinstance(value, bytes) else orjson.dumps(value)
    return urlsafe_b64encode(raw).decode().rstrip("=")


def token_of(header: object, claims: object = CLAIMS) -> str:
    """Write a token with any header, signed by nobody."""
    return f"{part(header)}.{part(claims)}.{part(bytes(64))}"


@pytest.mark.parametrize(("curve", "alg"), [(K256, "ES256K"), (P256, "ES256")])
def test_what_is_encoded_can_be_parsed(curve: Curve, alg: str) -> None:
    """The claims come back, and the key that signed them is told from others."""
    key = PrivateKey.generate(curve)

    jwt = service_jwt.parse(service_jwt.encode(CLAIMS, key))

    assert (jwt.alg, jwt.typ, jwt.kid, jwt.claims) == (alg, "JWT", None, CLAIMS)
    assert jwt.signed_by(key.public)
    assert not jwt.signed_by(PrivateKey.generate(K256).public)
    assert not jwt.signed_by(PrivateKey.generate(P256).public)


@pytest.mark.parametrize(("curve", "alg"), [(K256, "ES256K"), (P256, "ES256")])
def test_it_is_an_ordinary_token(curve: Curve, alg: str) -> None:
    """Another library verifies it, with the key as a JWK."""
    key = PrivateKey.generate(curve)
    group = ec.SECP256K1() if curve == K256 else ec.SECP256R1()
    theirs = ec.derive_private_key(int.from_bytes(key.to_bytes(), "big"), group).public_key()
    numbers = theirs.public_numbers()
    jwk: dict[str, str | list[str]] = {
        "kty": "EC",
        "crv": "secp256k1" if curve == K256 else "P-256",
        "x": part(numbers.x.to_bytes(32, "big")),
        "y": part(numbers.y.to_bytes(32, "big")),
    }

    opened = jws.deserialize_compact(service_jwt.encode(CLAIMS, key), ECKey.import_key(jwk), algorithms=[alg])

    assert orjson.loads(opened.payload) == CLAIMS


@pytest.mark.parametrize("curve", [K256, P256])
def test_a_signature_of_the_other_half_is_let_through(curve: Curve) -> None:
    """Other libraries make them; ours are always of the lower one."""
    key = PrivateKey.generate(curve)
    signed, _, signature = service_jwt.encode(CLAIMS, key).rpartition(".")
    raw = urlsafe_b64decode(signature + "==")
    s = int.from_bytes(raw[32:], "big")
    other = raw[:32] + (ORDERS[curve] - s).to_bytes(32, "big")

    assert s <= ORDERS[curve] // 2
    assert service_jwt.parse(f"{signed}.{part(other)}").signed_by(key.public)


def test_a_token_does_not_choose_how_it_is_judged() -> None:
    """The curve of the key says which algorithm there is, and `none` is none of them."""
    key = PrivateKey.generate(K256)
    for alg in ("none", "HS256", "ES256", "es256k"):
        signed = f"{part({'alg': alg})}.{part(CLAIMS)}"
        token = f"{signed}.{part(key.sign(signed.encode()))}"

        assert not service_jwt.parse(token).signed_by(key.public)


def test_a_changed_token_is_not_signed() -> None:
    """Header, claims and signature all count."""
    key = PrivateKey.generate()
    head, body, signature = service_jwt.encode(CLAIMS, key).split(".")
    changed = part(CLAIMS | {"aud": "did:web:c.test"})
    header = part({"alg": "ES256K", "typ": "jwt"})

    for token in (f"{head}.{changed}.{signature}", f"{header}.{body}.{signature}", f"{head}.{body}.{part(bytes(64))}"):
        assert not service_jwt.parse(token).signed_by(key.public)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c.d",
        "a.b.c",
        f"{part({'alg': 'ES256K'})}.{part(CLAIMS)}.",
        f"{part({'alg': 'ES256K'})}=.{part(CLAIMS)}.AAAA",
        f"{part({'alg': 'ES256K'})}.{part(CLAIMS)}.A",
        f"{part({'alg': 'ES256K'})}.{part(CLAIMS)}.AA AA",
        token_of({}),
        token_of([]),
        token_of({"alg": None}),
        token_of({"alg": 1}),
        token_of({"alg": "ES256K", "typ": 1}),
        token_of({"alg": "ES256K", "kid": {}}),
        token_of({"alg": "ES256K", "crit": ["exp"]}),
        token_of({"alg": "ES256K"}, []),
        token_of({"alg": "ES256K"}, "text"),
        token_of({"alg": "ES256K"}, b"\xff"),
        token_of({"alg": "ES256K"}, b"[" * 4000),
        token_of({"alg": "ES256K"}, {"iss": "x" * 9000}),
        service_jwt.encode(CLAIMS, PrivateKey.generate()) + "\n",
    ],
)
def test_what_is_no_token_is_refused(token: str) -> None:
    """By its form alone."""
    with pytest.raises(InvalidToken):
        service_jwt.parse(token)


@given(st.text())
def test_any_text_is_a_token_or_is_refused(text: str) -> None:
    """Nothing else comes out of the parser."""
    with contextlib.suppress(InvalidToken):
        service_jwt.parse(text)
