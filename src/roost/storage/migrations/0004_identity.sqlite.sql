-- compat: 4

-- When the account's signing key was made: caches of unsealed keys go by it.
ALTER TABLE account ADD COLUMN signing_key_at INTEGER NOT NULL DEFAULT 0;
-- Since when the handle is known not to lead to the account.
ALTER TABLE account ADD COLUMN handle_invalid_at INTEGER;
-- When the identity is to be looked at next, and how often in a row nobody could tell.
ALTER TABLE account ADD COLUMN identity_due_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN identity_failures INTEGER NOT NULL DEFAULT 0;
-- wanted by: the account whose identity was looked at longest ago
CREATE INDEX account_identity_due ON account (identity_due_at);

-- Who gave the handle up, and may take it back; NULL where the account is gone.
ALTER TABLE held_handle ADD COLUMN did TEXT;
-- wanted by: freeing the handles that one account gave up longest ago
CREATE INDEX held_handle_of_did ON held_handle (did);

-- A change of an identity between its preparation and the answer of the PLC directory: the signed operation, and what
-- follows from it here. What a crash leaves is settled by what the directory has.
CREATE TABLE identity_change (
  account INTEGER PRIMARY KEY,
  operation BLOB NOT NULL,
  handle TEXT UNIQUE,
  signing_key BLOB,
  created_at INTEGER NOT NULL
) STRICT;

-- Accounts whose signing key is still to be replaced, of all for which that was asked.
CREATE TABLE key_rotation (
  account INTEGER PRIMARY KEY
) STRICT;

-- DID documents as they were received.
CREATE TABLE did_document (
  did TEXT PRIMARY KEY,
  document BLOB NOT NULL,
  fetched_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- wanted by: forgetting the oldest
CREATE INDEX did_document_fetched ON did_document (fetched_at);
