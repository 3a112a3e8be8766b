"""One setting as somebody gave it, and what can be read of it: a flag, a port, a host name, a list of networks.

What cannot be read is told with the setting's name, where it was given, and what it should be. It deliberately does not
know which settings there are: `roost.config` does.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from roost.syntax import Datetime, Did, Handle, InvalidSyntax


class ConfigError(ValueError):
    """A setting is wrong; the message says which one, where it was given, and what it should be."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as somebody gave it, and where."""

    name: str
    value: object
    where: str

    def wrong(self, wanted: str) -> ConfigError:
        """Say what the setting should be. The value is shown, but for those that may hold a secret."""
        shown = "" if self.name in SECRET else f", not {self.value!r}"
        return ConfigError(f"{self.where} must be {wanted}{shown}")


SECRET: Final = frozenset(
    {"admin_password", "smtp_url", "database_url", "blobstore_url", "rate_limit_store", "rate_limit_bypass_key"}
)
"""Settings whose values hold passwords: an error must not write them into a log."""


Network: TypeAlias = IPv4Network | IPv6Network

PRIVATE_NETWORKS: Final[tuple[Network, ...]] = tuple(
    ip_network(text)
    for text in (
        "127.0.0.0/8",
        "::1",
        "169.254.0.0/16",
        "fe80::/10",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "fc00::/7",
    )
)
"""Where a proxy stands that is nobody else's: loopback, link-local and unique-local, the reference server's choice."""
LEAST_RETENTION: Final = 24
MOST_RETENTION: Final = 24 * 365 * 100


WORDS: Final = {
    "true": True,
    "1": True,
    "yes": True,
    "on": True,
    "false": False,
    "0": False,
    "no": False,
    "off": False,
}
"""What may be written for yes and no."""


def text(given: Setting) -> str:
    """Read a text, without the space around it."""
    if not isinstance(given.value, str) or not given.value.strip():
        raise given.wrong("a text")
    return given.value.strip()


def password(given: Setting) -> str:
    """Read a text whose every space counts."""
    text(given)
    secret = str(given.value)
    if not secret.isascii():
        try:
            secret.encode()
        except UnicodeEncodeError:
            raise given.wrong("a text in UTF-8") from None
    return secret


def flag(given: Setting) -> bool:
    """Read yes or no."""
    word = str(given.value).lower()
    if word not in WORDS:
        raise given.wrong("true or false")
    return WORDS[word]


def port(given: Setting) -> int:
    """Read a port."""
    digits = str(given.value)
    # 1 is left out for the directory of --dev, which listens one below.
    if not (digits.isascii() and digits.isdigit() and 2 <= int(digits) <= 65535):
        raise given.wrong("a port between 2 and 65535")
    return int(digits)


def count(given: Setting) -> int:
    """Read a number of things."""
    digits = str(given.value)
    if not (digits.isascii() and digits.isdigit() and 1 <= int(digits) <= 1_000_000):
        raise given.wrong("a number from 1 to 1000000")
    return int(digits)


def did(given: Setting) -> Did:
    """Read a DID."""
    try:
        return Did.parse(text(given))
    except InvalidSyntax as error:
        raise given.wrong("a DID") from error


def networks(given: Setting) -> tuple[Network, ...]:
    """Read addresses and CIDR blocks; `none` is none of them."""
    if given.value == "none":
        return ()
    wanted = "a list of addresses and networks such as 10.0.0.0/8, or none"
    try:
        return tuple(ip_network(item) for item in listed(given, wanted))
    except ValueError as error:
        raise given.wrong(wanted) from error


def size(given: Setting) -> int:
    """Read a number of bytes."""
    digits = str(given.value) if isinstance(given.value, int) and not isinstance(given.value, bool) else text(given)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18 and int(digits) > 0):
        raise given.wrong("a number of bytes, such as 104857600")
    return int(digits)


def hostname(given: Setting) -> str:
    """Read a host name."""
    name = text(given).lower()
    if name != "localhost" and not _is_domain(name):
        raise given.wrong("a host name such as pds.example.com, without https:// and without a port")
    return name


def _is_domain(name: str) -> bool:
    """Tell whether a name has the form of a host name, which a handle has too."""
    try:
        Handle.parse(name)
    except InvalidSyntax:
        return False
    return True


def domains(given: Setting) -> tuple[str, ...]:
    """Read a list of domains, and give each a dot in front."""
    wanted = "a list of domains such as .example.com"
    domains = [item.lower().removeprefix(".") for item in listed(given, wanted)]
    # A label stands in front so that `test` alone passes, which is a handle domain but not a handle.
    if not domains or not all(_is_domain(f"a.{domain}") for domain in domains):
        raise given.wrong(wanted)
    return tuple(f".{domain}" for domain in dict.fromkeys(domains))


def nameservers(given: Setting) -> tuple[tuple[str, int], ...]:
    """Read a list of addresses such as 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353."""
    wanted = "a list of addresses of nameservers, such as 192.0.2.1 or 192.0.2.1:5353"
    found = []
    for item in listed(given, wanted):
        host, number = item, "53"
        if item.startswith("[") or item.count(":") == 1:
            host, _, number = item.rpartition(":")
        try:
            server = str(ip_address(host.removeprefix("[").removesuffix("]")))
        except ValueError:
            raise given.wrong(wanted) from None
        if not (number.isascii() and number.isdigit() and 0 < int(number[:6]) < 65536):
            raise given.wrong(wanted)
        found.append((server, int(number)))
    return tuple(dict.fromkeys(found))


def trusted(given: Setting) -> tuple[str, ...]:
    """Read a list of servers."""
    wanted = "a list of URLs such as http://localhost:8080, without paths"
    return tuple(dict.fromkeys(origin(Setting(given.name, item, given.where)) for item in listed(given, wanted)))


