"""What stands in for the cursor of a transaction that has ended.

So an open one need not be asked whether it still is, with every statement. Deliberately does not know the engines.
"""

from typing import Final, NoReturn

from roost.storage.errors import TransactionClosed


class Closed:
    """A cursor that raises TransactionClosed, whatever it is asked."""

    def execute(self, _sql: object, _args: object) -> NoReturn:
        """Refuse a statement."""
        raise closed()

    def executemany(self, _sql: object, _rows: object) -> NoReturn:
        """Refuse a statement."""
        raise closed()


CLOSED: Final = Closed()


def closed() -> TransactionClosed:
    """Return the error that says so."""
    return TransactionClosed("this transaction ended when the function it was lent to returned")
