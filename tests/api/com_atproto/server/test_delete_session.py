"""com.atproto.server.deleteSession."""

from support.calls import bearer, refusal, session_of, sign_in
from support.server import Person, Roost


def test_a_session_ends_at_once_and_alone(roost: Roost, person: Person) -> None:
    """Its access token too; other sessions of the account, of either generation, go on."""
    session, other = sign_in(roost, person), sign_in(roost, person)

    answer = session.end()

    assert (answer.status_code, answer.content) == (200, b"")
    for refused in (session.get(), session.renew()):
        assert refusal(refused) == (400, "ExpiredToken", "Token has been revoked")
    assert other.get().status_code == 200
    assert other.renew().status_code == 200
    assert person.get("com.atproto.getSession").status_code == 200


def test_a_session_that_was_refreshed_ends_with_all_its_tokens(roost: Roost, person: Person) -> None:
    """A refresh token in its grace time leads nowhere any more, and no access token survives."""
    first = sign_in(roost, person)
    second = session_of(roost, first.renew())

    second.end()

    for refused in (first.get(), first.renew(), second.get(), second.renew()):
        assert refusal(refused) == (400, "ExpiredToken", "Token has been revoked")


def test_signing_out_twice_is_no_error(roost: Roost, person: Person) -> None:
    """Whoever lost the first answer asks again."""
    session = sign_in(roost, person)

    assert [session.end().status_code for _ in range(2)] == [200, 200]


def test_it_takes_a_refresh_token(roost: Roost, person: Person) -> None:
    """As the lexicon says; an access token ends nothing."""
    session = sign_in(roost, person)

    def end(headers: dict[str, str]) -> tuple[int, str, str]:
        return refusal(roost.post("com.atproto.server.deleteSession", headers=headers))

    assert end({}) == (401, "AuthMissing", "Authentication Required")
    assert end(bearer(session.access)) == (400, "InvalidToken", "Bad token scope")
    assert end(bearer("nonsense")) == (400, "InvalidToken", "Token could not be verified")
    assert session.get().status_code == 200
