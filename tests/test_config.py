"""Settings from a file, the environment and flags."""

from pathlib import Path

import pytest

from roost.config import PLC, ConfigError, load


def write(folder: Path, text: str) -> Path:
    """Make a settings file."""
    file = folder / "roost.toml"
    file.write_text(text)
    return file


def test_defaults_serve_this_machine() -> None:
    """Without any setting the server is localhost's, closed to strangers, and has limits."""
    config = load()

    assert (config.hostname, config.public_url, config.port) == ("localhost", "http://localhost:2583", 2583)
    assert (config.invite_required, config.rate_limits, config.plc_url) == (True, True, PLC)
    assert (config.handle_domains, config.service_did) == ((".test",), "did:web:localhost")


def test_a_hostname_gives_the_url_and_the_handle_domain() -> None:
    """The one setting that a server on the network needs is its name."""
    config = load(environ={"ROOST_HOSTNAME": "PDS.Example.com"})

    assert (config.public_url, config.handle_domains) == ("https://pds.example.com", (".pds.example.com",))


def test_dev_opens_the_doors() -> None:
    """With --dev the directory listens one port below, handles are under .test, and nothing is limited."""
    config = load(flags={"dev": True, "port": 3000, "hostname": "pds.example.com"})

    assert (config.plc_url, config.handle_domains) == ("http://localhost:2999", (".test",))
    assert (config.invite_required, config.rate_limits) == (False, False)


def test_dev_limits_when_told_to() -> None:
    """A setting that is given holds in --dev too."""
    config = load(environ={"ROOST_RATE_LIMITS": "true"}, flags={"dev": True})

    assert config.rate_limits


def test_flag_beats_environment_beats_file(tmp_path: Path) -> None:
    """Whoever is nearest to the command line wins."""
    file = write(tmp_path, 'port = 1000\nhost = "0.0.0.0"\nhostname = "file.example.com"\n')

    config = load(file, {"ROOST_PORT": "2000", "ROOST_HOST": "::1"}, {"port": 3000, "host": None})

    assert (config.port, config.host, config.hostname) == (3000, "::1", "file.example.com")


def test_a_file_may_use_toml_types(tmp_path: Path) -> None:
    """Lists, numbers and booleans of TOML are what they look like."""
    file = write(tmp_path, 'handle_domains = ["a.example.com", ".b.example.com"]\ninvite_required = false\nport = 80\n')

    config = load(file)

    assert (config.handle_domains, config.invite_required) == ((".a.example.com", ".b.example.com"), False)


def test_domains_may_be_written_with_commas_and_without_dots() -> None:
    """An environment variable holds a list, too; each domain counts once."""
    config = load(environ={"ROOST_HANDLE_DOMAINS": "test, .example.com,test,"})

    assert config.handle_domains == (".test", ".example.com")


def test_mail_needs_a_sender() -> None:
    """A mail server without a sender is told at the start, not with the first lost password."""
    with pytest.raises(ConfigError, match="ROOST_MAIL_FROM"):
        load(environ={"ROOST_SMTP_URL": "smtp://mail.example.com"})


def test_an_unknown_name_in_the_file_is_told(tmp_path: Path) -> None:
    """A misspelt setting must not be silently ignored."""
    with pytest.raises(ConfigError, match=r"no setting hostnme in .*roost\.toml; did you mean hostname\?"):
        load(write(tmp_path, 'hostnme = "pds.example.com"'))


def test_foreign_variables_are_left_alone() -> None:
    """The prefix in the environment is not ours alone; an empty variable is as good as none."""
    config = load(environ={"ROOST_BENCH_RUNS": "3", "ROOST_PORT": ""})

    assert config.port == 2583


