"""Service tokens: judged as claims, and proved by the key in the issuer's DID document."""

import asyncio
import time
from base64 import urlsafe_b64encode
from collections.abc import Coroutine
from typing import Any, TypeVar

import orjson
import pytest

from roost.crypto import P256, PrivateKey, service_jwt
from roost.crypto.service_jwt import ServiceJwt
from roost.services.caller import Caller, Scope, Service
from roost.services.errors import (
    AccountNotFound,
    AccountTakedown,
    BadJwt,
    BadJwtAudience,
    BadJwtIss,
    BadJwtLexiconMethod,
    BadJwtType,
    JwtExpired,
    JwtReplayed,
    ServiceError,
    UntrustedIss,
)
from roost.services.service_auth import RENEWAL_SECONDS, ServiceAuth, judge
from roost.storage import accounts
from roost.syntax import Did
from support.calls import inside, set_status
from support.owner import Owner
from support.server import Person, Roost
from support.strangers import Stranger, service_did

T = TypeVar("T")

METHOD = "com.example.do"
HOST = Did.parse("did:web:pds.test")
NOW = 1_800_000_000
GOOD: dict[str, object] = {
    "iss": "did:web:a.test",
    "aud": HOST,
    "exp": NOW + 60,
    "iat": NOW,
    "lxm": METHOD,
    "jti": "one",
}


def jwt_of(typ: str | None = "JWT", kid: str | None = None, **changes: object) -> ServiceJwt:
    """Return a token of good claims with changes; None leaves a claim out."""
    claims = {name: value for name, value in (GOOD | changes).items() if value is not None}
    return ServiceJwt("ES256K", typ, kid, claims, orjson.dumps(claims), b"")


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"aud": f"{HOST}#atproto_pds"},
        {"iat": None},
        {"jti": None},
        {"jti": 7},
        {"exp": NOW + 3600},
        {"exp": NOW + 0.5},
        {"iat": NOW + 59, "nbf": NOW + 59},
        {"nbf": NOW - 10},
        {"typ": None},
        {"typ": "jwt"},
        {"kid": "#atproto"},
        {"kid": "did:web:a.test#atproto"},
        {"kid": "whatever a library writes"},
        {"iss": "did:web:a.test#atproto_labeler"},
        {"iss": "did:web:a.test#atproto_labeler", "kid": "#atproto_label"},
    ],
)
def test_what_a_token_may_say(changes: dict[str, Any]) -> None:
    """The bare DID and the DID with the service's name both mean this server."""
    claims = judge(jwt_of(**changes), audience=HOST, nsid=METHOD, now=NOW)

    labeler = "labeler" in str(changes.get("iss"))
    assert (claims.iss, claims.key_id) == ("did:web:a.test", "atproto_label" if labeler else "atproto")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"typ": "at+jwt"}, BadJwtType),
        ({"typ": "AT+JWT"}, BadJwtType),
        ({"typ": "application/at+jwt"}, BadJwtType),
        ({"typ": "refresh+jwt"}, BadJwtType),
        ({"typ": "dpop+jwt"}, BadJwtType),
        ({"exp": None}, BadJwt),
        ({"exp": "soon"}, BadJwt),
        ({"exp": True}, BadJwt),
        ({"exp": NOW}, JwtExpired),
        ({"exp": -1}, JwtExpired),
        ({"exp": NOW + 3700}, BadJwt),
        ({"exp": 1e300}, BadJwt),
        ({"iat": "now"}, BadJwt),
        ({"iat": NOW + 100}, BadJwt),
        ({"nbf": NOW + 100}, BadJwt),
        ({"nbf": []}, BadJwt),
        ({"aud": None}, BadJwtAudience),
        ({"aud": [HOST]}, BadJwtAudience),
        ({"aud": "did:web:other.test"}, BadJwtAudience),
        ({"aud": f"{HOST}#bsky_appview"}, BadJwtAudience),
        ({"aud": f"{HOST}#"}, BadJwtAudience),
        ({"lxm": None}, BadJwtLexiconMethod),
        ({"lxm": "*"}, BadJwtLexiconMethod),
        ({"lxm": [METHOD]}, BadJwtLexiconMethod),
        ({"lxm": METHOD.upper()}, BadJwtLexiconMethod),
        ({"iss": None}, BadJwtIss),
        ({"iss": "a.test"}, BadJwtIss),
        ({"iss": ""}, BadJwtIss),
        ({"iss": "did:web:a.test#"}, BadJwtIss),
        ({"iss": "did:web:a.test#other"}, BadJwtIss),
        ({"iss": "did:web:a.test#atproto_labeler#x"}, BadJwtIss),
        ({"iss": ["did:web:a.test"]}, BadJwtIss),
        ({"kid": "#other"}, BadJwt),
        ({"kid": "#atproto_label"}, BadJwt),
        ({"iss": "did:web:a.test#atproto_labeler", "kid": "#atproto"}, BadJwt),
    ],
)
def test_what_a_token_may_not_say(changes: dict[str, Any], error: type[BadJwt]) -> None:
    """Each refusal has the name that the protocol's servers give it."""
    with pytest.raises(BadJwt) as refused:
        judge(jwt_of(**changes), audience=HOST, nsid=METHOD, now=NOW)

    assert type(refused.value) is error


