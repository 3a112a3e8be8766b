"""What the documents promise is tried out: the README's tour and its library example run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from roost.api import methods, v2022
from roost.config import NAMES, PREFIX
from roost.library import bundled
from support.server import Roost

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language: str, section: str) -> list[str]:
    """Return the code blocks of a section of the README."""
    text = re.split(r"^## ", README, flags=re.MULTILINE)
    (found,) = [part for part in text if part.startswith(section)]
    return re.findall(rf"```{language}\n(.*?)```", found, flags=re.DOTALL)


@pytest.mark.slow
def test_the_tour_works_as_it_is_printed(own_roost: Roost, tmp_path: Path) -> None:
    """Every command of the tour succeeds, none is answered with an error, and the export is found to be valid."""
    script = "\n".join(["set -euo pipefail", *blocks("sh", "A tour")])
    here = script.replace("http://localhost:2583", own_roost.url).replace(
        ".venv/bin/", f"{Path(sys.executable).parent}/"
    )
    assert here.count(own_roost.url) == 1, "the tour names the server once"

    done = subprocess.run(
        ["bash", "-c", here],
        cwd=tmp_path,
        env=os.environ | {"ROOST_PLC_URL": own_roost.plc_url, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert '"error"' not in done.stdout
    assert done.stdout.count("at://did:plc:") >= 4
    assert "Signature  good" in done.stdout
    assert "No problems." in done.stdout


def test_the_library_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """The library makes a signed commit without a server."""
    (example,) = blocks("python", "As a library")

    exec(example, {})

    assert re.fullmatch(r"bafyrei\w+ \d+ bytes of CAR\n", capsys.readouterr().out)


def column(section: str) -> list[tuple[str, str]]:
    """Return each name in the first column of a section's table, with what stands beside it."""
    text = re.split(r"^###? ", README, flags=re.MULTILINE)
    (found,) = [part for part in text if part.startswith(section)]
    rows = [line.split("|") for line in found.splitlines() if line.startswith("| `")]
    return [(name, row[2].strip()) for row in rows for name in re.findall(r"`([^`]+)`", row[1])]


def todays() -> dict[str, str]:
    """Return today's methods in the README by their NSIDs, with what it says of them."""
    rows = column("Today's")
    assert len(dict(rows)) == len(rows), "a method has one row"
    return {name if name.startswith("app.") else f"com.atproto.{name}": told for name, told in rows}


def test_every_method_of_the_lexicon_has_its_row() -> None:
    """None is missing, none is unknown; those of `app.bsky` are the ones that are served here."""
    documents = [orjson.loads(path.read_bytes()) for path in bundled().glob("com/atproto/**/*.json")]
    callable_ = ("query", "procedure", "subscription")
    lexicon = {each["id"] for each in documents if each["defs"].get("main", {}).get("type") in callable_}

    named = set(todays())

    assert {nsid for nsid in named if nsid.startswith("com.atproto.")} == lexicon
    assert {nsid for nsid in named if nsid.startswith("app.")} == {
        method.nsid for method in methods.METHODS if method.nsid.startswith("app.")
    }


def test_the_methods_of_2022_have_their_rows() -> None:
    """Each once."""
    named = [f"com.atproto.{name}" for name, _ in column("`com.atproto.*` of October 2022")]

    assert sorted(named) == sorted(method.nsid for method in v2022.METHODS)


def test_what_the_table_says_is_served_is_served(roost: Roost) -> None:
    """A running server knows every other method, and answers 501 to those that are said not to be served."""
    refused = {nsid for nsid in todays() if roost.get(nsid).status_code == 501 and roost.post(nsid).status_code == 501}

    assert refused == {nsid for nsid, told in todays().items() if told.startswith("not served: ")}


def test_every_setting_has_its_row() -> None:
    """None is missing, none is there twice, none is unknown."""
    named = [name for name, _ in column("Running it for others")]

    assert sorted(named) == sorted(f"{PREFIX}{name.upper()}" for name in NAMES)


def test_documents_name_only_files_that_exist() -> None:
    """A path that ARCHITECTURE.md names is there."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    named = set(
        re.findall(r"`((?:api|http|services|storage|repo|lexicon|docs|tests|config)[\w/]*\.(?:py|md)|docs/\w+/)`", text)
    )

    assert named
    assert [
        name for name in sorted(named) if not (ROOT / "src/roost" / name).exists() and not (ROOT / name).exists()
    ] == []
