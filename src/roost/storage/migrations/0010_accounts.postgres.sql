-- compat: 10

-- Passwords that an account gives to programs; `digest` is keyed with a secret of the server's.
CREATE TABLE app_password (
  account BIGINT NOT NULL,
  name TEXT NOT NULL,
  digest BYTEA NOT NULL,
  privileged BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account, name)
);

-- Signing keys that coming accounts will have, sealed; `did` is NULL where nobody has said whose it will be.
CREATE TABLE reserved_key (
  signing_key TEXT PRIMARY KEY,
  did TEXT UNIQUE,
  sealed BYTEA NOT NULL,
  created_at BIGINT NOT NULL
);
-- wanted by: forgetting the oldest
CREATE INDEX reserved_key_by_age ON reserved_key (created_at);

-- Who made a code: `admin`, or the account that earned it, whose name it then also is given out in.
ALTER TABLE invite ADD COLUMN created_by TEXT NOT NULL DEFAULT 'admin';
-- wanted by: the codes of an account, in the order of their making, and disabling them
CREATE INDEX invite_of_account_by_age ON invite (for_account, created_at);

-- wanted by: deleting the accounts whose owners have said until when to keep them
CREATE INDEX account_delete_after ON account (delete_after) WHERE delete_after IS NOT NULL;
