"""The settings of a server: a TOML file, the environment and flags into one frozen value.

A flag is stronger than the environment, which is stronger than the file. What is wrong is told with the setting's name,
where it was given, and what to change. It deliberately does not read the process's environment itself, create anything,
or know what the settings are for.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from ipaddress import ip_address
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from roost.syntax import Did, Handle, InvalidSyntax

T = TypeVar("T")

PREFIX: Final = "ROOST_"
"""What the name of a setting has in front in the environment."""

PORT: Final = 2583
"""The port that clients and tools of the protocol expect of a PDS in development."""

PLC: Final = "https://plc.directory"

IMPORT_LIMIT: Final = 1 << 30
"""Bytes of one repository that is taken in: ten times the largest that are known, and they go to the disk."""
RELAY: Final = "https://bsky.network"
"""The relay that most of the network reads from."""

RETENTION_HOURS: Final = 72
"""For how long events are kept: a relay's weekend. The reference server gives out those of a day."""

LEAST_RETENTION: Final = 24
MOST_RETENTION: Final = 24 * 365 * 100


class ConfigError(ValueError):
    """A setting is wrong; the message says which one, where it was given, and what it should be."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings, with every default filled in."""

    hostname: str
    public_url: str
    host: str
    port: int
    dev: bool
    data: Path
    database_url: str | None  # None: a file in `data`
    blobstore_url: str | None  # None: a folder in `data`
    blob_limit: int  # bytes of one
    blob_quota: int  # bytes of all that an account has
    plc_url: str
    admin_password: str | None  # None: for the app to make and keep
    invite_required: bool
    handle_domains: tuple[str, ...]  # each with a dot in front
    handle_nameservers: tuple[tuple[str, int], ...]  # address and port; empty: the machine's own
    recovery_key: str | None  # a did:key
    trusted_origins: tuple[str, ...]
    smtp_url: str | None
    mail_from: str | None
    rate_limits: bool
    accept_imports: bool
    import_limit: int  # bytes of one repository
    event_retention: int  # hours
    crawlers: tuple[str, ...]
    appview_url: str | None
    appview_did: str | None
    mod_service_url: str | None
    mod_service_did: str | None
    report_service_url: str | None
    report_service_did: str | None

    @property
    def service_did(self) -> str:
        """The DID that this server has itself."""
        return f"did:web:{self.hostname}"


NAMES: Final = tuple(field.name for field in fields(Config))
"""Every setting: what a file, and in capitals the environment, may name."""


@dataclass(frozen=True, slots=True)
class _Given:
    """A setting as somebody gave it, and where."""

    name: str
    value: object
    where: str

    def wrong(self, wanted: str) -> ConfigError:
        """Say what the setting should be. The value is shown, but for those that may hold a secret."""
        shown = "" if self.name in SECRET else f", not {self.value!r}"
        return ConfigError(f"{self.where} must be {wanted}{shown}")


SECRET: Final = frozenset({"admin_password", "smtp_url", "database_url", "blobstore_url"})
"""Settings whose values hold passwords: an error must not write them into a log."""


