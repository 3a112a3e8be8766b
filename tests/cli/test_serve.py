"""`roost serve` and `roost plc serve`, as the programs that they are."""

import contextlib
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from roost import cli
from roost.cli import serve
from roost.config import load
from support.command import PROGRAM, environment, program, serving, two_free_ports


@pytest.mark.slow
def test_a_development_network_from_start_to_stop(tmp_path: Path) -> None:
    """It says where everything is, registers an account in its own directory, keeps it, and leaves with 0."""
    data = tmp_path / "data"
    with serving(data, "--dev") as server:
        account = {"handle": "alice.test", "email": "alice@mail.test", "password": "correct horse"}
        made = httpx.post(f"{server.url}/xrpc/com.atproto.server.createAccount", json=account).json()
        other = program("serve", "--dev", "--data", data, "--port", str(two_free_ports()))
        same_port = program("serve", "--data", tmp_path / "other", "--port", server.url.rpartition(":")[2])
        listing = program("account", "list", "--data", data)
        judged = program("repo", "verify", "alice.test", "--url", server.url, "--data", data, "--json")
        code = program("invite", "create", "--url", server.url, "--data", data)
        stopped = server.stop()

    assert (stopped.code, stopped.err) == (0, "")
    for said in (server.url, str(data), str(data / "mail"), (data / "admin-password").read_text().strip()):
        assert said in stopped.out
    assert made["did"].startswith("did:plc:")
    assert (other.code, other.err.count("\n")) == (1, 1)
    assert f"process {server.process.pid} is using this data directory" in other.err
    assert (same_port.code, same_port.err.count("\n")) == (1, 1)
    assert "Address already in use" in same_port.err
    assert (listing.code, "stop it first, or" in listing.err) == (1, True)
    assert (judged.code, judged.json["signed"], judged.json["did"]) == (0, True, made["did"])
    assert (code.code, code.out.startswith("localhost-")) == (0, True)

    again = program("account", "list", "--data", data)
    assert again.out.split("\t")[:2] == ["alice.test", made["did"]]


@pytest.mark.slow
def test_a_server_for_the_world_does_not_show_its_password(tmp_path: Path) -> None:
    """Outside --dev the administrator's password stays in its file, and no PLC directory is started."""
    with serving(tmp_path / "data") as server:
        stopped = server.stop()

    secret = (tmp_path / "data" / "admin-password").read_text().strip()
    assert (stopped.code, secret in stopped.out) == (0, False)
    assert str(tmp_path / "data" / "admin-password") in stopped.out
    assert not (tmp_path / "data" / "plc").exists()


@pytest.mark.slow
def test_a_directory_alone(tmp_path: Path) -> None:
    """`plc serve` answers on its port until it is told to stop."""
    port = two_free_ports()
    words: list[str | Path] = [PROGRAM, "plc", "serve", "--port", str(port), "--data", tmp_path / "data"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "The PLC directory is ready.\n"

        health = httpx.get(f"http://localhost:{port}/_health")
        unknown = httpx.get(f"http://localhost:{port}/did:plc:ewvi7nxzyoun6zhxrhs64oiz")
        process.send_signal(signal.SIGTERM)

    assert (health.status_code, unknown.status_code, process.returncode) == (200, 404, 0)
    assert (tmp_path / "data" / "plc" / "plc.sqlite").exists()


def test_what_to_try_in_development() -> None:
    """The commands name this server and its own directory."""
    lines = serve.tries(load(flags={"dev": True, "port": 3000}))

    assert len(lines) == 3
    assert all("http://localhost:3000" in line for line in lines)
    assert "--plc http://localhost:2999" in lines[2]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"dev": True}, "/data/mail, a file each"),
        ({}, "none is sent: set ROOST_SMTP_URL and ROOST_MAIL_FROM"),
        ({"smtp_url": "smtp://user:hunter2@mail.test", "mail_from": "roost@mail.test"}, "from roost@mail.test"),
    ],
)
def test_where_mail_goes(flags: dict[str, object], said: str) -> None:
    """Whoever starts a server is told whether its mails arrive, but not the mail server's password."""
    text = serve.mail(load(flags=flags))

    assert text.endswith(said)
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://localhost:80"),
        ("0.0.0.0", "http://localhost:80"),
        ("::", "http://localhost:80"),
        ("192.0.2.1", "http://192.0.2.1:80"),
        ("2001:db8::1", "http://[2001:db8::1]:80"),
    ],
)
def test_where_a_browser_finds_it(host: str, url: str) -> None:
    """An address that means every one is shown as one that can be opened."""
    assert serve.url_of(host, 80) == url


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "--port", "1"], "roost: --port must be a port between 2 and 65535, not 1\n"),
        (["serve", "--config", "no.toml"], "roost: Cannot read the settings in no.toml: No such file or directory\n"),
    ],
)
def test_a_wrong_setting_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A setting that cannot be is told with its name, and the code is 2."""
    monkeypatch.setenv("COLUMNS", "20")

    with pytest.raises(SystemExit) as done:
        cli.run(words)

    assert (done.value.code, capsys.readouterr().err) == (2, said)


def test_connections_are_bounded_as_the_operator_says(tmp_path: Path) -> None:
    """A hundred idle ones make room for those who have something to say."""
    settings = tmp_path / "roost.toml"
    settings.write_text("max_connections = 50\n")
    with serving(tmp_path / "data", "--dev", "--config", str(settings)) as process, contextlib.ExitStack() as stack:
        port = int(process.url.rpartition(":")[2])
        for _ in range(100):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        answers = [httpx.get(f"{process.url}/xrpc/_health").status_code for _ in range(20)]

    assert answers == [200] * 20
