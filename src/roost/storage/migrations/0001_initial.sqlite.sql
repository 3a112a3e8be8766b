-- compat: 1

-- Ids are never given out twice: they are half of a node's key, and stand in caches and tokens.
CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  did TEXT NOT NULL UNIQUE,
  handle TEXT NOT NULL UNIQUE,
  email TEXT UNIQUE,
  password TEXT,
  signing_key BLOB NOT NULL,
  status TEXT,
  created_at INTEGER NOT NULL
) STRICT;

-- Names of accounts whose DID is being made; a row is gone when its account stands or has failed.
CREATE TABLE reservation (
  handle TEXT PRIMARY KEY,
  email TEXT UNIQUE,
  did TEXT NOT NULL UNIQUE,
  invite TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Handles of deleted accounts, which nobody may take over for a while.
CREATE TABLE held_handle (
  handle TEXT PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invite (
  code TEXT PRIMARY KEY,
  uses INTEGER NOT NULL,
  available INTEGER NOT NULL CHECK (available >= 0),
  disabled INTEGER NOT NULL DEFAULT 0,
  for_account TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE invite_use (
  code TEXT NOT NULL,
  did TEXT NOT NULL,
  used_at INTEGER NOT NULL,
  PRIMARY KEY (code, did)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  id TEXT PRIMARY KEY,
  account INTEGER NOT NULL,
  scope TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  next_id TEXT
) STRICT, WITHOUT ROWID;
-- wanted by: revoking all sessions of an account
CREATE INDEX session_of_account ON session (account);

-- `digest` is the SHA-256 of a token that was mailed; the token itself is kept nowhere.
CREATE TABLE mail_token (
  account INTEGER NOT NULL,
  purpose TEXT NOT NULL,
  digest BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account, purpose)
) STRICT, WITHOUT ROWID;
-- wanted by: using a token, which comes without an account
CREATE UNIQUE INDEX mail_token_digest ON mail_token (digest);

CREATE TABLE head (
  repo INTEGER PRIMARY KEY,
  cid BLOB NOT NULL,
  rev TEXT NOT NULL,
  data BLOB NOT NULL,
  block BLOB NOT NULL,
  root INTEGER NOT NULL,
  next_n INTEGER NOT NULL
) STRICT;

-- A row is one live node of a tree: k is repo << 32 | n, rewritten in place, so no stale row is ever left behind.
CREATE TABLE node (
  k INTEGER PRIMARY KEY,
  cid BLOB NOT NULL,
  rev TEXT NOT NULL,
  block BLOB NOT NULL,
  kids BLOB NOT NULL
) STRICT;

CREATE TABLE record (
  repo INTEGER NOT NULL,
  path TEXT NOT NULL,
  cid BLOB NOT NULL,
  rev TEXT NOT NULL,
  block BLOB NOT NULL,
  json BLOB NOT NULL,
  PRIMARY KEY (repo, path)
) STRICT, WITHOUT ROWID;

-- Every commit that was ever a head, so that a past state can be named by rev or by CID.
CREATE TABLE past_commit (
  repo INTEGER NOT NULL,
  rev TEXT NOT NULL,
  cid BLOB NOT NULL,
  PRIMARY KEY (repo, rev)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  time INTEGER NOT NULL,
  frame BLOB NOT NULL
) STRICT;
-- wanted by: removing the events of a deleted account
CREATE INDEX event_of_account ON event (account);

-- The one counter behind every event's seq; it never goes back.
CREATE TABLE sequence (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL
) STRICT;
INSERT INTO sequence (id, last) VALUES (1, 0);

-- Deleted accounts of which some rows are left: a large one's are removed a few at a time.
CREATE TABLE removal (
  account INTEGER PRIMARY KEY,
  events_below INTEGER NOT NULL
) STRICT;

-- Secrets of the server itself, sealed under the master key.
CREATE TABLE secret (
  name TEXT PRIMARY KEY,
  sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;
