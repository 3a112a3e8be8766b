"""What the methods declare, held against the reference server's table; and over HTTP on a server that limits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from roost.api import methods, v2022
from roost.api.limits import DAYS, HOURS, MINUTES, By, Limit
from support.calls import POST, THING, WHEN, apply, create, refusal
from support.redis_server import redis_server
from support.server import PASSWORD, Person, Roost, running

TABLE = {
    "com.atproto.server.createAccount": [(100, 5 * MINUTES, By.ADDRESS)],
    "com.atproto.server.createSession": [(30, 5 * MINUTES, By.ADDRESS), (300, DAYS, By.ADDRESS)],
    "com.atproto.server.resetPassword": [(50, 5 * MINUTES, By.ADDRESS)],
    "com.atproto.server.requestPasswordReset": [(15, HOURS, By.ADDRESS), (50, DAYS, By.ADDRESS)],
    "com.atproto.server.deleteAccount": [(50, 5 * MINUTES, By.ADDRESS)],
    "com.atproto.server.requestAccountDelete": [(5, HOURS, By.ACCOUNT), (15, DAYS, By.ACCOUNT)],
    "com.atproto.server.requestEmailConfirmation": [(5, HOURS, By.ACCOUNT), (15, DAYS, By.ACCOUNT)],
    "com.atproto.server.requestEmailUpdate": [(5, HOURS, By.ACCOUNT), (15, DAYS, By.ACCOUNT)],
    "com.atproto.identity.updateHandle": [(10, 5 * MINUTES, By.ACCOUNT), (50, DAYS, By.ACCOUNT)],
    "com.atproto.repo.uploadBlob": [(1000, DAYS, By.ADDRESS)],
    "com.atproto.sync.getRepo": [(6000, 5 * MINUTES, By.ADDRESS)],
    "com.atproto.repo.createRecord": [(5000, HOURS, By.ACCOUNT), (35_000, DAYS, By.ACCOUNT)],
    "com.atproto.repo.putRecord": [(5000, HOURS, By.ACCOUNT), (35_000, DAYS, By.ACCOUNT)],
    "com.atproto.repo.deleteRecord": [(5000, HOURS, By.ACCOUNT), (35_000, DAYS, By.ACCOUNT)],
    "com.atproto.repo.applyWrites": [(5000, HOURS, By.ACCOUNT), (35_000, DAYS, By.ACCOUNT)],
}
"""Points, seconds and whose, as in the reference server."""

DECLARED = {method.nsid: method.limits for method in (*methods.METHODS, *v2022.METHODS)}


def plain(limits: tuple[Limit, ...]) -> list[tuple[int, int, By]]:
    """Return limits as the table has them."""
    return [(limit.points, limit.seconds, limit.by) for limit in limits]


@pytest.mark.parametrize("nsid", sorted(TABLE.keys() & DECLARED.keys()))
def test_a_method_declares_what_the_reference_server_limits(nsid: str) -> None:
    """Clients are written against these numbers."""
    assert plain(tuple(limit for limit in DECLARED[nsid] if not limit.of_account)) == TABLE[nsid]


def test_no_other_method_has_limits_but_those_of_2022() -> None:
    """All others are counted with all requests."""
    limited = {nsid for nsid, limits in DECLARED.items() if limits}

    assert {nsid for nsid in limited if nsid.count(".") == 3} <= TABLE.keys()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("createAccount", "server.createAccount"),
        ("createSession", "server.createSession"),
        ("requestAccountPasswordReset", "server.requestPasswordReset"),
        ("resetAccountPassword", "server.resetPassword"),
        ("repoCreateRecord", "repo.createRecord"),
        ("repoBatchWrite", "repo.applyWrites"),
        ("syncGetRepo", "sync.getRepo"),
    ],
)
def test_both_generations_of_a_method_share_a_bucket(old: str, new: str) -> None:
    """Whoever asks in two languages has not asked for twice as much."""
    before, now = DECLARED[f"com.atproto.{old}"], DECLARED[f"com.atproto.{new}"]

    assert [(limit.bucket, *plain((limit,))) for limit in before] == [(limit.bucket, *plain((limit,))) for limit in now]


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roost]:
    """A server that limits."""
    with running(tmp_path_factory.mktemp("limited"), rate_limits=True) as server:
        yield server


@pytest.fixture
def writer(limited: Roost) -> Person:
    """An account that has written nothing."""
    return limited.person()


def left(answer: object) -> tuple[str, str]:
    """Return what is left of which limit."""
    headers = answer.headers  # type: ignore[attr-defined]  # an httpx.Response
    return headers["ratelimit-remaining"], headers["ratelimit-policy"]


def creates(count: int, prefix: str) -> list[dict[str, object]]:
    """Return writes that create so many records."""
    return [{"action": "create", "rkey": f"{prefix}{n}", "value": {"n": n}} for n in range(count)]


def test_writes_cost_by_what_they_do(limited: Roost, writer: Person) -> None:
    """Three to create, two to update, one to delete; of either generation, and in batches."""
    hour = "5000;w=3600"
    # The bucket of all requests is nearer to empty until some hundred writes were made.
    for prefix in "kabcd":
        spent = apply(writer, *creates(200, prefix))
    assert left(spent) == ("2000", hour)

    assert left(create(writer, {"n": 1})) == ("1997", hour)
    put = {"repo": writer.did, "collection": THING, "rkey": "k0", "record": {"n": 2}}
    assert left(writer.post("com.atproto.repo.putRecord", json=put)) == ("1995", hour)
    gone = {"repo": writer.did, "collection": THING, "rkey": "k0"}
    assert left(writer.post("com.atproto.repo.deleteRecord", json=gone)) == ("1994", hour)
    mixed = apply(
        writer,
        {"action": "create", "rkey": "x", "value": {"n": 1}},
        {"action": "update", "rkey": "k1", "value": {"n": 1}},
        {"action": "delete", "rkey": "k2"},
    )
    assert left(mixed) == ("1988", hour)
    old = writer.post(
        f"com.atproto.repoCreateRecord?did={writer.did}&type=app.bsky.post", json={"text": "old", "createdAt": WHEN}
    )
    assert left(old) == ("1985", hour)
    batch = [
        {"action": "create", "collection": "app.bsky.post", "value": {"text": "old", "createdAt": WHEN}},
        {"action": "delete", "collection": THING, "tid": "k3"},
    ]
    answer = writer.post(f"com.atproto.repoBatchWrite?did={writer.did}", json={"writes": batch})
    assert left(answer) == ("1981", hour), answer.text


def test_a_batch_that_is_too_much_changes_nothing(limited: Roost, writer: Person) -> None:
    """It is refused whole; a smaller one goes through."""
    for prefix in "abcdefgh":
        apply(writer, *creates(200, prefix))

    refused = apply(writer, *creates(100, "z"))

    assert refusal(refused) == (429, "RateLimitExceeded", "Rate Limit Exceeded")
    assert left(refused) == ("200", "5000;w=3600")
    assert int(refused.headers["retry-after"]) > 3000
    missing = writer.get("com.atproto.repo.getRecord", repo=writer.did, collection=THING, rkey="z0")
    assert refusal(missing)[1] == "RecordNotFound"
    assert create(writer, {"n": 1}).status_code == 200
    assert create(limited.person(), {"text": "hello", "createdAt": WHEN}, POST).status_code == 200


def test_guessing_a_password_is_hopeless_in_any_spelling(limited: Roost, writer: Person) -> None:
    """Thirty tries in five minutes, however the name's letters are written, and in either generation's words."""
    name = writer.handle
    spellings = [name, name.upper(), name.capitalize(), f" {name} ", name.swapcase()]

    def guess(spelling: str, forwarded: str = "203.0.113.5") -> int:
        body = {"identifier": spelling, "password": "guess"}
        headers = {"x-forwarded-for": forwarded}
        return limited.post("com.atproto.server.createSession", json=body, headers=headers).status_code

    statuses = [guess(spellings[n % len(spellings)]) for n in range(35)]

    assert statuses == [401] * 30 + [429] * 5
    old = {"username": name.upper(), "password": PASSWORD}
    headers = {"x-forwarded-for": "203.0.113.5"}
    assert limited.post("com.atproto.createSession", json=old, headers=headers).status_code == 429
    assert guess(f"another{name}") == 401
    assert guess(name, "203.0.113.6") == 401


def test_all_names_of_an_account_count_together(limited: Roost, writer: Person) -> None:
    """Thirty tries at an account, not thirty at each of its names; what is left does not tell which are its names."""
    names = [writer.handle, writer.email, writer.did]

    def guess(name: str) -> tuple[int, str]:
        headers = {"x-forwarded-for": "203.0.113.7"}
        body = {"identifier": name, "password": "guess"}
        answer = limited.post("com.atproto.server.createSession", json=body, headers=headers)
        return answer.status_code, answer.headers["ratelimit-remaining"]

    answers = [guess(names[n % 3]) for n in range(33)]

    assert [status for status, _ in answers] == [401] * 30 + [429] * 3
    assert [left for _, left in answers[:6]] == ["29"] * 3 + ["28"] * 3


def test_a_name_of_any_length_is_counted(limited: Roost) -> None:
    """What is counted by is a digest: names as long as a body may be do not fill the memory."""
    body = {"identifier": "x" * 100_000, "password": "guess"}

    answer = limited.post("com.atproto.server.createSession", json=body)

    assert (answer.status_code, left(answer)) == (401, ("29", "30;w=300"))


def test_the_operators_key_goes_past(tmp_path: Path) -> None:
    """It is set like any other secret."""
    with running(tmp_path, rate_limits=True, rate_limit_bypass_key="sesame") as roost:
        roost.client.headers["x-ratelimit-bypass"] = "sesame"
        assert "ratelimit-limit" not in roost.get("com.atproto.server.describeServer").headers
        roost.client.headers["x-ratelimit-bypass"] = "open"
        assert "ratelimit-limit" in roost.get("com.atproto.server.describeServer").headers


def test_two_servers_count_together_and_go_on_alone(tmp_path: Path) -> None:
    """With a Redis that both are told of; when it is gone requests are answered, and each counts for itself."""
    for name in ("one", "two", "redis"):
        (tmp_path / name).mkdir()
    with (
        redis_server(tmp_path / "redis") as store,
        running(tmp_path / "one", rate_limits=True, rate_limit_store=store.url) as one,
        running(tmp_path / "two", rate_limits=True, rate_limit_store=store.url) as two,
    ):

        def asked(roost: Roost) -> str:
            return roost.get("com.atproto.server.describeServer").headers["ratelimit-remaining"]

        together = [asked(each) for each in (one, two, one, two)]
        store.stop()
        alone = [asked(each) for each in (one, two, one, two)]

    assert together == ["2999", "2998", "2997", "2996"]
    assert alone == ["2999", "2999", "2998", "2998"]
