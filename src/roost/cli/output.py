"""What a command says: answers on standard output, everything else on standard error, colour only for a terminal.

Lines are never wrapped or cut: a DID or a URL has to survive being copied. Deliberately does not know any command.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NoReturn

import orjson
import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

FAILED: Final = 1
"""The exit code of what was asked for and did not come to be, and of a repository with problems."""

MISUSED: Final = 2
"""The exit code of a wrong setting, option or argument: the same command will never work."""


def console(*, err: bool = False, width: int | None = None) -> Console:
    """Return a console of the stream as it is now; made anew each time because tests and shells replace the stream."""
    return Console(stderr=err, width=width, highlight=False, markup=False, emoji=False, soft_wrap=True)


def say(text: str = "", *, style: str | None = None) -> None:
    """Write a line of the answer."""
    console().print(Text(text, style=style or ""))


def note(text: str) -> None:
    """Write a line about the work, which is not its answer."""
    console(err=True).print(Text(text, style="dim"))


def tell(problem: str) -> None:
    """Write in one line what is wrong."""
    console(err=True).print(Text.assemble(("roost: ", "bold red"), " ".join(problem.split())))


def fail(problem: str, *, code: int = FAILED) -> NoReturn:
    """Say what is wrong, and end the command."""
    tell(problem)
    raise typer.Exit(code)


def fields(pairs: Iterable[tuple[str, str]]) -> None:
    """Write names and values, one a line, the values under each other."""
    listed = list(pairs)
    width = max(len(name) for name, _ in listed) + 2
    out = console()
    for name, value in listed:
        out.print(Text.assemble("  ", (name.ljust(width), "dim"), value))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write rows under their head, each column as wide as what stands in it."""
    listed = [head, *rows]
    widths = [max(len(row[column]) for row in listed) for column in range(len(head))]
    out = console()
    for row in listed:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        out.print(Text(line, style="dim" if row is head else ""))


def machine(value: object) -> None:
    """Write the answer as JSON."""
    typer.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def tabbed(cells: Iterable[str]) -> None:
    """Write a row whose cells programs such as cut and awk find."""
    typer.echo("\t".join(cells))


def is_terminal() -> bool:
    """Return whether a person reads the answer as it comes."""
    return sys.stdout.isatty()


class Work:
    """How far a piece of work has come."""

    def __init__(self, progress: Progress, unit: str, total: int | None) -> None:
        self._progress = progress
        self._unit = unit
        self._task = progress.add_task("", total=total, count="")
        self._done = 0
        self._count = 0

    def add(self, size: int, *, count: int = 1) -> None:
        """Note that `size` bytes more are done."""
        self._done += size
        self._count += count
        # Rich draws ten times a second, but an update takes a lock each time.
        if self._count % 64 == 0 or size > 65_536:
            self._progress.update(self._task, completed=self._done, count=self._text())

    def _text(self) -> str:
        return f"{self._count:,} {self._unit}, {size_text(self._done)}" if self._unit else size_text(self._done)


@contextmanager
def working(what: str, *, unit: str = "", total: int | None = None) -> Iterator[Work]:
    """Show progress while the block lasts, where a person can see it; `total` is in bytes, if it is known."""
    to = console(err=True)
    columns: list[ProgressColumn] = [SpinnerColumn(), TextColumn(what)]
    if total is not None:
        columns += [BarColumn(), TaskProgressColumn()]
    columns.append(TextColumn("{task.fields[count]}"))
    with Progress(*columns, console=to, transient=True, disable=not to.is_terminal) as progress:
        yield Work(progress, unit, total)


@contextmanager
def counting(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show how many of `total` things are done, where a person can see it; what is given is called once for each."""
    to = console(err=True)
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=to, transient=True, disable=not to.is_terminal) as progress:
        task = progress.add_task("", total=total)
        yield lambda: progress.advance(task)


def size_text(size: int) -> str:
    """Return a number of bytes as people say it."""
    amount = float(size)
    for unit in ("bytes", "KB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            break
        amount /= 1000
    return f"{amount:,.1f} {unit}" if unit != "bytes" else f"{size:,} bytes"
