"""What passes from one server to another."""

import gzip
import zlib

import orjson
from hypothesis import given
from hypothesis import strategies as st

from roost.http.relay import MOST_ERROR, refusal, refusal_headers, request_headers, response_headers


def test_headers_go_along_by_name() -> None:
    """Those about the body only with one; what is not ASCII not at all."""
    headers = [
        (b"accept-language", b"de"),
        (b"x-bsky-topics", b"\xe9"),
        (b"content-type", b"a/b"),
        (b"authorization", b"Bearer mine"),
        (b"cookie", b"a=b"),
    ]

    assert request_headers(headers, token="t", with_body=False) == [
        ("accept-language", "de"),
        ("accept-encoding", "identity"),
        ("authorization", "Bearer t"),
    ]
    assert ("content-type", "a/b") in request_headers(headers, token="t", with_body=True)
    assert all(name != "authorization" for name, _ in request_headers(headers, token=None, with_body=True))


def test_of_two_headers_the_first_comes_back() -> None:
    """A name in any case; two of one would mean two things."""
    returned = response_headers([(b"Content-Type", b"a/b"), (b"content-type", b"c/d"), (b"Set-Cookie", b"a=b")])

    assert [(name, value) for name, value in returned if name == b"content-type"] == [(b"content-type", b"a/b")]
    assert b"set-cookie" not in dict(returned)


def test_an_error_says_when_to_come_back() -> None:
    """If the other server said so in a word; and a 401 which credentials would do, as each of ours does."""
    assert (b"retry-after", b"5") in refusal_headers(429, {"retry-after": "5"})
    assert b"retry-after" not in dict(refusal_headers(429, {"retry-after": "5\x7f"}))
    assert b"www-authenticate" in dict(refusal_headers(401, {}))


def test_an_error_is_read_up_to_the_length_of_one() -> None:
    """Decompressing cannot make it longer; what is cut off says nothing."""
    said = orjson.dumps({"error": "E", "message": "m"})
    for coding, body in (("gzip", gzip.compress(said)), ("deflate", zlib.compress(said)), ("identity", said)):
        assert refusal(400, {"content-encoding": coding}, body) == (400, said)
    long = gzip.compress(b'{"error":"' + b"x" * MOST_ERROR + b'"}')
    assert orjson.loads(refusal(400, {"content-encoding": "gzip"}, long)[1])["error"] == "InvalidRequest"


@given(
    st.integers(300, 999),
    st.sampled_from(["gzip", "deflate", "identity", "br"]),
    st.binary() | st.text().map(str.encode),
)
def test_whatever_they_say_is_told_in_our_form(status: int, coding: str, body: bytes) -> None:
    """A status of an error, a name and a message."""
    told, raw = refusal(status, {"content-encoding": coding}, body)

    assert 400 <= told < 600
    assert told != 500
    assert set(orjson.loads(raw)) == {"error", "message"}