def listed(given: Setting, wanted: str) -> list[str]:
    """Read texts between commas, or a list of them."""
    listed = given.value.split(",") if isinstance(given.value, str) else given.value
    if not isinstance(listed, list | tuple) or not all(isinstance(item, str) for item in listed):
        raise given.wrong(wanted)
    return [item.strip() for item in listed if item.strip()]


def did_key(given: Setting) -> str:
    """Read a public key."""
    key = text(given)
    # Whether it is a point on a curve, whoever uses it finds out: here nothing of keys is known.
    if not re.fullmatch(r"did:key:z[1-9A-HJ-NP-Za-km-z]{40,100}", key, re.ASCII):
        raise given.wrong("a public key such as did:key:zQ3sh… or did:key:zDn…")
    return key


def hours(given: Setting) -> int:
    """Read a time in hours or days, as in 72h or 3d."""
    time = str(given.value).strip().lower()
    number, unit = time[:-1], time[-1:]
    if unit in ("h", "d") and number.isascii() and number.isdigit() and len(number) < 10:
        hours = int(number) * (24 if unit == "d" else 1)
        if LEAST_RETENTION <= hours <= MOST_RETENTION:
            return hours
    raise given.wrong("a time of at least 24h, in hours or days such as 72h or 3d")


def origins(given: Setting) -> tuple[str, ...]:
    """Read a list of servers, or `none`."""
    wanted = "a list of URLs such as https://bsky.network, without paths, or none"
    urls = listed(given, wanted)
    if urls == ["none"]:
        return ()
    try:
        return tuple(dict.fromkeys(origin(Setting(given.name, url, given.where)) for url in urls))
    except ConfigError:
        raise given.wrong(wanted) from None


def origin(given: Setting) -> str:
    """Read the URL of a server: what paths are put behind."""
    url = text(given).rstrip("/")
    parts = _split(given, url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise given.wrong("a URL such as https://pds.example.com, without a path")
    return url


def _url_of(*schemes: str) -> Callable[[Setting], str]:
    """Make what reads a URL with one of some schemes."""

    def read(given: Setting) -> str:
        url = text(given)
        if _split(given, url).scheme not in schemes:
            raise given.wrong(f"a URL that begins with {' or '.join(f'{scheme}:' for scheme in schemes)}")
        return url

    return read


def _split(given: Setting, url: str) -> SplitResult:
    """Take a URL apart."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # it is parsed when it is asked for
    except ValueError as error:
        raise given.wrong("a URL") from error
    return parts


def address(given: Setting) -> str:
    """Read where mail comes from."""
    sender = text(given)
    mailbox = sender.partition("<")[2].removesuffix(">") if "<" in sender else sender
    if mailbox.count("@") != 1 or mailbox.startswith("@") or mailbox.endswith("@") or " " in mailbox:
        raise given.wrong("an address such as pds@example.com or Roost <pds@example.com>")
    return sender


def plain_address(given: Setting) -> str:
    """Read an address without a name in front of it."""
    written = address(given)
    if "<" in written:
        raise given.wrong("an address such as admin@example.com")
    return written


def page(given: Setting) -> str:
    """Read the address of a page for people."""
    url = text(given)
    parts = _split(given, url)
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isprintable() or " " in url:
        raise given.wrong("the URL of a page such as https://example.com/privacy")
    return url


UNITS: Final = {"h": 3_600_000, "d": 86_400_000}
"""Milliseconds of what an interval may be given in."""

LONGEST_INTERVAL: Final = 100_000


def interval(given: Setting) -> int:
    """Read a time in hours or days, as milliseconds."""
    written = str(given.value).strip().lower()
    digits, unit = written[:-1], written[-1:]
    if unit not in UNITS or not (digits.isascii() and digits.isdigit()) or not 1 <= int(digits) <= LONGEST_INTERVAL:
        raise given.wrong("a time in hours or days such as 12h or 7d")
    return int(digits) * UNITS[unit]


def moment(given: Setting) -> int:
    """Read a datetime, as milliseconds since 1970."""
    try:
        instant = Datetime.parse(text(given)).instant()
    except InvalidSyntax as error:
        raise given.wrong("a datetime such as 2026-01-01T00:00:00Z") from error
    return round(instant.timestamp() * 1000)


def folder(given: Setting) -> Path:
    """Read the path of a directory, or of a file."""
    if isinstance(given.value, Path):
        return given.value
    return Path(text(given)).expanduser()


LEAST_LETTERS: Final = 3
"""Of a blocked word: there is hardly a name without any given two."""

_WORD: Final = re.compile(r"[a-z0-9._-]+", re.ASCII)


def words(given: Setting) -> tuple[str, ...]:
    """Read the file of that path: a word a line, and none where it is empty or begins with #."""
    file = folder(given)
    try:
        lines = [line.strip().lower() for line in file.read_text("utf-8").splitlines()]
    except OSError as error:
        raise ConfigError(f"Cannot read the words in {file}, given by {given.where}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise given.wrong("the path of a text in UTF-8") from None
    found = [line for line in lines if line and not line.startswith("#")]
    for word in found:
        if not _WORD.fullmatch(word) or sum(map(str.isalnum, word)) < LEAST_LETTERS:
            raise ConfigError(
                f"{word!r} in {file} is no word to be blocked: it needs {LEAST_LETTERS} letters from a to z or digits, "
                "and has room for nothing else but . - _"
            )
    return tuple(dict.fromkeys(found))


database: Final = _url_of("sqlite", "postgresql", "postgres")
blobstore: Final = _url_of("file", "s3", "gs", "az", "memory")
smtp: Final = _url_of("smtp", "smtps")
store: Final = _url_of("redis", "rediss", "unix")
