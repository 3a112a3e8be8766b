"""Tokens to take to other services."""

import time

import pytest

from roost.crypto import service_jwt
from roost.crypto.keys import PublicKey
from roost.services.caller import Scope
from support.calls import refusal, set_status
from support.plain_repo import signing_key
from support.scopes import as_scope
from support.server import Person, Roost

NSID = "com.atproto.server.getServiceAuth"
VIDEO = "did:web:video.example.com"
UPLOAD = "com.atproto.repo.uploadBlob"
AUDIENCE = "aud must be a valid atproto DID or did#serviceId reference"


@pytest.mark.parametrize(
    "aud", [VIDEO, f"{VIDEO}#video", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "did:web:localhost%3A3000#x"]
)
def test_a_token_is_signed_by_the_accounts_key(roost: Roost, anybody: Person, aud: str) -> None:
    """It says who, for whom and for what; the audience is written as it was asked for."""
    end = int(time.time()) + 1800

    answer = anybody.get(NSID, aud=aud, lxm=UPLOAD, exp=end)

    assert answer.status_code == 200, answer.text
    token = service_jwt.parse(answer.json()["token"])
    assert token.signed_by(PublicKey.from_multikey(signing_key(roost.plc_url, anybody.did)))
    assert (token.claims["iss"], token.claims["aud"], token.claims["lxm"]) == (anybody.did, aud, UPLOAD)
    assert token.claims["exp"] == end


def test_a_token_lives_a_minute_unless_asked_otherwise(anybody: Person) -> None:
    """Without a method it may not live for longer either."""
    claims = service_jwt.parse(anybody.get(NSID, aud=VIDEO).json()["token"]).claims

    assert int(str(claims["exp"])) - int(str(claims["iat"])) == 60
    assert "lxm" not in claims


@pytest.mark.parametrize(
    "aud",
    [
        "video.example.com",
        "did:example:alice",
        "did:plc:short",
        "did:plc:EWVI7NXZYOUN6ZHXRHS64OIZ",
        "did:web:example.com:path",
        "did:web:example.com%3A3000",
        "did:web:127.0.0.1",
        f"{VIDEO}#",
        f"{VIDEO}#a#b",
        f"{VIDEO}#a b",
        f"{VIDEO}#a\nb",
        "#video",
    ],
)
def test_an_audience_is_a_service_that_can_be_found(anybody: Person, aud: str) -> None:
    """A DID of a method that atproto knows, with one name of a service at the most."""
    assert refusal(anybody.get(NSID, aud=aud, lxm=UPLOAD)) == (400, "InvalidRequest", AUDIENCE)


@pytest.mark.parametrize(
    ("ahead", "lxm", "message"),
    [
        (-1, UPLOAD, "expiration is in past"),
        (-2_000_000_000, UPLOAD, "expiration is in past"),
        (3700, UPLOAD, "cannot request a token with an expiration more than an hour in the future"),
        (2**52, UPLOAD, "cannot request a token with an expiration more than an hour in the future"),
        (90, None, "cannot request a method-less token with an expiration more than a minute in the future"),
    ],
)
def test_an_end_that_is_too_far_or_over_is_refused(anybody: Person, ahead: int, lxm: str | None, message: str) -> None:
    """An hour at the most, a minute without a method."""
    params = {"aud": VIDEO, "exp": int(time.time()) + ahead} | ({} if lxm is None else {"lxm": lxm})

    assert refusal(anybody.get(NSID, **params)) == (400, "BadExpiration", message)


@pytest.mark.parametrize("lxm", ["com.atproto.server.updateEmail", "com.atproto.SERVER.updateemail"])
def test_no_token_is_given_for_what_rules_the_account(anybody: Person, lxm: str) -> None:
    """However it is spelled: a careless receiver may not mind the case."""
    message = f"cannot request a service auth token for the following protected method: {lxm}"

    assert refusal(anybody.get(NSID, aud=VIDEO, lxm=lxm)) == (400, "InvalidRequest", message)


@pytest.mark.parametrize(
    "lxm", ["chat.bsky.convo.getLog", "CHAT.bsky.convo.anythingNew", "com.atproto.server.createAccount"]
)
def test_an_app_password_needs_the_privilege_for_messages(roost: Roost, anybody: Person, lxm: str) -> None:
    """And to move the account; the account's own password does not."""
    message = f"insufficient access to request a service auth token for the following method: {lxm}"
    refused = as_scope(roost, anybody, Scope.APP_PASS).get(NSID, aud=VIDEO, lxm=lxm)

    assert refusal(refused) == (400, "InvalidRequest", message)
    for scope in (Scope.ACCESS, Scope.APP_PASS_PRIVILEGED):
        assert as_scope(roost, anybody, scope).get(NSID, aud=VIDEO, lxm=lxm).status_code == 200
    assert as_scope(roost, anybody, Scope.APP_PASS).get(NSID, aud=VIDEO, lxm=UPLOAD).status_code == 200


def test_an_account_that_was_taken_down_may_leave(roost: Roost) -> None:
    """With a token to make an account elsewhere, and with no other."""
    person = as_scope(roost, roost.person(), Scope.TAKENDOWN)
    set_status(roost, person, "takendown")

    assert person.get(NSID, aud=VIDEO, lxm="com.atproto.server.createAccount").status_code == 200
    for params in ({"lxm": UPLOAD}, {}):
        assert refusal(person.get(NSID, aud=VIDEO, **params)) == (400, "InvalidToken", "Bad token scope")


def test_a_deactivated_account_may_ask(roost: Roost) -> None:
    """It is how one moves."""
    person = roost.person()
    set_status(roost, person, "deactivated")

    assert person.get(NSID, aud=VIDEO, lxm="com.atproto.server.createAccount").status_code == 200


def test_nobody_may_not(roost: Roost) -> None:
    """There is no account to sign for."""
    assert refusal(roost.get(NSID, aud=VIDEO)) == (401, "AuthMissing", "Authentication Required")
    assert refusal(roost.get(NSID))[1] == "InvalidRequest"
