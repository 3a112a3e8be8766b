"""The Authorization header: schemes, tokens, the administrator."""

from base64 import b64encode
from secrets import token_hex

import pytest

from roost.crypto import PrivateKey, service_jwt
from support.edge import ALICE, PASSWORD, Edge

WHOAMI = "/xrpc/test.edge.whoami"
ADMIN = "/xrpc/test.edge.admin"


def basic(user: str, password: str) -> str:
    """Write a Basic header."""
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("header", ["Bearer access", "bearer access", "BEARER access"])
def test_a_token_says_who_is_calling(edge: Edge, header: str) -> None:
    """The scheme may be written in any case (RFC 9110 section 11.1)."""
    answer = edge.ask("GET", WHOAMI, headers={"Authorization": header})

    assert answer.body == b'{"text":"com.atproto.access"}'


@pytest.mark.parametrize(
    ("header", "error"),
    [
        ("access", (400, "InvalidToken", "Malformed authorization header")),
        ("Bearer", (400, "InvalidToken", "Malformed authorization header")),
        ("Bearer access twice", (400, "InvalidToken", "Malformed authorization header")),
        ("Bearer \xe9", (400, "InvalidToken", "Malformed authorization header")),
        ("Digest access", (400, "InvalidToken", "Unexpected authorization type")),
        ("Bearer none", (400, "InvalidToken", "Token could not be verified")),
        ("Bearer expired", (400, "ExpiredToken", "Token has expired")),
        ("Bearer takendown", (400, "InvalidToken", "Bad token scope")),
    ],
)
def test_a_bad_header_is_told(edge: Edge, header: str, error: tuple[int, str, str]) -> None:
    """Clients refresh their token on ExpiredToken, so the names matter."""
    assert edge.ask("GET", WHOAMI, headers={"Authorization": header}).error == error


def test_no_header_is_a_challenge(edge: Edge) -> None:
    """A 401 says which credentials would do."""
    answer = edge.ask("GET", WHOAMI)

    assert answer.error == (401, "AuthMissing", "Authentication Required")
    assert answer.headers["www-authenticate"] == "Bearer"


def test_a_method_may_ask_for_the_own_password(edge: Edge) -> None:
    """An app password's token is good for most methods, but not for those that would give it more."""
    assert edge.ask("GET", WHOAMI, token="app").status == 200
    assert edge.ask("GET", "/xrpc/test.edge.own", token="access").status == 200
    assert edge.ask("GET", "/xrpc/test.edge.own", token="app").error == (400, "InvalidToken", "Bad token scope")


def test_optional_credentials(edge: Edge) -> None:
    """Nobody may call, somebody may call, but bad credentials are refused rather than ignored."""
    assert edge.ask("GET", "/xrpc/test.edge.maybe").body == b'{"text":"nobody"}'
    assert edge.ask("GET", "/xrpc/test.edge.maybe", token="access").body == b'{"text":"%s"}' % ALICE.encode()
    assert edge.ask("GET", "/xrpc/test.edge.maybe", token="none").error[1] == "InvalidToken"
    admin = {"Authorization": basic("admin", PASSWORD)}
    assert edge.ask("GET", "/xrpc/test.edge.maybe", headers=admin).body == b'{"text":"administrator"}'
    refused = edge.ask("GET", "/xrpc/test.edge.maybe", headers={"Authorization": basic("admin", "wrong")})
    assert refused.error == (401, "AuthenticationRequired", "Authentication Required")


def test_a_method_without_credentials_ignores_the_header(edge: Edge) -> None:
    """A client that always sends its token can call what needs none, whatever has become of the token."""
    answer = edge.ask("GET", "/xrpc/test.edge.sized", headers={"Authorization": "nonsense"})

    assert answer.status == 200


def test_refresh_tokens(edge: Edge) -> None:
    """A refresh token is another thing than an access token; to end a session it may have expired."""
    assert edge.ask("POST", "/xrpc/test.edge.refresh", token="refresh").status == 200
    assert edge.ask("POST", "/xrpc/test.edge.refresh", token="access").error[1] == "InvalidToken"
    assert edge.ask("POST", "/xrpc/test.edge.refresh", token="expired").error[1] == "ExpiredToken"
    assert edge.ask("POST", "/xrpc/test.edge.end", token="expired").status == 200


def test_the_administrator_is_admitted(edge: Edge) -> None:
    """A password may have colons in it; only the first one ends the user's name (RFC 7617 section 2)."""
    assert edge.ask("GET", ADMIN, headers={"Authorization": basic("admin", PASSWORD)}).status == 200
    assert (
        edge.ask(
            "GET", ADMIN, headers={"Authorization": basic("admin", PASSWORD).lower()[:6] + basic("admin", PASSWORD)[6:]}
        ).status
        == 200
    )


