"""The guard where connections are opened."""

from __future__ import annotations

import asyncio
import datetime as dt
import socket
import ssl
import threading
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from roost.net import transport
from roost.net.client import Client
from roost.net.errors import ForbiddenAddress, TimedOut, UnknownHost, Unreachable
from roost.net.transport import GuardedBackend, system_lookup, trusted_lookup
from support.web import lookup_of, serving, text

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://10.2.3.4:8443/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1]/",
        "https://169.254.169.254/latest/meta-data/",
        "https://0.0.0.0/",
    ],
)
async def test_private_addresses_are_refused(url: str) -> None:
    """An address in the URL is judged as it is."""
    client = Client()
    with pytest.raises(ForbiddenAddress):
        await client.fetch("GET", url)
    await client.close()


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "017700000001", "localhost"])
async def test_other_spellings_of_loopback_are_refused(host: str) -> None:
    """What the system makes of a strange host counts, not how it looks."""
    client = Client()
    with pytest.raises((ForbiddenAddress, UnknownHost)):
        await client.fetch("GET", f"https://{host}/")
    await client.close()


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["1.1.1.1", "192.168.0.1"], ["::ffff:10.0.0.1"], ["64:ff9b::a00:1"]]
)
async def test_names_that_resolve_to_private_addresses_are_refused(addresses: list[str]) -> None:
    """One private address among public ones is enough: the connection could go to either."""
    client = Client(lookup=lookup_of(*addresses))
    with pytest.raises(ForbiddenAddress):
        await client.fetch("GET", "https://innocent.example/")
    await client.close()


async def test_a_name_without_addresses_is_unknown() -> None:
    """Nothing to connect to is its own error."""
    client = Client(lookup=lookup_of())
    with pytest.raises(UnknownHost):
        await client.fetch("GET", "https://innocent.example/")
    await client.close()


async def test_a_failing_resolver_is_an_unknown_host() -> None:
    """The resolver's own errors do not leak."""

    async def lookup(_host: str, _port: int) -> list[str]:
        raise OSError("no resolver")

    client = Client(lookup=lookup)
    with pytest.raises(UnknownHost):
        await client.fetch("GET", "https://innocent.example/")
    await client.close()


async def test_the_judged_address_is_the_one_connected_to() -> None:
    """A name is looked up once for a connection, so its second answer, rebound to loopback, is never used."""
    answers = [["1.1.1.1"], ["127.0.0.1"]]
    asked = []

    async def lookup(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    backend = GuardedBackend(lookup=lookup, trusted=[])

    assert await backend.addresses("rebinding.example", 443) == ["1.1.1.1"]
    assert asked == ["rebinding.example"]


class Dialler(httpcore.AsyncNetworkBackend):
    """Notes whom it should connect to, and reaches nobody."""

    def __init__(self) -> None:
        self.dialled: list[str] = []

    async def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        """Fail."""
        self.dialled.append(f"{host}:{port}")
        raise httpcore.ConnectError("nobody there")


async def test_a_rebound_name_is_never_connected_to() -> None:
    """From look-up to connection one answer is used: the addresses that were judged are dialled, and no name is."""
    answers = [["1.1.1.1", "8.8.8.8"], ["127.0.0.1"]]

    async def lookup(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    backend, dialler = GuardedBackend(lookup=lookup, trusted=[]), Dialler()
    backend._inner = dialler  # type: ignore[assignment]  # what dials is of no matter here
    with pytest.raises(httpcore.ConnectError):
        await backend.connect_tcp("rebinding.example", 443)
    assert dialler.dialled == ["1.1.1.1:443", "8.8.8.8:443"]

    with pytest.raises(ForbiddenAddress):
        await backend.connect_tcp("rebinding.example", 443)
    assert len(dialler.dialled) == 2


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), UnknownHost),
        (socket.gaierror(socket.EAI_AGAIN, "no server answered"), Unreachable),
        (TimeoutError(), TimedOut),
    ],
)
async def test_no_address_and_no_answer_are_told_apart(failure: Exception, error: type[Exception]) -> None:
    """That a name has no address is known only when somebody has said so."""

    async def lookup(_host: str, _port: int) -> list[str]:
        raise failure

    with pytest.raises(Unreachable) as caught:
        await GuardedBackend(lookup=lookup, trusted=[]).addresses("somewhere.example", 443)
    assert type(caught.value) is error


async def test_names_of_strangers_do_not_hold_up_the_operators_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many of them nobody answers for, what is configured is looked up at once; and none waits for ever."""
    go = threading.Event()
    usual = socket.getaddrinfo

    def slow(host: str, *args: object, **kwargs: object) -> object:
        if host.endswith(".slow.example"):
            go.wait(5)
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return usual(host, *args, **kwargs)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    monkeypatch.setattr(transport, "LOOKUP_SECONDS", 0.2)
    backend = GuardedBackend(lookup=system_lookup, own_lookup=trusted_lookup, trusted=[("localhost", 80)])
    strangers = [asyncio.create_task(backend.addresses(f"{n}.slow.example", 443)) for n in range(transport.LOOKUPS * 3)]
    await asyncio.sleep(0)
    try:
        assert await backend.addresses("localhost", 80)
        refused = await asyncio.gather(*strangers, return_exceptions=True)
    finally:
        go.set()

    assert {type(each) for each in refused} == {TimedOut}


async def test_the_next_address_is_tried() -> None:
    """A host of several addresses is reached though the first is dead."""
    async with serving(text("/", "hi")) as (_, served):
        client = Client(trusted=[f"http://pds.test:{served.port}"], lookup=lookup_of("127.0.0.2", "127.0.0.1"))
        answer = await client.fetch("GET", f"http://pds.test:{served.port}/")
        await client.close()

    assert answer.text() == "hi"


async def test_certificate_is_checked_by_name(tmp_path: Path) -> None:
    """Connecting to a judged address changes nothing for TLS: the certificate must be the name's."""
    certificate, theirs = _certificate_for("pds.test", tmp_path)
    ours = ssl.create_default_context(cafile=str(certificate))
    server = await asyncio.start_server(_answer_hi, "127.0.0.1", 0, ssl=theirs)
    port = server.sockets[0].getsockname()[1]
    names = [f"https://{name}:{port}" for name in ("pds.test", "other.test")]
    client = Client(trusted=names, lookup=lookup_of("127.0.0.1"), tls=ours)

    answer = await client.fetch("GET", names[0])
    with pytest.raises(Unreachable, match="certificate"):
        await client.fetch("GET", names[1])

    assert answer.text() == "hi"
    await client.close()
    server.close()
    await server.wait_closed()


async def _answer_hi(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
    await writer.drain()
    writer.close()


def _certificate_for(name: str, directory: Path) -> tuple[Path, ssl.SSLContext]:
    """Make a self-signed certificate; returns its file, and a server's context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = directory / "certificate.pem", directory / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    return files[0], context


async def test_system_lookup_knows_loopback() -> None:
    """The operating system's resolver is asked without blocking the loop."""
    found = await asyncio.wait_for(system_lookup("localhost", 80), 5)

    assert "127.0.0.1" in found or "::1" in found