def test_a_token_is_known_by_who_made_it_and_its_number() -> None:
    """Another issuer's with the same number is another one; without a number, what was signed tells."""
    known = [
        judge(jwt_of(**changes), audience=HOST, nsid=METHOD, now=NOW).token
        for changes in (
            {},
            {"exp": NOW + 61},
            {"iss": "did:web:b.test"},
            {"jti": "two"},
            {"jti": None},
            {"jti": None, "exp": NOW + 61},
            {"jti": ""},
        )
    ]

    assert known[0] == known[1]
    assert len(set(known)) == 6


def ask(roost: Roost, work: Coroutine[Any, Any, T]) -> T | str:
    """Return what comes of a question to the server's own service, or the name of its refusal."""
    try:
        return inside(roost, work)
    except ServiceError as error:
        return type(error).__name__


def auth_of(roost: Roost) -> ServiceAuth:
    """Return the service of a running server."""
    assert roost.app.server is not None
    return roost.app.server.get(ServiceAuth)


@pytest.fixture(scope="module")
def stranger(roost: Roost) -> Stranger:
    """Somebody of another server."""
    return Stranger.register(roost)


def test_a_stranger_is_who_signs_with_its_key(roost: Roost, stranger: Stranger) -> None:
    """The DID document says which key that is."""
    admitted = ask(roost, auth_of(roost).admit(stranger.token(roost, METHOD), METHOD))
    forged = Stranger(stranger.did, PrivateKey.generate(), stranger.rotation, stranger.plc_url, stranger.last)

    assert isinstance(admitted, Service)
    assert admitted.iss == stranger.did
    assert ask(roost, auth_of(roost).admit(forged.token(roost, METHOD), METHOD)) == "BadJwtSignature"
    assert ask(roost, auth_of(roost).admit("nonsense", METHOD)) == "BadJwt"


def test_a_token_signed_with_the_wrong_algorithm_is_not_signed(roost: Roost, stranger: Stranger) -> None:
    """A P-256 key's token for a DID with a K-256 key, and one that says `none`."""
    claims = stranger.claims(roost, METHOD)
    none, body = (urlsafe_b64encode(orjson.dumps(part)).decode().rstrip("=") for part in ({"alg": "none"}, claims))
    tokens = [service_jwt.encode(claims, PrivateKey.generate(P256)), f"{none}.{body}.AAAA"]

    assert [ask(roost, auth_of(roost).admit(token, METHOD)) for token in tokens] == ["BadJwtSignature"] * 2


def test_a_token_is_good_for_one_call(roost: Roost, stranger: Stranger) -> None:
    """Of sixteen at once one is admitted; released, it is good again."""
    auth, token = auth_of(roost), stranger.token(roost, METHOD)

    async def at_once() -> list[Service | BaseException]:
        return await asyncio.gather(*(auth.admit(token, METHOD) for _ in range(16)), return_exceptions=True)

    answers = inside(roost, at_once())
    admitted = [answer for answer in answers if isinstance(answer, Service)]

    assert len(admitted) == 1
    assert sum(isinstance(answer, JwtReplayed) for answer in answers) == 15
    inside(roost, auth.release(admitted[0]))
    assert isinstance(ask(roost, auth.admit(token, METHOD)), Service)
    assert ask(roost, auth.admit(token, METHOD)) == "JwtReplayed"


def test_a_new_key_counts_at_once(roost: Roost) -> None:
    """A signature that does not fit has the document fetched anew; but not again for the next bad one."""
    stranger = Stranger.register(roost)
    auth = auth_of(roost)
    inside(roost, auth.admit(stranger.token(roost, METHOD), METHOD))
    stranger.take_key(PrivateKey.generate(P256))

    assert isinstance(ask(roost, auth.admit(stranger.token(roost, METHOD), METHOD)), Service)
    stranger.take_key(PrivateKey.generate())
    assert RENEWAL_SECONDS >= 10
    assert ask(roost, auth.admit(stranger.token(roost, METHOD), METHOD)) == "BadJwtSignature"


@pytest.mark.parametrize(
    "did",
    [
        "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa",
        "did:web:127.0.0.1",
        "did:web:localhost%3A1",
        "did:web:no-such-host.invalid",
        "did:example:alice",
    ],
)
def test_a_did_without_a_document_is_nobody(roost: Roost, stranger: Stranger, did: str) -> None:
    """Nor is one whose document would be on a machine that strangers must not send us to."""
    answer = ask(roost, auth_of(roost).admit(stranger.token(roost, METHOD, iss=did), METHOD))

    assert answer in ("BadJwtIss", "UpstreamFailure")
    assert answer == "BadJwtIss" or "host" in did