@pytest.mark.parametrize(
    "header",
    [
        basic("admin", ""),
        basic("admin", "correct"),
        basic("admin", "gr\u00fc\u00dfe"),
        basic("root", PASSWORD),
        basic("", ""),
        "Basic",
        "Basic !!!",
        "Basic " + "A" * 20_000,
        "Bearer access",
        "Bearer " + basic("admin", PASSWORD)[6:],
    ],
)
def test_others_are_not(edge: Edge, header: str) -> None:
    """A wrong password, user or scheme all get the same answer, and a challenge."""
    answer = edge.ask("GET", ADMIN, headers={"Authorization": header})

    assert answer.error == (401, "AuthenticationRequired", "Authentication Required")
    assert answer.headers["www-authenticate"].startswith("Basic realm=")


def test_an_administrators_method_without_a_header(edge: Edge) -> None:
    """No credentials have a name of their own."""
    assert edge.ask("GET", ADMIN).error == (401, "AuthMissing", "Authentication Required")


KEY = PrivateKey.generate()


def service_token(nsid: str, iss: str = "did:web:mod.test") -> str:
    """Return a service token for one of the sample methods."""
    return service_jwt.encode({"iss": iss, "lxm": nsid, "jti": token_hex(8)}, KEY)


def test_a_service_token_says_which_did_is_calling(edge: Edge) -> None:
    """Where a method asks for one, nothing else will do."""
    token = service_token("test.edge.service")

    assert edge.ask("POST", "/xrpc/test.edge.service", token=token).body == b'{"text":"did:web:mod.test"}'
    assert edge.ask("POST", "/xrpc/test.edge.service").error == (401, "AuthMissing", "Authentication Required")
    basic_header = {"Authorization": basic("admin", PASSWORD)}
    assert edge.ask("POST", "/xrpc/test.edge.service", headers=basic_header).error == (
        401,
        "AuthenticationRequired",
        "Invalid authorization header",
    )


def test_a_service_token_is_good_for_one_call_that_succeeds(edge: Edge) -> None:
    """A call that was refused has changed nothing, so its token may be used for the corrected one."""
    token = service_token("test.edge.service")

    answers = [
        edge.ask("POST", "/xrpc/test.edge.service", body, token=token, type="text/plain")
        for body in (b"refuse", b"fine", b"fine")
    ]

    assert [answer.status for answer in answers] == [400, 200, 401]
    assert answers[2].error[1] == "JwtReplayed"


def test_a_service_token_may_be_left_out_where_it_is_optional(edge: Edge) -> None:
    """But one that is bad is refused, not ignored."""
    path = "/xrpc/test.edge.maybeService"

    assert edge.ask("GET", path).body == b'{"text":"nobody"}'
    assert edge.ask("GET", path, token=service_token("test.edge.maybeService")).status == 200
    assert edge.ask("GET", path, token=service_token("test.edge.other")).error[1] == "BadJwtLexiconMethod"


def test_a_token_with_a_method_in_it_is_a_service_token(edge: Edge) -> None:
    """Where either will do, `lxm` tells one kind from the other; where only a session will, it is of no use."""
    path = "/xrpc/test.edge.either"

    assert edge.ask("GET", path, token="access").body == b'{"text":"com.atproto.access"}'
    assert edge.ask("GET", path, token=service_token("test.edge.either")).body == b'{"text":"service"}'
    assert edge.ask("GET", path, token=service_token("test.edge.other")).error[1] == "BadJwtLexiconMethod"
    assert edge.ask("GET", path, token="none").error[1] == "InvalidToken"
    assert edge.ask("GET", WHOAMI, token=service_token("test.edge.whoami")).error[1] == "InvalidToken"


def test_moderators_are_the_administrator_and_one_service(edge: Edge) -> None:
    """The service is the one that the operator has named; any other is not trusted."""
    path = "/xrpc/test.edge.moderate"

    assert edge.ask("GET", path, headers={"Authorization": basic("admin", PASSWORD)}).status == 200
    assert edge.ask("GET", path, token=service_token("test.edge.moderate")).status == 200
    other = edge.ask("GET", path, token=service_token("test.edge.moderate", "did:web:other.test"))
    assert other.error == (401, "UntrustedIss", "Untrusted issuer")
    assert edge.ask("GET", path, headers={"Authorization": basic("admin", "wrong")}).error[0] == 401
    assert edge.ask("GET", path).headers["www-authenticate"].startswith("Basic")
