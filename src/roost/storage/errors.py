"""What can go wrong between a transaction and the disk, by name, and the same whichever engine is behind it.

    StorageError
    ├── DatabaseInUse              another process owns the data directory
    ├── DatabaseClosed             asked after close()
    ├── TransactionClosed          a Tx used after its function has returned
    ├── QueryFailed                the engine refused a statement
    │   ├── ConstraintFailed       it would have broken a UNIQUE, CHECK, NOT NULL or foreign key
    │   └── ReadOnly               it would have written, in a transaction that reads
    ├── CommitFailed               nothing of the batch may be taken for written
    ├── StreamStalled              the consumer of a stream stopped reading
    ├── ObjectMissing              an object that a blob needs is not there, or not all of it
    ├── ObjectStoreFailed          the object store refused, or did not answer
    ├── ReferenceUnreadable        a reference server's data directory is not as expected
    ├── ReferenceInUse             and its server is still running
    └── MigrationError
        ├── InvalidMigration       the migration files do not make sense
        ├── MigrationFailed        one of them failed, and was undone
        ├── MigrationChanged       a file is not the one that was applied
        └── SchemaTooNew           the database needs a newer Roost

Deliberately does not know the drivers, whose own errors stay reachable as `__cause__`, nor what a caller answers.
"""


class StorageError(Exception):
    """Something the storage could not do."""


class DatabaseInUse(StorageError):
    """Another process owns the data directory; `owner` is its process id, or None where that cannot be told."""

    def __init__(self, lock: str, owner: int | None) -> None:
        who = "another process" if owner is None else f"process {owner}"
        super().__init__(f"{who} is using this data directory (it holds {lock}); stop it first")
        self.owner = owner


class DatabaseClosed(StorageError):
    """The database was closed before this was asked of it."""


class TransactionClosed(StorageError):
    """A transaction was used after the function it was lent to had returned."""


class QueryFailed(StorageError):
    """The engine refused a statement. Whatever else the function did is undone with it."""


class ConstraintFailed(QueryFailed):
    """A statement would have broken a constraint of the schema."""


class ReadOnly(QueryFailed):
    """A statement would have written, in a transaction that only reads."""


class CommitFailed(StorageError):
    """The batch did not reach the disk, or nobody can tell whether it did: it must not be acknowledged."""


class StreamStalled(StorageError):
    """The consumer of a stream took nothing for so long that its snapshot was given up."""


class ObjectMissing(StorageError):
    """An object is not where it should be, or shorter than it was."""

    def __init__(self, name: str, what: str) -> None:
        super().__init__(f"object {name}: {what}")


class ObjectStoreFailed(StorageError):
    """The object store refused what was asked of it, or did not answer."""


class ReferenceUnreadable(StorageError):
    """A file of a reference server's data directory is missing, damaged, or not as this Roost knows it."""


class ReferenceInUse(StorageError):
    """The reference server whose data is to be read is still running."""


class MigrationError(StorageError):
    """The schema cannot be brought to where it should be."""


class InvalidMigration(MigrationError):
    """The migration files do not make sense: a gap, a missing header, an unfinished statement."""


class MigrationFailed(MigrationError):
    """A migration failed and was undone as a whole."""


class MigrationChanged(MigrationError):
    """The file of a migration that was applied is no longer the one that was applied."""


class SchemaTooNew(MigrationError):
    """A newer Roost has changed the database in a way that this one cannot run on."""