def load(
    file: Path | None = None, environ: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> Config:
    """Put the settings together; flags that are None were not given. Raises ConfigError."""
    given = _from_file(file) if file else {}
    given |= _from_environ(environ or {})
    given |= _from_flags(flags or {})
    for name, setting in given.items():
        if name not in NAMES:
            near = get_close_matches(name, NAMES, n=1)
            raise ConfigError(f"There is no setting {setting.where}" + (f"; did you mean {near[0]}?" if near else ""))
    return _complete(given)


def _complete(given: Mapping[str, _Given]) -> Config:
    """Read each setting, or give it its default."""

    def take(name: str, read: Callable[[_Given], T], default: T) -> T:
        return read(given[name]) if name in given else default

    dev = take("dev", _flag, False)
    hostname = take("hostname", _hostname, "localhost")
    port = take("port", _port, PORT)
    config = Config(
        hostname=hostname,
        public_url=take("public_url", _origin, _usual_url(hostname, port)),
        host=take("host", _text, "127.0.0.1"),
        port=port,
        dev=dev,
        data=take("data", _folder, Path("data")),
        database_url=take("database_url", _database, None),
        blobstore_url=take("blobstore_url", _blobstore, None),
        # What the reference server's distribution for hosts sets; and a hundred of those.
        blob_limit=take("blob_limit", _bytes, 104_857_600),
        blob_quota=take("blob_quota", _bytes, 10_737_418_240),
        plc_url=take("plc_url", _origin, f"http://localhost:{port - 1}" if dev else PLC),
        admin_password=take("admin_password", _password, None),
        # A server on the open network that anybody may join is somebody's spam host within days.
        invite_required=take("invite_required", _flag, not dev),
        handle_domains=take(
            "handle_domains", _domains, (".test",) if dev or hostname == "localhost" else (f".{hostname}",)
        ),
        handle_nameservers=take("handle_nameservers", _nameservers, ()),
        recovery_key=take("recovery_key", _did_key, None),
        trusted_origins=take("trusted_origins", _trusted, ()),
        smtp_url=take("smtp_url", _smtp, None),
        mail_from=take("mail_from", _address, None),
        rate_limits=take("rate_limits", _flag, False),
        accept_imports=take("accept_imports", _flag, True),
        import_limit=take("import_limit", _bytes, IMPORT_LIMIT),
        event_retention=take("event_retention", _hours, RETENTION_HOURS),
        # A server that no relay reads from is on no network; one without a name of its own cannot be.
        crawlers=take("crawlers", _origins, () if dev or hostname == "localhost" else (RELAY,)),
        appview_url=take("appview_url", _origin, None),
        appview_did=take("appview_did", _did, None),
        mod_service_url=take("mod_service_url", _origin, None),
        mod_service_did=take("mod_service_did", _did, None),
        report_service_url=take("report_service_url", _origin, None),
        report_service_did=take("report_service_did", _did, None),
    )
    if config.smtp_url is not None and config.mail_from is None:
        raise ConfigError("ROOST_SMTP_URL is set, so ROOST_MAIL_FROM must be too: no mail goes out without a sender")
    for service in ("appview", "mod_service", "report_service"):
        if (getattr(config, f"{service}_url") is None) != (getattr(config, f"{service}_did") is None):
            name = PREFIX + service.upper()
            raise ConfigError(f"{name}_URL and {name}_DID must be set together: who a service is, and where")
    return config


def _usual_url(hostname: str, port: int) -> str:
    return f"http://localhost:{port}" if hostname == "localhost" else f"https://{hostname}"


def _from_file(file: Path) -> dict[str, _Given]:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read the settings in {file}: {error.strerror}") from error
    except ValueError as error:  # tomllib's, and that of UTF-8
        raise ConfigError(f"{file} is not TOML: {error}") from error
    return {name: _Given(name, value, f"{name} in {file}") for name, value in table.items()}


def _from_environ(environ: Mapping[str, str]) -> dict[str, _Given]:
    """Take the variables that are settings; others with the prefix are another program's. An empty one is not set."""
    found = {}
    for name in NAMES:
        value = environ.get(PREFIX + name.upper())
        if value:
            found[name] = _Given(name, value, PREFIX + name.upper())
    return found


def _from_flags(flags: Mapping[str, object]) -> dict[str, _Given]:
    return {
        name: _Given(name, value, f"--{name.replace('_', '-')}") for name, value in flags.items() if value is not None
    }


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


def _text(given: _Given) -> str:
    if not isinstance(given.value, str) or not given.value.strip():
        raise given.wrong("a text")
    return given.value.strip()


def _password(given: _Given) -> str:
    """Read a text whose every space counts."""
    _text(given)
    text = str(given.value)
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise given.wrong("a text in UTF-8") from None
    return text


def _flag(given: _Given) -> bool:
    word = str(given.value).lower()
    if word not in WORDS:
        raise given.wrong("true or false")
    return WORDS[word]


def _port(given: _Given) -> int:
    digits = str(given.value)
    # 1 is left out for the directory of --dev, which listens one below.
    if not (digits.isascii() and digits.isdigit() and 2 <= int(digits) <= 65535):
        raise given.wrong("a port between 2 and 65535")
    return int(digits)


def _bytes(given: _Given) -> int:
    digits = str(given.value) if isinstance(given.value, int) and not isinstance(given.value, bool) else _text(given)
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18 and int(digits) > 0):
        raise given.wrong("a number of bytes, such as 104857600")
    return int(digits)


def _hostname(given: _Given) -> str:
    name = _text(given).lower()
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


def _domains(given: _Given) -> tuple[str, ...]:
    listed = given.value.split(",") if isinstance(given.value, str) else given.value
    if not isinstance(listed, list | tuple) or not all(isinstance(item, str) for item in listed):
        raise given.wrong("a list of domains such as .example.com")
    domains = [item.strip().lower().removeprefix(".") for item in listed if item.strip()]
    # A label stands in front so that `test` alone passes, which is a handle domain but not a handle.
    if not domains or not all(_is_domain(f"a.{domain}") for domain in domains):
        raise given.wrong("a list of domains such as .example.com")
    return tuple(f".{domain}" for domain in dict.fromkeys(domains))