@pytest.mark.parametrize("text", ["port = ", "\udc80"])
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    """What is not TOML, or not text, is told with the file's name."""
    file = tmp_path / "roost.toml"
    file.write_bytes(text.encode(errors="surrogateescape"))

    with pytest.raises(ConfigError, match=r"roost\.toml is not TOML"):
        load(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A file that was asked for has to be there."""
    with pytest.raises(ConfigError, match=r"Cannot read the settings in .*nowhere\.toml: No such file"):
        load(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ROOST_HOSTNAME", "https://pds.example.com"),
        ("ROOST_HOSTNAME", "pds.example.com:443"),
        ("ROOST_PUBLIC_URL", "pds.example.com"),
        ("ROOST_PUBLIC_URL", "https://pds.example.com/xrpc"),
        ("ROOST_PUBLIC_URL", "https://pds.example.com:port"),
        ("ROOST_PLC_URL", "https://[::1"),
        ("ROOST_PORT", "0"),
        ("ROOST_PORT", "65536"),
        ("ROOST_PORT", "²"),
        ("ROOST_PORT", "http"),
        ("ROOST_DEV", "maybe"),
        ("ROOST_HANDLE_DOMAINS", "*.example.com"),
        ("ROOST_HANDLE_DOMAINS", ","),
        ("ROOST_DATABASE_URL", "mysql://localhost/roost"),
        ("ROOST_BLOBSTORE_URL", "https://bucket.example.com"),
        ("ROOST_BLOB_LIMIT", "0"),
        ("ROOST_BLOB_LIMIT", "100MB"),
        ("ROOST_BLOB_QUOTA", "-1"),
        ("ROOST_BLOB_QUOTA", "9" * 5000),
        ("ROOST_SMTP_URL", "mail.example.com:25"),
        ("ROOST_MAIL_FROM", "roost"),
        ("ROOST_ADMIN_PASSWORD", "   "),
        ("ROOST_ADMIN_PASSWORD", "\udcff"),
        ("ROOST_DATA", " "),
    ],
)
def test_a_wrong_value_is_told_by_its_name(name: str, value: str) -> None:
    """The error begins with the setting, as it was given, and says what it must be."""
    with pytest.raises(ConfigError, match=f"^{name} must be a|^{name} must be true"):
        load(environ={name: value})


def test_sizes_are_numbers_of_bytes(tmp_path: Path) -> None:
    """In the environment as in the file."""
    config = load(write(tmp_path, "blob_limit = 5000000"), environ={"ROOST_BLOB_QUOTA": "6000000"})

    assert (config.blob_limit, config.blob_quota) == (5_000_000, 6_000_000)
    with pytest.raises(ConfigError, match="must be a number of bytes"):
        load(write(tmp_path, "blob_limit = -1"))


def test_a_wrong_type_in_the_file_is_told(tmp_path: Path) -> None:
    """A number where a text has to be is no text."""
    with pytest.raises(ConfigError, match=r"hostname in .* must be a text, not 3"):
        load(write(tmp_path, "hostname = 3"))


@pytest.mark.parametrize("name", ["ROOST_DATABASE_URL", "ROOST_SMTP_URL", "ROOST_BLOBSTORE_URL"])
def test_no_error_repeats_a_password(name: str) -> None:
    """URLs with passwords in them must not end up in a log."""
    with pytest.raises(ConfigError) as error:
        load(environ={name: "tcp://user:hunter2@example.com"})

    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "hours"), [("72h", 72), ("24h", 24), ("3d", 72), (" 30D ", 720), ("876000h", 876_000)]
)
def test_events_are_kept_for_hours_or_days(given: str, hours: int) -> None:
    """Either unit, a day at least."""
    assert load(environ={"ROOST_EVENT_RETENTION": given}).event_retention == hours
    assert load().event_retention == 72


@pytest.mark.parametrize("given", ["72", "23h", "0d", "-3d", "3w", "h", "1.5d", "\u0663d", "9999999999d", "876001h"])
def test_a_time_that_is_none_is_refused(given: str) -> None:
    """Relays come back after a day, and must find what they have missed."""
    with pytest.raises(ConfigError, match=r"ROOST_EVENT_RETENTION must be a time of at least 24h"):
        load(environ={"ROOST_EVENT_RETENTION": given})


def test_relays_are_a_list() -> None:
    """A server with a name tells the network; one without, or in development, tells nobody unless it is told to."""
    two = "https://one.example.com, https://two.example.com/,https://one.example.com"

    assert load(flags={"hostname": "pds.example.com"}).crawlers == ("https://bsky.network",)
    assert load(flags={"hostname": "pds.example.com", "dev": True}).crawlers == load().crawlers == ()
    assert load(environ={"ROOST_CRAWLERS": two}).crawlers == ("https://one.example.com", "https://two.example.com")
    assert load(flags={"hostname": "pds.example.com"}, environ={"ROOST_CRAWLERS": "none"}).crawlers == ()


@pytest.mark.parametrize(
    "given", ["bsky.network", "https://a.example.com/path", "ftp://a.example.com", "none,https://a"]
)
def test_a_relay_is_a_url(given: str) -> None:
    """Its methods' paths are put behind it."""
    with pytest.raises(ConfigError, match="ROOST_CRAWLERS must be a list of URLs"):
        load(environ={"ROOST_CRAWLERS": given})


def test_an_interval_is_in_hours_or_days() -> None:
    """Invites are earned by it, from the epoch on."""
    config = load(environ={"ROOST_INVITE_INTERVAL": "7d", "ROOST_INVITE_EPOCH": "2026-01-01T00:00:00Z"})

    assert (config.invite_interval, config.invite_epoch) == (7 * 86_400_000, 1_767_225_600_000)
    assert load(environ={"ROOST_INVITE_INTERVAL": "12H"}).invite_interval == 12 * 3_600_000
    assert (load().invite_interval, load().invite_epoch) == (None, 0)


def test_blocked_words_are_in_a_file(tmp_path: Path) -> None:
    """A word a line; comments and empty lines are none."""
    file = tmp_path / "words"
    file.write_text("# what we do not want\n\nBadword\n  very-bad  \nbadword\n")

    assert load(environ={"ROOST_BLOCKED_WORDS": str(file)}).blocked_words == ("badword", "very-bad")
    assert load().blocked_words == ()


@pytest.mark.parametrize("text", [b"ab\n", b"a-b\n", b"two words\n", "süß\n".encode(), b"\xff\xff\xff\n"])
def test_a_list_that_refuses_all_or_nothing_is_refused(tmp_path: Path, text: bytes) -> None:
    """What could stand in every name, or in none, is a mistake; so is a file that is no text, or not there."""
    file = tmp_path / "words"
    file.write_bytes(text)

    for path in (file, tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match=str(path)):
            load(environ={"ROOST_BLOCKED_WORDS": str(path)})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INVITE_INTERVAL", "7"),
        ("INVITE_INTERVAL", "0d"),
        ("INVITE_INTERVAL", "-1d"),
        ("INVITE_INTERVAL", "1.5d"),
        ("INVITE_INTERVAL", "100001d"),
        ("INVITE_INTERVAL", "7w"),
        ("INVITE_EPOCH", "2026"),
        ("INVITE_EPOCH", "0000-01-01T00:00:00Z"),
        ("PRIVACY_POLICY_URL", "example.com/privacy"),
        ("PRIVACY_POLICY_URL", "javascript:alert(1)"),
        ("TERMS_OF_SERVICE_URL", "https://example.com/a b"),
        ("CONTACT_EMAIL", "Roost <pds@example.com>"),
        ("CONTACT_EMAIL", "nobody"),
        ("DID_DOC_WITH_SESSION", "perhaps"),
    ],
)
def test_what_is_told_to_clients_is_checked(name: str, value: str) -> None:
    """An operator is told at the start, not by a client that cannot read it."""
    with pytest.raises(ConfigError, match=f"ROOST_{name}"):
        load(environ={f"ROOST_{name}": value})
