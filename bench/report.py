"""What is printed: first where it was measured, then a row for each load, as it ends, then how it compares."""

import os
import platform
import sqlite3
import sys
import sysconfig
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from bench.load import Measured, quantile
from bench.scenarios import Scenario
from roost.storage.sqlite_session import connect

COLUMNS: Final = (
    f"{'load/connections/accounts':<26}{'ops/s':>9}{'p50 ms':>9}{'p99 ms':>9}{'CPU us/op':>11}{'RSS MB':>8}"
    f"{'client':>8}{'stolen':>8}{'errors':>8}"
)
SYNCHRONOUS: Final = {0: "OFF", 1: "NORMAL", 2: "FULL", 3: "EXTRA"}


@dataclass(frozen=True, slots=True)
class Row:
    """One load's figures, in the units in which they are shown.

    `client` is the share of one processor that the load took itself, `stolen` that of all which the machine's host took
    for others: where it is not near zero, only the ratios of one run mean anything.
    """

    load: str
    connections: int
    accounts: int
    answers: int
    per_second: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    rss_mb: float
    client: float
    stolen: float
    errors: int
    note: str
    target: int | None


def row(scenario: Scenario, measured: Measured) -> Row:
    """Return the figures of a load that was run."""
    return Row(
        load=scenario.label,
        connections=scenario.connections,
        accounts=scenario.accounts,
        answers=len(measured.times),
        per_second=round(measured.rate, 1),
        p50_ms=round(quantile(measured.times, 0.50) * 1000, 3),
        p99_ms=round(quantile(measured.times, 0.99) * 1000, 3),
        cpu_us=round(measured.cpu_each * 1e6, 1),
        rss_mb=round(measured.rss / 1e6, 1),
        client=round(measured.client_cpu / measured.elapsed, 2),
        stolen=round(measured.stolen, 2),
        errors=measured.failures,
        note=scenario.note(measured),
        target=scenario.target,
    )


def line(row: Row) -> str:
    """Return a row as a line of the table."""
    figures = f"{row.per_second:>9,.0f}{row.p50_ms:>9.2f}{row.p99_ms:>9.2f}{row.cpu_us:>11,.0f}{row.rss_mb:>8.0f}"
    return f"{row.load:<26}{figures}{row.client:>8.0%}{row.stolen:>8.0%}{row.errors:>8}  {row.note}".rstrip()


def verdicts(rows: list[Row]) -> list[str]:
    """Return how the loads that have a target compare with it."""
    return [
        f"{row.load}: {row.per_second:,.0f}/s of {row.target:,}/s wanted: {row.per_second / row.target:.0%}"
        for row in rows
        if row.target is not None
    ]


def facts(data: Path) -> dict[str, str]:
    """Return what the figures depend on, by name."""
    return {
        "interpreter": f"{platform.python_implementation()} {platform.python_version()}, {sys.executable}",
        "optimised": _optimised(),
        "SQLite": f"{sqlite3.sqlite_version}, synchronous={_synchronous(data)}: each commit waits for the disk",
        "fdatasync": f"{_sync_seconds(data) * 1e6:,.0f} us for 4 KB appended in {data} (median of 50)",
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()} {platform.release()}",
        "load average": ", ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def as_json(facts: dict[str, str], rows: list[Row]) -> dict[str, object]:
    """Return the whole report for a program to read."""
    return {"facts": facts, "rows": [asdict(row) for row in rows]}


def _optimised() -> str:
    if "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""):
        return "yes (--enable-optimizations)"
    # Debian's rules profile the interpreter by a make target of their own, which leaves nothing in CONFIG_ARGS.
    if sys.base_prefix == "/usr" and Path("/etc/debian_version").exists():
        return "yes (Debian's own build; no --enable-optimizations in CONFIG_ARGS)"
    return "NO (no --enable-optimizations in CONFIG_ARGS): expect 1.3 to 1.8 times the CPU"


def _synchronous(data: Path) -> str:
    """Ask a connection that the server's own code opens."""
    connection = connect(data / "probe.sqlite", cache_mib=1, read_only=False)
    setting: int = connection.execute("PRAGMA synchronous").fetchone()[0]
    connection.close()
    return SYNCHRONOUS[setting]


def _sync_seconds(data: Path) -> float:
    times = []
    with (data / "probe").open("wb", buffering=0) as file:
        for _ in range(50):
            file.write(bytes(4096))
            started = perf_counter()
            os.fdatasync(file.fileno())
            times.append(perf_counter() - started)
    return median(times)
