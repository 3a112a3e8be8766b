"""Session tokens as text."""

import base64
import hmac

import orjson
import pytest

from roost.services import tokens
from roost.services.caller import Scope
from roost.services.errors import ExpiredToken, InvalidToken
from roost.services.tokens import ACCESS_TYPE, REFRESH_TYPE, Claims, Tokens
from support.house import SECRET, did_of

NOW = 1_790_000_000
ALICE = did_of("alice")
ACCESS = Claims(ACCESS_TYPE, Scope.ACCESS, ALICE, "session", NOW + 60)


def kept(now: int = NOW) -> Tokens:
    """Return the tokens of a server, at a time."""
    return Tokens(SECRET, "did:web:pds.test", lambda: now)


def forged(
    header: dict[str, object] | None = None,
    claims: dict[str, object] | None = None,
    *,
    secret: bytes = SECRET,
    digest: str = "sha256",
) -> str:
    """Return a token put together by hand; what is given replaces what a good one says, and None leaves it out."""
    said = {"typ": ACCESS_TYPE, "alg": "HS256"} | (header or {})
    body = {
        "scope": "com.atproto.access",
        "aud": "did:web:pds.test",
        "sub": ALICE,
        "jti": "session",
        "iat": NOW,
        "exp": NOW + 60,
    } | (claims or {})
    parts = [{key: value for key, value in part.items() if value is not None} for part in (said, body)]
    signed = b".".join(_text(orjson.dumps(part, option=orjson.OPT_NON_STR_KEYS)) for part in parts)
    return (signed + b"." + _text(hmac.digest(secret, signed, digest))).decode()


def _text(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def test_what_was_written_is_read() -> None:
    """A token says again what it was made to say; an issuer's word is enough, there is no look-up."""
    assert kept().read(kept().write(ACCESS), ACCESS_TYPE) == ACCESS


def test_a_token_has_the_claims_of_the_protocol() -> None:
    """Clients read exp and sub out of a token, so it has the usual form."""
    header, body = [orjson.loads(base64.urlsafe_b64decode(part + "==")) for part in kept().write(ACCESS).split(".")[:2]]

    assert header == {"typ": "at+jwt", "alg": "HS256"}
    assert body == {
        "scope": "com.atproto.access",
        "aud": "did:web:pds.test",
        "sub": ALICE,
        "jti": "session",
        "iat": NOW,
        "exp": NOW + 60,
    }


def test_the_hand_made_token_is_good() -> None:
    """What the next test spoils is accepted unspoilt."""
    assert kept().read(forged(), ACCESS_TYPE) == ACCESS


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "not a token",
        forged(secret=bytes(32)),
        forged({"alg": "none"}),
        forged({"alg": "none"}).rpartition(".")[0] + ".",
        forged({"alg": "HS512"}, digest="sha512"),
        forged({"alg": "RS256"}),
        forged({"alg": "ES256K"}),
        forged(claims={"aud": "did:web:other.test"}),
        forged(claims={"aud": ["did:web:pds.test"]}),
        forged(claims={"aud": None}),
        forged(claims={"sub": "alice.test"}),
        forged(claims={"sub": None}),
        forged(claims={"jti": None}),
        forged(claims={"jti": 7}),
        forged(claims={"exp": None}),
        forged(claims={"exp": str(NOW + 60)}),
        forged(claims={"exp": True}),
        forged(claims={"scope": "com.atproto.everything"}),
        forged(claims={"scope": None}),
        forged(claims={"lxm": "com.atproto.server.createAccount"}),
        forged(claims={"cnf": {"jkt": "x"}}),
        forged({"typ": None}),
        forged()[:-2] + ("AA" if forged()[-2:] != "AA" else "BB"),
        forged() + "x" * 10_000,
    ],
)
def test_a_forged_token_is_refused(token: str) -> None:
    """Another algorithm, another secret, another audience, a service token, a wrong claim: all are nothing."""
    with pytest.raises(InvalidToken, match=r"^Token could not be verified$"):
        kept().read(token, ACCESS_TYPE)


def test_one_kind_of_token_does_not_pass_as_another() -> None:
    """A refresh token gives no access, an access token does not refresh, and another server's kind is neither."""
    refresh = kept().write(Claims(REFRESH_TYPE, Scope.REFRESH, ALICE, "session", NOW + 60))

    for token, type, message in (
        (refresh, ACCESS_TYPE, "Bad token scope"),
        (kept().write(ACCESS), REFRESH_TYPE, "Bad token scope"),
        (forged({"typ": "dpop+jwt"}), ACCESS_TYPE, "Bad token type"),
    ):
        with pytest.raises(InvalidToken, match=rf"^{message}$"):
            kept().read(token, type)


def test_a_token_ends_to_the_second() -> None:
    """At its `exp` it is over, also for a server that has verified it before, unless that does not matter."""
    now = [NOW]
    ours = Tokens(SECRET, "did:web:pds.test", lambda: now[0])
    token = ours.write(ACCESS)

    now[0] = NOW + 59
    assert ours.read(token, ACCESS_TYPE) == ACCESS
    now[0] = NOW + 60
    with pytest.raises(ExpiredToken, match=r"^Token has expired$"):
        ours.read(token, ACCESS_TYPE)
    assert ours.read(token, ACCESS_TYPE, allow_expired=True) == ACCESS


def test_memory_of_verified_tokens_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many tokens come, and forged ones cost nothing."""
    monkeypatch.setattr(tokens, "_VERIFIED_KEPT", 3)
    ours = kept()

    for n in range(10):
        ours.read(ours.write(Claims(ACCESS_TYPE, Scope.ACCESS, ALICE, f"session {n}", NOW + 60)), ACCESS_TYPE)
        with pytest.raises(InvalidToken):
            ours.read(f"a.b.c{n}", ACCESS_TYPE)

    assert len(ours._verified) == 3
