"""How commands speak."""

import pytest
import typer

from roost.cli import output


def test_nothing_is_wrapped_or_coloured_for_a_program(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long DID in a narrow place stays one word, and what looks like markup stays text."""
    monkeypatch.setenv("COLUMNS", "20")
    long = f"did:web:{'x' * 100} [bold]:smile:"

    output.say(long, style="bold red")
    output.fields([("a", long), ("long name", "2")])

    assert capsys.readouterr().out == f"{long}\n  a          {long}\n  long name  2\n"


def test_a_failure_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a message looks like, it is a line on standard error."""
    with pytest.raises(typer.Exit) as done:
        output.fail("first\n  second", code=output.MISUSED)

    assert (done.value.exit_code, capsys.readouterr()) == (2, ("", "roost: first second\n"))


def test_progress_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    """In a pipe there is no bar."""
    with output.working("Counting", unit="blocks", total=10) as work:
        work.add(10)

    assert capsys.readouterr() == ("", "")


def test_progress_counts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """On a terminal it says how much is done."""
    monkeypatch.setenv("FORCE_COLOR", "1")

    with output.working("Counting", unit="blocks") as work:
        for _ in range(64):
            work.add(1000)

    assert "64 blocks, 64.0 KB" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 KB"), (2_500_000, "2.5 MB"), (3 * 10**12, "3,000.0 GB")],
)
def test_sizes(size: int, text: str) -> None:
    """Sizes have a unit that a person can picture."""
    assert output.size_text(size) == text
