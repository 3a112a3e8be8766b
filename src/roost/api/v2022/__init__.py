"""The `com.atproto.*` lexicon of October 2022, all 21 methods, on today's repositories.

Most methods are adapters onto today's (`adapt`); those without a current equal call a service. What differs on the
wire:

* Parameters stand in the query also on procedures, and a record is the whole body.
* `username` and `name` are both what is called a handle today, `tid` is any record key.
* Errors have the texts of the time (`errors`): a token that is no good in any way is 401 `Authentication Required`.
* `validate` is true unless it is false, and then a type without a schema is refused: `Schema not found`.
* Listing is oldest first, and `before` and `after` are bounds whatever the order is.
* Deleting what is not there succeeds, but not in a batch; putting what is not there creates it.
* The scheme before a token is spelled `Bearer`; today any case will do.
* A session's token lasts 90 days, cannot be refreshed, and is revoked by deleteSession.
* A CAR is `application/cbor`; `from` names an earlier commit, and what that state had is left out.
* `availableUserDomains` have no dot in front; today they have.
* `limit` above 100 gives 100.
"""

from typing import Final

from roost.api.method import Method
from roost.api.v2022 import accounts, records, repos

METHODS: Final[tuple[Method, ...]] = (*accounts.METHODS, *records.METHODS, *repos.METHODS)
