-- compat: 5

-- Service tokens that were used: a digest of each, until the token's own time is over (seconds since 1970).
CREATE TABLE service_token (
  id BLOB PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- wanted by: forgetting the tokens whose time is over
CREATE INDEX service_token_until ON service_token (until);

-- What an account has set in its apps: a JSON array of objects, each with its $type.
CREATE TABLE preference (
  account INTEGER PRIMARY KEY,
  json BLOB NOT NULL
) STRICT;

-- Reports to the moderators, where no service takes them. Ids are told to the reporter, and never given out twice.
CREATE TABLE report (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account INTEGER NOT NULL,
  did TEXT NOT NULL,
  reason_type TEXT NOT NULL,
  reason TEXT,
  subject TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
-- wanted by: how many an account has made lately; removing those of a deleted account
CREATE INDEX report_of_account ON report (account, created_at);
