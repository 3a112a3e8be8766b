"""Guessing the administrator's password is hopeless, and does not lock the operator out."""

from base64 import b64encode

from roost.http.address import Address
from roost.http.guard import ALL_TRIES, MINUTES, TRIES, Guard
from roost.http.windows import Windows
from support.edge import PASSWORD, Edge


class Clock:
    """A clock that the test turns."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def at(text: str) -> Address:
    """Return an address."""
    return Address(text, text)


def test_an_address_has_so_many_tries() -> None:
    """Then it is not listened to for a while, and another is."""
    clock = Clock()
    guard = Guard(Windows(clock))

    tries = 0
    while not guard.turned_away(at("1.1.1.1")):
        guard.failed(at("1.1.1.1"))
        tries += 1

    assert tries == TRIES
    assert not guard.turned_away(at("2.2.2.2"))
    clock.now += MINUTES * 60 + 1
    assert not guard.turned_away(at("1.1.1.1"))


def test_all_addresses_together_have_so_many_and_the_operator_gets_in() -> None:
    """Who has known the password before is listened to, from the same address."""
    guard = Guard(Windows(Clock()))
    guard.succeeded(at("9.9.9.9"))

    tries = 0
    while not guard.turned_away(at(f"1.1.1.{tries % 256}")):
        guard.failed(at(f"1.1.1.{tries % 256}"))
        tries += 1

    assert tries == ALL_TRIES
    assert guard.turned_away(at("2.2.2.2"))
    assert not guard.turned_away(at("9.9.9.9"))
    for _ in range(TRIES):
        guard.failed(at("9.9.9.9"))
    assert guard.turned_away(at("9.9.9.9"))


def test_only_so_many_friends_are_remembered() -> None:
    """The latest ones."""
    guard = Guard(Windows(Clock()))
    for n in range(3000):
        guard.succeeded(at(str(n)))
    for n in range(ALL_TRIES):
        guard.failed(at(f"x{n}"))

    assert guard.turned_away(at("0"))
    assert not guard.turned_away(at("2999"))


def test_over_http_the_right_password_is_not_listened_to_either(edge: Edge) -> None:
    """Or the refusal would be no refusal; it says how long. A forged address in front changes nothing."""

    def knock(password: str, forwarded: str) -> tuple[int, str]:
        credentials = b64encode(f"admin:{password}".encode()).decode()
        headers = {"Authorization": f"Basic {credentials}", "X-Forwarded-For": forwarded}
        answer = edge.ask("GET", "/xrpc/test.edge.admin", headers=headers)
        if answer.status == 429:
            assert answer.headers["retry-after"] == "600"
            assert answer.error[1] == "RateLimitExceeded"
        return answer.status, answer.headers.get("www-authenticate", "")[:5]

    wrong = [knock("wrong", f"10.{n}.7.7, 198.51.100.77")[0] for n in range(TRIES + 3)]

    assert wrong == [401] * TRIES + [429] * 3
    assert knock(PASSWORD, "198.51.100.77")[0] == 429
    assert knock(PASSWORD, "198.51.100.78")[0] == 200
