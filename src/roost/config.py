"""The settings of a server: a TOML file, the environment and flags into one frozen value.

A flag is stronger than the environment, which is stronger than the file. What is wrong is told with the setting's name,
where it was given, and what to change. It deliberately does not read the process's environment itself, create anything,
or know what the settings are for.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Final, TypeVar

from roost import setting
from roost.setting import PRIVATE_NETWORKS, ConfigError, Network, Setting
from roost.syntax import Did

__all__ = ["PRIVATE_NETWORKS", "Config", "ConfigError", "Network", "load"]

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
    plc_chosen: bool  # whether somebody chose it; a development network's own may otherwise stand in for it
    admin_password: str | None  # None: for the app to make and keep
    invite_required: bool
    handle_domains: tuple[str, ...]  # each with a dot in front
    blocked_words: tuple[str, ...]
    nameservers: tuple[tuple[str, int], ...]  # address and port; empty: the machine's own
    recovery_key: str | None  # a did:key
    trusted_origins: tuple[str, ...]
    smtp_url: str | None
    mail_from: str | None
    mod_service_did: Did | None  # whose tokens moderate; None: nobody's
    rate_limits: bool
    rate_limit_store: str | None  # None: this process's memory
    rate_limit_bypass_key: str | None
    rate_limit_bypass_ips: tuple[Network, ...]
    trusted_proxies: tuple[Network, ...]
    max_connections: int
    max_connections_per_address: int
    accept_imports: bool
    import_limit: int  # bytes of one repository
    event_retention: int  # hours
    crawlers: tuple[str, ...]
    privacy_policy_url: str | None
    terms_of_service_url: str | None
    contact_email: str | None
    did_doc_with_session: bool
    invite_interval: int | None  # milliseconds; None: accounts earn no invites
    invite_epoch: int  # milliseconds since 1970
    appview_url: str | None
    appview_did: Did | None
    mod_service_url: str | None
    report_service_url: str | None
    report_service_did: Did | None

    @property
    def service_did(self) -> str:
        """The DID that this server has itself."""
        return f"did:web:{self.hostname}"


NOTED: Final = "plc_chosen"
"""What is noted of the settings, and is none."""

NAMES: Final = tuple(field.name for field in fields(Config) if field.name != NOTED)
"""Every setting: what a file, and in capitals the environment, may name."""


def load(
    file: Path | None = None, environ: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> Config:
    """Put the settings together; flags that are None were not given. Raises ConfigError."""
    given = _from_file(file) if file else {}
    given |= _from_environ(environ or {})
    given |= _from_flags(flags or {})
    for name, found in given.items():
        if name not in NAMES:
            near = get_close_matches(name, NAMES, n=1)
            raise ConfigError(f"There is no setting {found.where}" + (f"; did you mean {near[0]}?" if near else ""))
    return _complete(given)


def _complete(given: Mapping[str, Setting]) -> Config:
    """Read each setting, or give it its default."""

    def take(name: str, read: Callable[[Setting], T], default: T) -> T:
        return read(given[name]) if name in given else default

    dev = take("dev", setting.flag, False)
    hostname = take("hostname", setting.hostname, "localhost")
    port = take("port", setting.port, PORT)
    config = Config(
        hostname=hostname,
        public_url=take("public_url", setting.origin, _usual_url(hostname, port)),
        host=take("host", setting.text, "127.0.0.1"),
        port=port,
        dev=dev,
        data=take("data", setting.folder, Path("data")),
        database_url=take("database_url", setting.database, None),
        blobstore_url=take("blobstore_url", setting.blobstore, None),
        # What the reference server's distribution for hosts sets; and a hundred of those.
        blob_limit=take("blob_limit", setting.size, 104_857_600),
        blob_quota=take("blob_quota", setting.size, 10_737_418_240),
        plc_url=take("plc_url", setting.origin, f"http://localhost:{port - 1}" if dev else PLC),
        plc_chosen="plc_url" in given,
        admin_password=take("admin_password", setting.password, None),
        # A server on the open network that anybody may join is somebody's spam host within days.
        invite_required=take("invite_required", setting.flag, not dev),
        handle_domains=take(
            "handle_domains", setting.domains, (".test",) if dev or hostname == "localhost" else (f".{hostname}",)
        ),
        blocked_words=take("blocked_words", setting.words, ()),
        nameservers=take("nameservers", setting.nameservers, ()),
        recovery_key=take("recovery_key", setting.did_key, None),
        trusted_origins=take("trusted_origins", setting.trusted, ()),
        smtp_url=take("smtp_url", setting.smtp, None),
        mail_from=take("mail_from", setting.address, None),
        mod_service_did=take("mod_service_did", setting.did, None),
        rate_limits=take("rate_limits", setting.flag, not dev),
        rate_limit_store=take("rate_limit_store", setting.store, None),
        rate_limit_bypass_key=take("rate_limit_bypass_key", setting.password, None),
        rate_limit_bypass_ips=take("rate_limit_bypass_ips", setting.networks, ()),
        trusted_proxies=take("trusted_proxies", setting.networks, PRIVATE_NETWORKS),
        max_connections=take("max_connections", setting.count, 20_000),
        max_connections_per_address=take("max_connections_per_address", setting.count, 500),
        accept_imports=take("accept_imports", setting.flag, True),
        import_limit=take("import_limit", setting.size, IMPORT_LIMIT),
        event_retention=take("event_retention", setting.hours, RETENTION_HOURS),
        # A server that no relay reads from is on no network; one without a name of its own cannot be.
        crawlers=take("crawlers", setting.origins, () if dev or hostname == "localhost" else (RELAY,)),
        privacy_policy_url=take("privacy_policy_url", setting.page, None),
        terms_of_service_url=take("terms_of_service_url", setting.page, None),
        contact_email=take("contact_email", setting.plain_address, None),
        did_doc_with_session=take("did_doc_with_session", setting.flag, False),
        invite_interval=take("invite_interval", setting.interval, None),
        invite_epoch=take("invite_epoch", setting.moment, 0),
        appview_url=take("appview_url", setting.origin, None),
        appview_did=take("appview_did", setting.did, None),
        mod_service_url=take("mod_service_url", setting.origin, None),
        report_service_url=take("report_service_url", setting.origin, None),
        report_service_did=take("report_service_did", setting.did, None),
    )
    if config.smtp_url is not None and config.mail_from is None:
        raise ConfigError("ROOST_SMTP_URL is set, so ROOST_MAIL_FROM must be too: no mail goes out without a sender")
    _check_services(config)
    return config


def _check_services(config: Config) -> None:
    """Refuse half of a service. Moderators may have a DID alone: then they call this server, and are not called."""
    for name, url, did in (
        ("APPVIEW", config.appview_url, config.appview_did),
        ("MOD_SERVICE", config.mod_service_url, config.mod_service_did),
        ("REPORT_SERVICE", config.report_service_url, config.report_service_did),
    ):
        if did is None and url is not None:
            raise ConfigError(f"ROOST_{name}_URL is set, so ROOST_{name}_DID must be too: calls are signed for a DID")
        if url is None and did is not None and name != "MOD_SERVICE":
            raise ConfigError(f"ROOST_{name}_DID is set, so ROOST_{name}_URL must be too: it says where the service is")


def _usual_url(hostname: str, port: int) -> str:
    return f"http://localhost:{port}" if hostname == "localhost" else f"https://{hostname}"


def _from_file(file: Path) -> dict[str, Setting]:
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"Cannot read the settings in {file}: {error.strerror}") from error
    except ValueError as error:  # tomllib's, and that of UTF-8
        raise ConfigError(f"{file} is not TOML: {error}") from error
    return {name: Setting(name, value, f"{name} in {file}") for name, value in table.items()}


def _from_environ(environ: Mapping[str, str]) -> dict[str, Setting]:
    """Take the variables that are settings; others with the prefix are another program's. An empty one is not set."""
    found = {}
    for name in NAMES:
        value = environ.get(PREFIX + name.upper())
        if value:
            found[name] = Setting(name, value, PREFIX + name.upper())
    return found


def _from_flags(flags: Mapping[str, object]) -> dict[str, Setting]:
    return {
        name: Setting(name, value, f"--{name.replace('_', '-')}") for name, value in flags.items() if value is not None
    }
