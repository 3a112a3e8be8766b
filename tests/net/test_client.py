"""The guarded client: what it refuses to ask, and what it refuses to read."""

from __future__ import annotations

import asyncio
import time

import pytest
from starlette.responses import Response

from roost.net.client import Client
from roost.net.errors import (
    BadAnswer,
    ForbiddenAddress,
    NetError,
    TimedOut,
    TooLarge,
    TooManyRedirects,
    UnsafeUrl,
)
from support.web import cookie, echo, endless, lookup_of, redirect, route, serving, text, zipped

pytestmark = pytest.mark.anyio


async def test_trusted_origin_is_asked() -> None:
    """A configured server may be on loopback and speak http."""
    async with serving(text("/hello", "hi")) as (client, served):
        answer = await client.fetch("GET", f"{served.url}/hello")

    assert (answer.status, answer.text()) == (200, "hi")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:secret@example.com/",
        "https://",
        "//example.com",
        "https://[::1",
        "https://exa mple.com/",
        "https://exa%6dple.com/",
        "https://[fe80::1%25eth0]/",
        "not a url",
    ],
)
async def test_unsafe_urls_are_not_asked(url: str) -> None:
    """Strangers are asked over https only, and nobody with credentials in the URL."""
    client = Client(lookup=lookup_of("10.0.0.1"))  # so that asking, too, would fail, by another name
    try:
        with pytest.raises(UnsafeUrl):
            await client.fetch("GET", url)
    finally:
        await client.close()


@pytest.mark.parametrize("host", ["xn--a.test", "xn--.test", "xn--ls8h.test"])
async def test_international_names_that_are_not_allowed_are_names_like_others(host: str) -> None:
    """An emoji domain is in use although IDNA forbids it; a made-up name goes no further than its address."""
    client = Client(lookup=lookup_of("10.0.0.1"))
    try:
        with pytest.raises(ForbiddenAddress, match=host):
            await client.fetch("GET", f"https://{host}/")
    finally:
        await client.close()


async def test_trust_is_for_the_whole_origin_only() -> None:
    """Another port of a trusted host is a stranger."""
    async with serving(text("/", "hi")) as (client, served):
        with pytest.raises(UnsafeUrl):
            await client.fetch("GET", f"http://127.0.0.1:{served.port + 1}/")
        with pytest.raises(ForbiddenAddress):
            await client.fetch("GET", f"https://127.0.0.1:{served.port + 1}/")


async def test_redirect_is_not_followed_unasked() -> None:
    """A redirect where none is expected is an error, not an answer."""
    async with serving(redirect("/old", "/new"), text("/new", "moved")) as (client, served):
        with pytest.raises(TooManyRedirects):
            await client.fetch("GET", f"{served.url}/old")


async def test_redirect_is_followed_when_asked() -> None:
    """A caller may allow some redirects."""
    async with serving(redirect("/old", "/new"), text("/new", "moved")) as (client, served):
        answer = await client.fetch("GET", f"{served.url}/old", redirects=1)

    assert (answer.url, answer.text()) == (f"{served.url}/new", "moved")


async def test_redirects_are_counted() -> None:
    """A loop of redirects ends where the caller's patience does."""
    async with serving(redirect("/loop", "/loop")) as (client, served):
        with pytest.raises(TooManyRedirects):
            await client.fetch("GET", f"{served.url}/loop", redirects=3)


@pytest.mark.parametrize("to", ["https://10.0.0.1/", "https://[::1]/", "https://internal.test/"])
async def test_redirect_to_a_private_address_is_refused(to: str) -> None:
    """Each hop passes the guard, whoever sent us there."""
    async with serving(redirect("/old", to), lookup=lookup_of("127.0.0.1")) as (client, served):
        with pytest.raises(ForbiddenAddress):
            await client.fetch("GET", f"{served.url}/old", redirects=2)


async def test_redirect_to_plain_http_is_refused() -> None:
    """A redirect cannot lead off https."""
    async with serving(redirect("/old", "http://example.com/")) as (client, served):
        with pytest.raises(UnsafeUrl):
            await client.fetch("GET", f"{served.url}/old", redirects=2)


async def test_redirect_to_another_port_is_refused() -> None:
    """A stranger cannot have us knock at the services of another: before its name is even looked up."""
    async with serving(redirect("/old", "https://example.com:22/")) as (client, served):
        with pytest.raises(UnsafeUrl, match="another port"):
            await client.fetch("GET", f"{served.url}/old", redirects=2)


