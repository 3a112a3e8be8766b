"""The `roost` program: what an operator does with a server, as words of a command line.

Commands check what was typed and tell what came of it; services do the work. It deliberately does not know SQL or how
HTTP is served, and never shows a traceback for what an operator can mend.
"""

import logging
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from roost import logs
from roost.app import VERSION
from roost.cli import (
    account,
    admin,
    blob,
    identity,
    import_reference,
    invite,
    key,
    migrate,
    moderation,
    relay,
    repo,
    reports,
    serve,
)
from roost.cli.output import FAILED, MISUSED, say, tell
from roost.config import ConfigError
from roost.running import MISTAKES

EPILOG = (
    "Settings come from the file of --config, from ROOST_* in the environment, and from options; the later ones win. "
    "Exit codes: 0 done; 1 not done, or a repository has problems; 2 a wrong setting, option or argument."
)

app = typer.Typer(
    name="roost",
    help="An AT Protocol Personal Data Server: the accounts and signed repositories of the people on it.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("serve")(serve.serve)
app.command("import-reference")(import_reference.import_reference)
for command in (
    moderation.takedown,
    moderation.restore,
    moderation.info,
    moderation.search,
    moderation.deactivate,
    moderation.activate,
):
    account.app.command()(command)
app.add_typer(account.app, name="account")
app.add_typer(admin.app, name="admin")
app.add_typer(blob.app, name="blob")
app.add_typer(identity.app, name="identity")
app.add_typer(invite.app, name="invite")
app.add_typer(migrate.app, name="migrate")
app.add_typer(repo.app, name="repo")
app.add_typer(relay.app, name="relay")
app.add_typer(reports.app, name="report")
app.add_typer(serve.plc, name="plc")
app.add_typer(key.app, name="key")


def _version(wanted: bool) -> None:
    if wanted:
        say(VERSION)
        raise typer.Exit


@app.callback()
def _roost(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> None:
    """Be the program."""
    logs.configure(logging.INFO)
    run()


def run(words: Sequence[str] | None = None) -> None:
    """Run the command that was typed, or that `words` make; ends in SystemExit with the command's code."""
    try:
        app(words)
    except ConfigError as error:
        tell(str(error))
        sys.exit(MISUSED)
    except (*MISTAKES, OSError) as error:
        tell(str(error))
        sys.exit(FAILED)
