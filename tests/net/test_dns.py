"""TXT records over DNS."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import dns.asyncresolver
import dns.message
import dns.rcode
import dns.rrset
import pytest

from roost.net.dns import addresses_by, system_txt, txt_by, txt_of
from roost.net.transport import system_lookup
from support.nameserver import nameserver

pytestmark = pytest.mark.anyio


def _answer(wire: bytes) -> bytes:
    """Answer as a name server that knows two names."""
    query = dns.message.from_wire(wire)
    answer = dns.message.make_response(query)
    name = query.question[0].name.to_text()
    if name == "_atproto.alice.test.":
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", '"did=did:web:" "alice.test"', '"v=spf1"'))
    else:
        answer.set_rcode(dns.rcode.SERVFAIL if name == "broken.test." else dns.rcode.NXDOMAIN)
    return answer.to_wire()


@contextlib.asynccontextmanager
async def _resolver() -> AsyncIterator[dns.asyncresolver.Resolver]:
    """A resolver whose only name server answers in this process."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.setblocking(False)

        async def serve() -> None:
            while True:
                wire, address = await loop.sock_recvfrom(server, 4096)
                await loop.sock_sendto(server, _answer(wire), address)

        serving = asyncio.create_task(serve())
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = ["127.0.0.1"]
        resolver.port = server.getsockname()[1]
        try:
            yield resolver
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


async def test_split_records_are_joined() -> None:
    """A record in several strings means their concatenation."""
    async with _resolver() as resolver:
        assert sorted(await txt_of("_atproto.alice.test", resolver)) == ["did=did:web:alice.test", "v=spf1"]


async def test_a_name_that_is_not_there_has_no_records() -> None:
    """That a name does not exist is an answer, not a failure."""
    async with _resolver() as resolver:
        assert await txt_of("_atproto.nobody.test", resolver) == []


async def test_a_broken_name_server_is_an_os_error() -> None:
    """Whatever the library calls its errors, callers see one of two."""
    async with _resolver() as resolver:
        with pytest.raises(OSError, match=r"broken\.test"):
            await txt_of("broken.test", resolver)


async def test_nameservers_of_the_operators_choice() -> None:
    """They are asked at their own ports, in order, until one answers. Without any, the system's are."""
    with nameserver() as first, nameserver() as second:
        first.broken = True
        second.proves("alice.test", "did:web:alice.test")
        lookup = txt_by([(host, int(port)) for host, port in (each.address.split(":") for each in (first, second))])

        assert await lookup("_atproto.alice.test") == ["did=did:web:alice.test"]
        assert await lookup("_atproto.bob.test") == []
    assert txt_by([]) is system_txt


async def test_addresses_from_nameservers_of_the_operators_choice() -> None:
    """IPv4 and IPv6; a name that is nobody's has none, and a broken server is not taken for that."""
    with nameserver() as served:
        served.addresses["pds.test"] = ["192.0.2.1", "2001:db8::1"]
        host, port = served.address.split(":")
        lookup = addresses_by([(host, int(port))])

        assert set(await lookup("pds.test", 443)) == {"192.0.2.1", "2001:db8::1"}
        assert await lookup("nobody.test", 443) == []
        served.broken = True
        with pytest.raises(socket.gaierror) as caught:
            await lookup("pds.test", 443)
        assert caught.value.errno == socket.EAI_AGAIN
    assert addresses_by([]) is system_lookup