@pytest.mark.parametrize("to", ["https://[::1", "https://a:b/", "/" + "x" * 65_530])
async def test_redirect_to_nowhere(to: str) -> None:
    """A redirect to what is no URL is a NetError like any other."""
    moved = route("/old", lambda _request: Response(status_code=302, headers={"location": to}))
    async with serving(moved) as (client, served):
        with pytest.raises(NetError):
            await client.fetch("GET", f"{served.url}/old", redirects=1)


async def test_headers_stay_with_the_host_they_were_for() -> None:
    """A token sent to one URL does not travel with a redirect."""
    async with serving(redirect("/old", "/headers"), echo("/headers")) as (client, served):
        answer = await client.fetch("GET", f"{served.url}/old", headers={"authorization": "secret"}, redirects=1)

    assert "secret" not in answer.text()


async def test_host_header_is_the_name() -> None:
    """The address is pinned below HTTP: the server asked still sees its own name."""
    async with serving(echo("/headers"), lookup=lookup_of("127.0.0.1")) as (_, served):
        client = Client(trusted=[f"http://pds.test:{served.port}"], lookup=lookup_of("127.0.0.1"))
        answer = await client.fetch("GET", f"http://pds.test:{served.port}/headers")
        await client.close()

    assert answer.json() == {**_object(answer.json()), "host": f"pds.test:{served.port}"}


async def test_too_long_a_body_is_not_read() -> None:
    """An answer without a length is cut off where the caller's limit is."""
    async with serving(endless("/endless")) as (client, served):
        with pytest.raises(TooLarge):
            await client.fetch("GET", f"{served.url}/endless", max_bytes=100_000)


async def test_too_long_a_body_is_not_even_begun() -> None:
    """An answer that says how long it is is refused before it is read."""
    async with serving(text("/long", "x" * 2000)) as (client, served):
        with pytest.raises(TooLarge):
            await client.fetch("GET", f"{served.url}/long", max_bytes=1999)


async def test_a_body_at_the_limit_is_read() -> None:
    """The limit itself is allowed."""
    async with serving(text("/long", "x" * 2000)) as (client, served):
        assert len((await client.fetch("GET", f"{served.url}/long", max_bytes=2000)).body) == 2000


async def test_slow_bodies_run_out_of_time() -> None:
    """A server that keeps a connection alive with drops of data is given up on time."""
    began = time.monotonic()
    async with serving(endless("/slow", pause=0.05)) as (client, served):
        with pytest.raises(TimedOut):
            await client.fetch("GET", f"{served.url}/slow", timeout=0.3)

    assert time.monotonic() - began < 4


async def test_compressed_answers_are_refused() -> None:
    """A small answer cannot unfold into a large one."""
    async with serving(zipped("/bomb")) as (client, served):
        with pytest.raises(BadAnswer):
            await client.fetch("GET", f"{served.url}/bomb")


async def test_cookies_are_not_kept() -> None:
    """No server can recognise us by something it gave us before."""
    async with serving(cookie("/cookie")) as (client, served):
        await client.fetch("GET", f"{served.url}/cookie")
        answer = await client.fetch("GET", f"{served.url}/cookie")

    assert answer.json() == {}


async def test_body_and_type_arrive() -> None:
    """What is posted gets there."""
    async with serving(route("/", lambda request: Response(request.headers["content-type"]))) as (client, served):
        answer = await client.fetch("POST", served.url, headers={"content-type": "a/b"}, content=b"{}")

    assert answer.body == b"a/b"


async def test_what_is_not_json_is_named() -> None:
    """A broken answer is a BadAnswer, not a decoder's error."""
    async with serving(text("/", "{")) as (client, served):
        answer = await client.fetch("GET", served.url)

    with pytest.raises(BadAnswer):
        answer.json()


async def test_stream_gives_the_answer_as_it_comes() -> None:
    """A caller who passes an answer on need not hold it."""
    async with (
        serving(endless("/endless")) as (client, served),
        client.stream("GET", f"{served.url}/endless") as response,
    ):
        first = await anext(response.aiter_raw())

    assert first.startswith(b"x")


async def test_a_closed_port_is_unreachable() -> None:
    """Nobody there is a NetError like any other."""
    async with serving(text("/", "hi")) as (_, served):
        pass
    client = Client(trusted=[served.url])

    with pytest.raises(NetError):
        await client.fetch("GET", served.url)
    await client.close()


async def test_many_ask_at_once() -> None:
    """One client serves many requests at the same time, on connections it keeps."""
    async with serving(text("/", "hi")) as (client, served):
        answers = await asyncio.gather(*(client.fetch("GET", served.url) for _ in range(50)))

    assert [answer.status for answer in answers] == [200] * 50


def _object(raw: object) -> dict[str, object]:
    assert isinstance(raw, dict)
    return raw
