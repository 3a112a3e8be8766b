"""A report on a repository, for people and for machines."""

from typing import Final

from roost.cli.output import fields, say, size_text
from roost.crypto.keys import PublicKey
from roost.services.inspection import Report

SHOWN: Final = 20
"""Problems told one by one: a block that is missing near the root brings thousands with it. JSON has all of them."""


def as_json(report: Report) -> dict[str, object]:
    """Return the report as JSON has it; `signed` is null where no key was at hand."""
    commit = report.commit
    return {
        "did": None if commit is None else commit.did,
        "rev": None if commit is None else commit.rev,
        "commit": None if commit is None else str(commit.cid),
        "data": None if commit is None else str(commit.data),
        "records": report.records,
        "collections": {str(name): count for name, count in report.collections.items()},
        "nodes": report.nodes,
        "layers": report.layers,
        "bytes": report.bytes,
        "unused": report.unused,
        "signed": report.signed,
        "problems": list(report.problems),
    }


def show(report: Report, *, key: PublicKey | None, unchecked: str | None, wanted: bool) -> None:
    """Write the judgement for a person."""
    _head(report)
    signature = f"not checked: {unchecked}"
    if report.signed is not None and key is not None:
        signature = f"{'good, by' if report.signed else 'WRONG, not by'} {key.did_key}"
    fields([*_sizes(report), ("Signature", signature)])
    say()
    if wanted and unchecked is not None and not report.problems:
        say("Not verified: the signature was not checked. --key names the key, --no-signature does without.")
        return
    _problems(report)


def show_stats(report: Report) -> None:
    """Write what the repository holds for a person."""
    _head(report)
    fields(_sizes(report))
    if report.collections:
        say()
        fields([(name, f"{count:,}") for name, count in report.collections.items()])
    if report.problems:
        say()
        _problems(report)


def _head(report: Report) -> None:
    if report.commit is not None:
        say(f"{report.commit.did} at {report.commit.rev}", style="bold")


def _sizes(report: Report) -> list[tuple[str, str]]:
    sizes = [] if report.commit is None else [("Commit", str(report.commit.cid))]
    sizes += [
        ("Records", f"{report.records:,} in {_many(len(report.collections), 'collection')}"),
        ("Tree", f"{_many(report.nodes, 'node')} in {_many(report.layers, 'layer')}"),
        ("Bytes", f"{report.bytes:,}" + (f" ({size_text(report.bytes)})" if report.bytes >= 1000 else "")),
    ]
    if report.unused:
        sizes.append(("Unused", f"{_many(report.unused, 'block')} that nothing links to"))
    return sizes


def _problems(report: Report) -> None:
    if not report.problems:
        say("No problems.", style="green")
        return
    say(f"{_many(len(report.problems), 'problem')}:", style="bold red")
    for problem in report.problems[:SHOWN]:
        say(f"  {problem}")
    if len(report.problems) > SHOWN:
        say(f"  and {len(report.problems) - SHOWN:,} more, which --json lists")


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
