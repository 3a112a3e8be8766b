"""One data directory belongs to one process: a second one is told so, and the first does not notice."""

from contextlib import closing
from pathlib import Path

import pytest

from support.audit import Auditor
from support.process import PATIENCE, ServerProcess
from support.storm import Line, Writer, register

pytestmark = [pytest.mark.slow]


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    """It ends with an error that names the owner; once the owner was killed, another may have the directory."""
    first = ServerProcess(tmp_path / "data", tmp_path / "first.log")
    second = ServerProcess(tmp_path / "data", tmp_path / "second.log")
    try:
        first.start()
        with closing(Line(first.port)) as line:
            writer = Writer(register(line, "alice"), "w", 1)
            for _ in range(20):
                writer.write(line)

            refused = second.spawn()
            code = refused.wait(PATIENCE)

            assert code not in (0, None)
            assert f"process {first.running.pid} is using this data directory" in second.told()
            assert "Traceback" not in second.told()
            for _ in range(20):
                writer.write(line)
        Auditor(first).audit([writer], [writer.account])
        first.kill()
        second.start()
        Auditor(second).audit([writer], [writer.account])
    finally:
        first.end()
        second.end()
