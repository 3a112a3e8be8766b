"""Limits on requests, at the edge: headers, refusals, who shares a bucket and who has none."""

import time
from collections.abc import Iterator, Sequence
from ipaddress import ip_network

import pytest
from starlette.types import Receive, Scope, Send

from roost.http.address import Addresses
from roost.http.limits import Limiter
from roost.http.windows import Ask, State
from roost.services.errors import UpstreamFailure
from support.edge import ADDRESSES, Answer, Edge, application, served

ALL = "/xrpc/test.edge.sized"
PROXIED = "/xrpc/test.somewhere.else"


async def elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as a server behind the proxy would."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-from", b"elsewhere")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
def limited() -> Iterator[Edge]:
    """A server with limits that nobody else has asked anything."""
    limiter = Limiter(ADDRESSES, bypass_key="open sesame", exempt=[ip_network("198.51.100.0/24")])
    with served(lambda seen: application(seen, limiter=limiter, unserved=elsewhere)) as edge:
        yield edge


def limits(answer: Answer) -> tuple[str | None, str | None, str | None]:
    """Return what an answer tells of limits: how many, how many are left, and the policy."""
    named = ("ratelimit-limit", "ratelimit-remaining", "ratelimit-policy")
    limit, left, policy = [answer.headers.get(name) for name in named]
    return limit, left, policy


def rare(edge: Edge, size: int, token: str = "access", **headers: str) -> Answer:
    """Send so many bytes to a method that takes few."""
    sent = {"Content-Type": "text/plain", **headers}
    return edge.ask("POST", "/xrpc/test.edge.rare", b"x" * size, token=token, headers=sent)


def test_every_answer_tells_of_the_nearest_limit(limited: Edge) -> None:
    """A page's code may read it."""
    before = int(time.time())

    answer = limited.ask("GET", ALL)

    assert limits(answer) == ("3000", "2999", "3000;w=300")
    assert before + 299 <= int(answer.headers["ratelimit-reset"]) <= int(time.time()) + 300
    assert "RateLimit-Remaining" in answer.headers["access-control-expose-headers"]
    assert "retry-after" not in answer.headers


def test_an_answer_without_limits_tells_of_none(edge: Edge) -> None:
    """A server that does not limit says nothing."""
    answer = edge.ask("GET", ALL)

    assert limits(answer) == (None, None, None)
    assert "access-control-expose-headers" not in answer.headers


def test_streams_and_errors_tell_too(limited: Edge) -> None:
    """Also what failed, once it was let in; what was refused before cost nothing."""
    assert limits(limited.ask("GET", "/xrpc/test.edge.missing"))[1] == "2999"
    assert limits(limited.ask("GET", "/xrpc/test.edge.broken"))[1] == "2998"
    assert limits(limited.ask("GET", "/xrpc/test.edge.list")) == (None, None, None)
    assert limits(limited.ask("GET", "/xrpc/test.edge.whoami")) == (None, None, None)
    assert limits(limited.ask("GET", "/xrpc/test.edge.whoami", token="none")) == (None, None, None)
    assert limits(limited.post("test.edge.create", {"repo": "nobody"})) == (None, None, None)
    assert limits(limited.ask("GET", ALL))[1] == "2997"


def test_a_method_of_its_own(limited: Edge) -> None:
    """Both windows of one bucket are paid into, the tighter one is told of; what does not fit takes nothing."""
    assert limits(rare(limited, 6)) == ("10", "4", "10;w=60")

    refused = rare(limited, 5)

    assert refused.error == (429, "RateLimitExceeded", "Rate Limit Exceeded")
    assert limits(refused) == ("10", "4", "10;w=60")
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert limits(rare(limited, 4)) == ("10", "0", "10;w=60")


def test_a_bucket_is_the_accounts_wherever_it_calls_from(limited: Edge) -> None:
    """Another address does not make another account."""
    assert rare(limited, 10, **{"X-Forwarded-For": "203.0.113.1"}).status == 200
    assert rare(limited, 1, **{"X-Forwarded-For": "203.0.113.2"}).status == 429


