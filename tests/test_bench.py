"""The load generator of `make bench`, run as it is run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from bench import budget, smoke

ROOT = Path(__file__).parent.parent


def bench(*words: str, module: str = "bench") -> subprocess.CompletedProcess[str]:
    """Run the command."""
    command = [sys.executable, "-m", module, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_a_load_is_measured_and_told(tmp_path: Path) -> None:
    """One short load: its row has a rate, times, the server's CPU and memory, and not one wrong answer."""
    report = tmp_path / "report.json"

    done = bench("--seconds", "0.5", "--scenario", "createRecord/8/1", "--json", str(report), "--data", str(tmp_path))

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(report.read_bytes())
    (row,) = told["rows"]
    assert row["errors"] == 0
    assert row["p99_ms"] >= row["p50_ms"] > 0
    assert min(row["per_second"], row["cpu_us"], row["rss_mb"]) > 0
    assert {"interpreter", "optimised", "SQLite", "machine", "load average"} <= told["facts"].keys()


def test_an_unknown_load_is_refused_with_those_there_are() -> None:
    """A misspelt name runs nothing, and the names are printed."""
    done = bench("--scenario", "creates")

    assert done.returncode == 2
    assert "createRecord/8/1" in done.stdout


def test_an_unknown_load_is_not_compared_either() -> None:
    """The comparison knows its own loads, and prints them."""
    done = bench("--scenario", "creates", module="bench.versus")

    assert done.returncode == 2
    assert "createRecord/8/50" in done.stdout


@pytest.mark.slow
def test_an_operation_falls_into_parts(tmp_path: Path) -> None:
    """The budget of a load names parts of it, whose shares come to the whole."""
    done = bench("--seconds", "1.5", "--scenario", "getRecord/8/1", "--data", str(tmp_path), module="bench.budget")

    assert done.returncode == 0, done.stdout + done.stderr
    _, _, table = done.stdout.partition("getRecord/8/1: ")
    shares = [float(line.split()[-1].removesuffix("%")) for line in table.splitlines()[1:]]
    assert 95 < sum(shares) < 101
    names = {line.rpartition(" us")[0].rstrip("0123456789 ").strip() for line in table.splitlines()}
    assert {"rows", "answer", "HTTP"} <= names


def test_a_sample_is_of_the_first_part_that_it_touches() -> None:
    """Reading a session is the token's business, whatever it calls."""
    stack = [
        "/x/roost/storage/sqlite_session.py:one",
        "/x/roost/services/sessions.py:_caller",
        "/x/uvloop/__init__.py:run",
    ]

    assert budget.part_of(stack) == "token and session"
    assert budget.part_of(stack[:1]) == "batch, COMMIT, settling"
    assert budget.part_of(stack[2:]) == "event loop, sockets, waiting threads"


def test_what_has_lost_a_third_of_its_speed_is_too_dear() -> None:
    """Up to three tenths less in the same time pass; what there is no baseline for does too."""
    found = {"a": 1.4, "b": 1.5, "c": 0.5, "new": 9.0}

    assert smoke.too_dear(found, {"a": 1.0, "b": 1.0, "c": 1.0}) == ["b"]


def test_the_baseline_has_every_load_of_the_smoke_test() -> None:
    """Otherwise one of them would not be held against anything."""
    assert json.loads(smoke.BASELINE.read_bytes()).keys() == set(smoke.LOADS)


@pytest.mark.slow
def test_growth_is_measured_and_compared(tmp_path: Path) -> None:
    """Small sizes of both kinds: each has a row, its export every record, and the crowd its repositories."""
    out = tmp_path / "growth.json"
    sizes = ("--records", "120", "300", "--accounts", "30", "--seconds", "0.3", "--json", str(out))

    done = bench(*sizes, "--data", str(tmp_path), module="bench.growth")

    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(out.read_bytes())["rows"]
    assert [(row["records"], row["accounts"]) for row in rows] == [(120, 1), (300, 1), (1000, 30)]
    assert all(min(row["ready"], row["export"], row["disk"], *row["cpu_us"].values()) > 0 for row in rows)
    assert "createRecord at 300 records costs" in done.stdout


@pytest.mark.slow
def test_a_mixed_load_is_measured_minute_by_minute(tmp_path: Path) -> None:
    """Two short minutes: no answer is wrong, and every subscriber is sent the same."""
    out = tmp_path / "mixed.json"
    words = ("--minutes", "2", "--minute", "1", "--subscribers", "5", "--json", str(out), "--data", str(tmp_path))

    done = bench(*words, module="bench.mixed")

    assert done.returncode == 0, done.stdout + done.stderr
    rows = json.loads(out.read_bytes())["rows"]
    assert [(row["minute"], row["errors"]) for row in rows] == [(1, 0), (2, 0)]
    assert all(len(row["p99_by_kind"]) == 6 and row["per_second"] > 0 for row in rows)
    assert "each of 5 subscribers was sent the same" in done.stdout
