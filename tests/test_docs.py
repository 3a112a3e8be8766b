"""What the documents promise is tried out: the README's tour and its library example run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from roost.api import methods, v2022
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


def test_every_method_is_in_the_table() -> None:
    """Whoever reads the README finds each method that is served."""
    served = [method.nsid for method in (*methods.METHODS, *methods.SUBSCRIPTIONS, *v2022.METHODS)]

    table = README.partition("## Methods")[2]
    missing = [
        nsid for nsid in served if f"`{nsid.rpartition('.')[2]}`" not in table and nsid.rpartition(".")[2] not in table
    ]

    assert missing == []


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