def test_what_was_refused_before_does_not_count(limited: Edge) -> None:
    """A bad token, or a body that is too large or missing, takes no points."""
    for _ in range(3):
        assert rare(limited, 10, token="none").status == 400
        assert limited.ask("POST", "/xrpc/test.edge.rare", token="access").status == 400

    assert rare(limited, 10).status == 200


def test_some_methods_are_not_counted_with_all_others(limited: Edge) -> None:
    """getRepo's way: its bucket is in the place of the other."""
    assert limits(limited.ask("GET", "/xrpc/test.edge.alone")) == ("2", "1", "2;w=60")
    limited.ask("GET", "/xrpc/test.edge.alone")

    assert limited.ask("GET", "/xrpc/test.edge.alone").status == 429
    assert limits(limited.ask("GET", ALL))[1] == "2999"


def test_what_is_passed_on_is_counted(limited: Edge) -> None:
    """The answer is the other server's, with our headers."""
    answer = limited.ask("GET", PROXIED)

    assert (answer.body, answer.headers["x-from"], limits(answer)[1]) == (b"hello", "elsewhere", "2999")


def test_addresses_are_counted_apart(limited: Edge) -> None:
    """But those of one IPv6 network are one, and what a client forges is not looked at."""

    def left(forwarded: str) -> str | None:
        return limits(limited.ask("GET", ALL, headers={"X-Forwarded-For": forwarded}))[1]

    assert [left(f"203.0.113.{n}") for n in range(3)] == ["2999"] * 3
    assert [left(f"2001:db8::{n}") for n in range(3)] == ["2999", "2998", "2997"]
    assert [left(f"10.9.9.{n}, 203.0.113.50") for n in range(3)] == ["2999", "2998", "2997"]
    assert [left(f"203.0.113.{n}, 203.0.113.51") for n in range(60, 63)] == ["2999", "2998", "2997"]


def test_three_thousand_and_no_more(limited: Edge) -> None:
    """In five minutes, for one address; another is answered meanwhile, and so is getRepo's like."""
    limiter = Limiter(Addresses(()))
    with served(lambda seen: application(seen, limiter=limiter)) as edge:
        answers = [edge.ask("GET", ALL).status for _ in range(3001)]

        assert answers == [200] * 3000 + [429]
        assert edge.ask("GET", PROXIED).status == 429
        assert edge.ask("GET", ALL, headers={"X-Forwarded-For": "203.0.113.1"}).status == 429
        assert edge.ask("GET", "/xrpc/test.edge.alone").status == 200


def test_the_key_and_the_addresses_of_the_operator_have_no_limits(limited: Edge) -> None:
    """Nor anything told of them; nearly the key is not the key."""
    key = {"X-RateLimit-Bypass": "open sesame"}
    exempt = {"X-Forwarded-For": "198.51.100.200"}

    for headers in (key, exempt):
        assert [rare(limited, 9, **headers).status for _ in range(5)] == [200] * 5
        assert limits(limited.ask("GET", ALL, headers=headers)) == (None, None, None)
    for nearly in ("open sesam", "open sesame!", "", "\xff"):
        assert limits(limited.ask("GET", ALL, headers={"X-RateLimit-Bypass": nearly}))[0] == "3000"
    forged = {"X-Forwarded-For": "198.51.100.200, 203.0.113.9"}
    assert limits(limited.ask("GET", ALL, headers=forged))[0] == "3000"


class Gone:
    """A server of counters that does not answer."""

    asked = 0

    async def take(self, asks: Sequence[Ask]) -> tuple[bool, list[State]]:
        """Fail."""
        self.asked += 1
        raise UpstreamFailure("nobody is there")


def test_while_nobody_else_counts_this_process_does() -> None:
    """Requests go on being answered, and limits hold; the other one is left alone for a while."""
    gone = Gone()
    with served(lambda seen: application(seen, limiter=Limiter(ADDRESSES, shared=gone))) as edge:
        answers = [rare(edge, 4).status for _ in range(3)]

    assert answers == [200, 200, 429]
    assert gone.asked == 1
