"""com.atproto.server.getSession."""

from support.calls import bearer, refusal, set_status, sign_in
from support.server import Person, Roost


def test_it_says_whose_token_it_is(roost: Roost, person: Person) -> None:
    """For access tokens of either generation; the answer is private."""
    for session in (sign_in(roost, person).get(), person.get("com.atproto.server.getSession")):
        assert session.json() == {
            "did": person.did,
            "handle": person.handle,
            "email": person.email,
            "emailConfirmed": False,
            "active": True,
        }
        assert session.headers["cache-control"] == "private"


def test_an_inactive_account(roost: Roost, person: Person) -> None:
    """A deactivated account is told that it is; a takendown one is refused."""
    set_status(roost, person, "deactivated")
    told = person.get("com.atproto.server.getSession").json()
    assert (told["active"], told["status"]) == (False, "deactivated")

    set_status(roost, person, "takendown")
    answer = person.get("com.atproto.server.getSession")
    assert refusal(answer) == (401, "AccountTakedown", "Account has been taken down")


def test_an_account_that_is_gone(roost: Roost, person: Person) -> None:
    """Its tokens are good, but nobody is behind them."""
    session = sign_in(roost, person)
    assert person.post("com.atproto.deleteAccount").status_code == 200

    assert refusal(session.get()) == (403, "AccountNotFound", "Account not found")


def test_it_takes_an_access_token(roost: Roost, person: Person) -> None:
    """Nothing else says who is calling."""

    def get(headers: dict[str, str]) -> tuple[int, str, str]:
        return refusal(roost.client.get("/xrpc/com.atproto.server.getSession", headers=headers))

    assert get({}) == (401, "AuthMissing", "Authentication Required")
    assert get(bearer(sign_in(roost, person).refresh)) == (400, "InvalidToken", "Bad token scope")
    assert get(bearer(person.jwt + "x")) == (400, "InvalidToken", "Token could not be verified")
    assert get({"authorization": f"DPoP {person.jwt}"})[:2] == (400, "InvalidToken")
    assert get({"authorization": f"Bearer  {person.jwt}"}) == (400, "InvalidToken", "Malformed authorization header")