def test_a_label_key_does_not_speak_for_the_account(roost: Roost) -> None:
    """Only where moderators may call; there, both keys of the trusted DID may."""
    label = PrivateKey.generate()
    stranger = Stranger.register(roost, keys={"atproto_label": label})
    auth, iss = auth_of(roost), f"{stranger.did}#atproto_labeler"

    def labels(**changes: object) -> str:
        return service_jwt.encode(stranger.claims(roost, METHOD, **changes), label)

    assert ask(roost, auth.admit(labels(), METHOD)) == "BadJwtSignature"
    assert ask(roost, auth.admit(labels(iss=iss), METHOD)) == "BadJwtIss"
    assert ask(roost, auth.admit_hosted(labels(iss=iss), METHOD)) == "BadJwtIss"
    for token in (labels(iss=iss), stranger.token(roost, METHOD)):
        assert isinstance(ask(roost, auth.admit_moderator(token, METHOD, stranger.did)), Service)
    for trusted in (None, HOST):
        assert ask(roost, auth.admit_moderator(labels(iss=iss), METHOD, trusted)) == UntrustedIss.__name__


def test_a_token_of_ours_is_good_here_for_the_account(roost: Roost) -> None:
    """What `issue` writes, `admit_hosted` reads: the way an uploader gets a blob into somebody's account."""
    person, auth = roost.person(), auth_of(roost)
    token = issue(roost, person, service_did(roost))

    answer = ask(roost, auth.admit_hosted(token, METHOD))

    assert isinstance(answer, tuple)
    caller, _ = answer
    assert (caller.did, caller.scope, caller.session) == (person.did, Scope.SERVICE, None)
    assert ask(roost, auth.admit_hosted(token, METHOD)) == "JwtReplayed"


def test_the_key_that_counts_is_the_documents(roost: Roost) -> None:
    """An account that has taken a key of its own into its document signs with that, and ours is of no use."""
    owner = Owner.with_key(roost)
    mine = Stranger(owner.did, owner.key, owner.recovery, roost.plc_url, None)  # type: ignore[arg-type]  # not asked
    auth = auth_of(roost)

    assert isinstance(ask(roost, auth.admit_hosted(mine.token(roost, METHOD), METHOD)), tuple)
    ours = issue(roost, owner.person, service_did(roost))
    assert ask(roost, auth.admit_hosted(ours, METHOD)) == "BadJwtSignature"


def test_only_accounts_here_that_stand_can_be_acted_on(roost: Roost, stranger: Stranger) -> None:
    """A stranger's token is as good as it is, but leads to no account; a deactivated one may still move its blobs."""
    person, auth = roost.person(), auth_of(roost)

    assert ask(roost, auth.admit_hosted(stranger.token(roost, METHOD), METHOD)) == AccountNotFound.__name__
    set_status(roost, person, "takendown")
    assert ask(roost, auth.admit_hosted(issue(roost, person, service_did(roost)), METHOD)) == AccountTakedown.__name__
    set_status(roost, person, "deactivated")
    assert isinstance(ask(roost, auth.admit_hosted(issue(roost, person, service_did(roost)), METHOD)), tuple)


def test_a_token_says_who_for_whom_for_what_and_how_long(roost: Roost) -> None:
    """A minute unless somebody asks for another time; the number is new each time."""
    person = roost.person()
    before = int(time.time())
    tokens = [service_jwt.parse(issue(roost, person, "did:web:b.test#svc", lxm=lxm)) for lxm in (METHOD, None)]

    first, second = (token.claims for token in tokens)
    assert (first["iss"], first["aud"], first["lxm"]) == (person.did, "did:web:b.test#svc", METHOD)
    assert before <= int(str(first["iat"])) == int(str(first["exp"])) - 60
    assert "lxm" not in second
    assert first["jti"] != second["jti"]
    assert (tokens[0].alg, tokens[0].typ) == ("ES256K", "JWT")


def test_an_account_that_is_gone_signs_nothing(roost: Roost) -> None:
    """Its key went with it."""
    person = roost.person()
    caller = caller_of(roost, person)
    assert person.post("com.atproto.deleteAccount", json={}).status_code == 200

    with pytest.raises(AccountNotFound):
        inside(roost, auth_of(roost).issue(caller, aud="did:web:b.test", lxm=METHOD))


def issue(roost: Roost, person: Person, aud: str, lxm: str | None = METHOD) -> str:
    """Have the server sign a token for an account."""
    return inside(roost, auth_of(roost).issue(caller_of(roost, person), aud=aud, lxm=lxm))


def caller_of(roost: Roost, person: Person) -> Caller:
    """Return an account as its token would prove it."""
    server = roost.app.server
    assert server is not None

    async def find() -> Caller:
        account = await server.db.read(lambda tx: accounts.by_did(tx, Did(person.did)))
        assert account is not None
        return Caller(account.id, account.did, account.handle, Scope.ACCESS, None)

    return inside(roost, find())
