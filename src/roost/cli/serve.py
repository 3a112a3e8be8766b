"""`roost serve` and `roost plc serve`: the process that answers, and what it says when it is ready."""

import os
import sys
from importlib.metadata import version
from pathlib import Path
from shutil import which
from typing import Annotated, Final

import typer

from roost import running
from roost.app import Server
from roost.cli.output import fields, say
from roost.cli.settings import File
from roost.config import Config, load

plc = typer.Typer(no_args_is_help=True, help="Run a PLC directory of one's own.")

PLC_PORT: Final = 2582
"""One below a server's usual port, where `serve --dev` has its own."""

Dir = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Where everything is kept.", show_default="data")
]


def serve(
    dev: Annotated[
        bool,
        typer.Option("--dev", help="A network without the internet: a PLC directory one port below, mail in files."),
    ] = False,
    host: Annotated[str | None, typer.Option(help="The address to listen on.", show_default="127.0.0.1")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on.", show_default="2583")] = None,
    data: Dir = None,
    config: File = None,
) -> None:
    """Run the server until it is told to stop (Ctrl+C, or SIGTERM), which finishes what is under way and exits 0."""
    flags = {"dev": dev or None, "host": host, "port": port, "data": data}
    running.run(load(config, os.environ, flags), _ready)


@plc.callback()
def _plc() -> None:
    """Keep `serve` a word of its own."""


@plc.command("serve")
def plc_serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on.", min=1, max=65535)] = PLC_PORT,
    data: Dir = None,
) -> None:
    """Run a PLC directory for tests and networks without the internet, on DIR/plc, which `serve --dev` uses too."""
    folder = load(None, os.environ, {"data": data}).data

    def ready() -> None:
        say("The PLC directory is ready.", style="bold green")
        fields([("Listening", url_of(host, port)), ("Data", str((folder / "plc").absolute()))])

    running.run_plc(folder, host=host, port=port, on_ready=ready)


def _ready(server: Server) -> None:
    config = server.config
    say(f"Roost {version('roost')} is ready.", style="bold green")
    fields(_facts(server))
    say()
    say("Three things to try:")
    for command in tries(config):
        say(f"  {command}")


def _facts(server: Server) -> list[tuple[str, str]]:
    config = server.config
    facts = [("Server", config.public_url)]
    if url_of(config.host, config.port) != config.public_url:
        facts.append(("Listening", url_of(config.host, config.port)))
    facts.append(("PLC directory", config.plc_url))
    facts += [("Data", str(config.data.absolute())), ("Mail", mail(config))]
    facts.append(("Admin password", server.admin_password if config.dev else _where_password(config)))
    return facts


def mail(config: Config) -> str:
    """Say where mails go."""
    if config.smtp_url is not None:
        return f"sent through the server in ROOST_SMTP_URL, from {config.mail_from}"
    if config.dev:
        return f"{(config.data / 'mail').absolute()}, a file each"
    return "none is sent: set ROOST_SMTP_URL and ROOST_MAIL_FROM"


def _where_password(config: Config) -> str:
    if config.admin_password is not None:
        return "as set in ROOST_ADMIN_PASSWORD"
    return f"in {(config.data / 'admin-password').absolute()}"


def tries(config: Config) -> list[str]:
    """Return three commands worth trying."""
    url = config.public_url
    if not config.dev:
        return [
            f"curl {url}/xrpc/com.atproto.server.describeServer",
            f"{_program()} invite create --url {url_of(config.host, config.port)} --data {config.data}",
            f"{_program()} repo verify HANDLE --url {url}",
        ]
    handle = f"alice{config.handle_domains[0]}"
    account = f'{{"handle": "{handle}", "email": "alice@mail.test", "password": "correct horse"}}'
    return [
        f"curl {url}/xrpc/com.atproto.server.createAccount --json '{account}'",
        f"curl '{url}/xrpc/com.atproto.repo.describeRepo?repo={handle}'",
        f"{_program()} repo verify {handle} --url {url} --plc {config.plc_url}",
    ]


def url_of(host: str, port: int) -> str:
    """Return where a browser on this machine finds what listens on that address."""
    here = {"0.0.0.0": "localhost", "::": "localhost", "127.0.0.1": "localhost"}.get(host, host)  # noqa: S104
    return f"http://[{here}]:{port}" if ":" in here else f"http://{here}:{port}"


def _program() -> str:
    """Return how to call this program from where it was called, which may not be on the PATH."""
    return "roost" if which("roost") else sys.argv[0]