def _nameservers(given: _Given) -> tuple[tuple[str, int], ...]:
    """Read a list of addresses such as 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353."""
    wanted = "a list of addresses of nameservers, such as 192.0.2.1 or 192.0.2.1:5353"
    found = []
    for item in _listed(given, wanted):
        host, port = item, "53"
        if item.startswith("[") or item.count(":") == 1:
            host, _, port = item.rpartition(":")
        try:
            address = str(ip_address(host.removeprefix("[").removesuffix("]")))
        except ValueError:
            raise given.wrong(wanted) from None
        if not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
            raise given.wrong(wanted)
        found.append((address, int(port)))
    return tuple(dict.fromkeys(found))


def _trusted(given: _Given) -> tuple[str, ...]:
    """Read a list of servers."""
    wanted = "a list of URLs such as http://localhost:8080, without paths"
    return tuple(dict.fromkeys(_origin(_Given(given.name, item, given.where)) for item in _listed(given, wanted)))


def _listed(given: _Given, wanted: str) -> list[str]:
    listed = given.value.split(",") if isinstance(given.value, str) else given.value
    if not isinstance(listed, list | tuple) or not all(isinstance(item, str) for item in listed):
        raise given.wrong(wanted)
    return [item.strip() for item in listed if item.strip()]


def _did_key(given: _Given) -> str:
    text = _text(given)
    # Whether it is a point on a curve, whoever uses it finds out: here nothing of keys is known.
    if not re.fullmatch(r"did:key:z[1-9A-HJ-NP-Za-km-z]{40,100}", text, re.ASCII):
        raise given.wrong("a public key such as did:key:zQ3sh… or did:key:zDn…")
    return text


def _hours(given: _Given) -> int:
    """Read a time in hours or days, as in 72h or 3d."""
    text = str(given.value).strip().lower()
    number, unit = text[:-1], text[-1:]
    if unit in ("h", "d") and number.isascii() and number.isdigit() and len(number) < 10:
        hours = int(number) * (24 if unit == "d" else 1)
        if LEAST_RETENTION <= hours <= MOST_RETENTION:
            return hours
    raise given.wrong("a time of at least 24h, in hours or days such as 72h or 3d")


def _origins(given: _Given) -> tuple[str, ...]:
    """Read a list of servers, or `none`."""
    wanted = "a list of URLs such as https://bsky.network, without paths, or none"
    urls = _listed(given, wanted)
    if urls == ["none"]:
        return ()
    try:
        return tuple(dict.fromkeys(_origin(_Given(given.name, url, given.where)) for url in urls))
    except ConfigError:
        raise given.wrong(wanted) from None


def _origin(given: _Given) -> str:
    """Read the URL of a server: what paths are put behind."""
    url = _text(given).rstrip("/")
    parts = _split(given, url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path or parts.query or parts.fragment:
        raise given.wrong("a URL such as https://pds.example.com, without a path")
    return url


def _did(given: _Given) -> str:
    try:
        return Did.parse(_text(given))
    except InvalidSyntax as error:
        raise given.wrong("a DID such as did:web:api.example.com, without a #service") from error


def _url_of(*schemes: str) -> Callable[[_Given], str]:
    def read(given: _Given) -> str:
        url = _text(given)
        if _split(given, url).scheme not in schemes:
            raise given.wrong(f"a URL that begins with {' or '.join(f'{scheme}:' for scheme in schemes)}")
        return url

    return read


def _split(given: _Given, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # it is parsed when it is asked for
    except ValueError as error:
        raise given.wrong("a URL") from error
    return parts


def _address(given: _Given) -> str:
    text = _text(given)
    mailbox = text.partition("<")[2].removesuffix(">") if "<" in text else text
    if mailbox.count("@") != 1 or mailbox.startswith("@") or mailbox.endswith("@") or " " in mailbox:
        raise given.wrong("an address such as pds@example.com or Roost <pds@example.com>")
    return text


def _folder(given: _Given) -> Path:
    if isinstance(given.value, Path):
        return given.value
    return Path(_text(given)).expanduser()


_database: Final = _url_of("sqlite", "postgresql", "postgres")
_blobstore: Final = _url_of("file", "s3", "gs", "az", "memory")
_smtp: Final = _url_of("smtp", "smtps")
