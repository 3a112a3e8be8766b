"""The tree of data errors."""

import pytest

from roost.data import errors


@pytest.mark.parametrize("name", ["InvalidCid", "InvalidCbor", "InvalidValue", "InvalidCar"])
def test_each_is_a_data_error_and_a_value_error(name: str) -> None:
    """Whoever reads foreign data can answer all of it in one place."""
    kind = getattr(errors, name)

    assert issubclass(kind, errors.DataError)
    assert issubclass(kind, ValueError)


@pytest.mark.parametrize("name", ["TruncatedCar", "OversizedCar", "BlockHashMismatch"])
def test_what_is_wrong_with_a_car_is_an_invalid_car(name: str) -> None:
    """A reader that does not care why can still catch one name."""
    assert issubclass(getattr(errors, name), errors.InvalidCar)
