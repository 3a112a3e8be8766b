"""The errors' tree, as other packages rely on it."""

import pytest

from roost.storage import errors
from roost.storage.errors import DatabaseInUse, MigrationError, QueryFailed, StorageError


@pytest.mark.parametrize(
    ("kind", "of"),
    [
        (errors.ConstraintFailed, QueryFailed),
        (errors.ReadOnly, QueryFailed),
        (errors.SchemaTooNew, MigrationError),
        (errors.MigrationChanged, MigrationError),
        (errors.MigrationFailed, MigrationError),
        (errors.InvalidMigration, MigrationError),
        (errors.CommitFailed, StorageError),
        (errors.StreamStalled, StorageError),
        (errors.TransactionClosed, StorageError),
        (errors.DatabaseClosed, StorageError),
    ],
)
def test_each_error_is_one_of_a_wider_kind(kind: type[StorageError], of: type[StorageError]) -> None:
    """So a caller can catch as much as it can answer."""
    assert issubclass(kind, of)
    assert issubclass(of, StorageError)


def test_an_operator_is_told_what_to_do_about_a_second_server() -> None:
    """Which process, and which file says so."""
    assert (
        str(DatabaseInUse("/data/roost.lock", 42))
        == "process 42 is using this data directory (it holds /data/roost.lock); stop it first"
    )
