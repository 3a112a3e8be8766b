"""did:web as atproto uses it: a DID that is a host name, and the URL its document is at.

Knows nothing of fetching, nor whether the host may be reached.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from roost.identity.errors import UnsupportedDid
from roost.syntax import Did, Handle, InvalidSyntax

_PREFIX = "did:web:"


def document_url(did: Did) -> str:
    """Return where a did:web's document is; raises UnsupportedDid for paths, and ports but localhost's (7.2, 7.6)."""
    host, port = _host_and_port(did)
    if host == "localhost":
        return f"http://localhost{port}/.well-known/did.json"
    return f"https://{host}/.well-known/did.json"


def did_of_url(url: str) -> Did:
    """Return the did:web of an origin such as https://pds.example.com; raises UnsupportedDid if it can have none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UnsupportedDid(f"Not the URL of a host: {url}") from None
    if parts.path.strip("/") or parts.query or parts.fragment or not parts.hostname:
        raise UnsupportedDid(f"A did:web is a host without a path: {url}")
    did = f"{_PREFIX}{parts.hostname}" + (f"%3A{port}" if port is not None else "")
    try:
        parsed = Did.parse(did)
    except InvalidSyntax:
        raise UnsupportedDid(f"Not the URL of a host a DID can name: {url}") from None
    expected_scheme = urlsplit(document_url(parsed)).scheme  # refuses what could not be resolved again
    if parts.scheme != expected_scheme:
        raise UnsupportedDid(f"A did:web is resolved over {expected_scheme}: {url}")
    return parsed


def _host_and_port(did: Did) -> tuple[str, str]:
    """Split `did:web:host[%3Aport]` into a checked host and ':port' or ''."""
    if not did.startswith(_PREFIX):
        raise UnsupportedDid(f"Not a did:web: {did}")
    rest = did.removeprefix(_PREFIX)
    if ":" in rest:
        raise UnsupportedDid(f"A did:web with a path is not supported: {did}")
    host, colon, port = rest.replace("%3a", "%3A").partition("%3A")
    if host == "localhost":
        if colon and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            raise UnsupportedDid(f"A did:web with a port that is none: {did}")
        return host, f":{int(port)}" if colon else ""
    if colon:
        raise UnsupportedDid(f"A did:web with a port is only for localhost: {did}")
    try:
        # A host name has a handle's form. Anything laxer (an IP address, percent-escapes) could smuggle a path or an
        # authority into the URL.
        return Handle.parse(host), ""
    except InvalidSyntax:
        raise UnsupportedDid(f"Not the DID of a host name: {did}") from None
