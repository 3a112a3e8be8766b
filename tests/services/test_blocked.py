"""Words that handles and record keys must not hold, over HTTP and by themselves."""

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from roost.services.blocked import BlockedWords
from roost.services.errors import InvalidRequest
from roost.syntax import RecordKey, Tid
from support.calls import apply, create, put, refusal
from support.server import PASSWORD, Roost, running

SLUR = (400, "InvalidHandle", "Inappropriate language in handle")
IN_KEY = (400, "InvalidRequest", "Unacceptable slur in record key")


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roost]:
    """A server whose operator has a list."""
    folder = tmp_path_factory.mktemp("strict")
    (folder / "words").write_text("badword\nugly-one\n")
    with running(folder, blocked_words=folder / "words") as server:
        yield server


def sign_up(roost: Roost, handle: str) -> httpx.Response:
    """Call createAccount."""
    body = {"handle": handle, "email": f"{handle.replace('.', '')}@mail.test", "password": PASSWORD}
    return roost.post("com.atproto.server.createAccount", json=body)


@pytest.mark.parametrize(
    "label", ["badword", "BadWord", "my-badword-1", "b-a-d-word", "uglyone", "ugly-one", "xuglyonex"]
)
def test_nobody_is_called_so(strict: Roost, label: str) -> None:
    """Wherever the word stands, and whatever stands between its letters."""
    assert refusal(sign_up(strict, f"{label}.test")) == SLUR


def test_nor_by_another_way(strict: Roost) -> None:
    """A handle that changes, one of somebody's own domain, and an account of 2022."""
    person = strict.person()

    for handle in ("badword.test", "bad.word.example.com"):
        assert refusal(person.post("com.atproto.identity.updateHandle", json={"handle": handle})) == SLUR
    body = {"email": "old@mail.test", "username": "badword.test", "password": PASSWORD}
    assert strict.post("com.atproto.createAccount", json=body).json()["error"] == "InvalidUsername"
    assert sign_up(strict, "goodword.test").status_code == 200


def test_the_administrator_may(strict: Roost) -> None:
    """Who looks after the server has looked at it."""
    person = strict.person()
    body = {"did": person.did, "handle": "badword.test"}

    answer = strict.post("com.atproto.admin.updateAccountHandle", json=body, auth=strict.admin)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("rkey", ["badword", "xBADwordx", "b.a.d_w-o.r-d", "ugly_one:1"])
def test_no_record_stands_there(strict: Roost, rkey: str) -> None:
    """By any method that makes one."""
    person = strict.person()

    assert refusal(create(person, {"n": 1}, rkey=rkey)) == IN_KEY
    assert refusal(put(person, rkey, {"n": 1})) == IN_KEY
    assert refusal(apply(person, {"action": "create", "rkey": rkey, "value": {"n": 1}})) == IN_KEY
    assert create(person, {"n": 1}, rkey="goodword").status_code == 200


def test_without_a_list_nothing_is_refused(roost: Roost) -> None:
    """The program has no words of its own."""
    person = roost.person()

    assert create(person, {"n": 1}, rkey="badword").status_code == 200
    assert BlockedWords().check_rkey(RecordKey.parse("badword")) is None  # type: ignore[func-returns-value]


def test_times_are_not_read_as_words() -> None:
    """A client's TID that happens to have a word in it is one all the same."""
    rkey = RecordKey(Tid.parse("3kbadword2222"))

    BlockedWords.of(["badword"]).check_rkey(rkey)


@given(st.lists(st.text("abc.-_", min_size=1, max_size=4), max_size=4), st.text("abcABC.-_~:", min_size=1, max_size=12))
def test_it_finds_what_the_plain_way_finds(words: list[str], text: str) -> None:
    """Looking each part up is searching for each word."""
    plain = text.lower().replace(".", "").replace("-", "").replace("_", "")
    bare = [word.replace(".", "").replace("-", "").replace("_", "") for word in words]
    expected = any(word in plain for word in bare if word)

    try:
        BlockedWords.of(words).check_rkey(RecordKey(text))
    except InvalidRequest:
        assert expected
    else:
        assert not expected
