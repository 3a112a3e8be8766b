"""What services refuse."""

import inspect

from roost.services import errors
from roost.services.errors import ServiceError


def test_the_tree_drawn_on_top_names_every_error() -> None:
    """Whoever reads the module's docstring knows all of its errors."""
    classes = [name for name, found in inspect.getmembers(errors, inspect.isclass) if issubclass(found, ServiceError)]

    assert errors.__doc__ is not None
    assert [name for name in classes if name not in errors.__doc__.split()] == []


def test_an_error_carries_its_message() -> None:
    """The text of a refusal is both what is logged and what is answered."""
    assert str(errors.InvalidSwap("Commit was at x")) == errors.InvalidSwap("Commit was at x").message
