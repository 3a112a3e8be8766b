"""A report as JSON."""

from roost.cli.report import as_json
from roost.services import inspection
from support.repos import KEY, filled


def test_json_names_the_commit() -> None:
    """A machine gets every number, and CIDs as text."""
    repo = filled(2)
    assert repo.head is not None

    value = as_json(inspection.read([repo.export()]).judge(KEY.public))

    assert value["commit"] == str(repo.head.cid)
    assert value["data"] == str(repo.head.data)
    assert (value["did"], value["rev"], value["records"], value["unused"]) == (repo.did, repo.head.rev, 2, 0)


def test_json_of_nothing() -> None:
    """Where there is no commit there are nulls, and problems."""
    value = as_json(inspection.read([b""]).judge(None))

    assert (value["did"], value["commit"], value["signed"]) == (None, None, None)
    assert value["problems"]
