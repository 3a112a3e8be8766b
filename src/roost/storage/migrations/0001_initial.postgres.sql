-- compat: 1

-- Ids are never given out twice: they are half of a node's key, and stand in caches and tokens.
CREATE TABLE account (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  did TEXT NOT NULL UNIQUE,
  handle TEXT NOT NULL UNIQUE,
  email TEXT UNIQUE,
  password TEXT,
  signing_key BYTEA NOT NULL,
  status TEXT,
  created_at BIGINT NOT NULL
);

-- Names of accounts whose DID is being made; a row is gone when its account stands or has failed.
CREATE TABLE reservation (
  handle TEXT PRIMARY KEY,
  email TEXT UNIQUE,
  did TEXT NOT NULL UNIQUE,
  invite TEXT,
  created_at BIGINT NOT NULL
);

-- Handles of deleted accounts, which nobody may take over for a while.
CREATE TABLE held_handle (
  handle TEXT PRIMARY KEY,
  until BIGINT NOT NULL
);

CREATE TABLE invite (
  code TEXT PRIMARY KEY,
  uses BIGINT NOT NULL,
  available BIGINT NOT NULL CHECK (available >= 0),
  disabled BIGINT NOT NULL DEFAULT 0,
  for_account TEXT NOT NULL,
  created_at BIGINT NOT NULL
);

CREATE TABLE invite_use (
  code TEXT NOT NULL,
  did TEXT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (code, did)
);

CREATE TABLE session (
  id TEXT PRIMARY KEY,
  account BIGINT NOT NULL,
  scope TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  next_id TEXT
);
-- wanted by: revoking all sessions of an account
CREATE INDEX session_of_account ON session (account);

-- `digest` is the SHA-256 of a token that was mailed; the token itself is kept nowhere.
CREATE TABLE mail_token (
  account BIGINT NOT NULL,
  purpose TEXT NOT NULL,
  digest BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account, purpose)
);
-- wanted by: using a token, which comes without an account
CREATE UNIQUE INDEX mail_token_digest ON mail_token (digest);

CREATE TABLE head (
  repo BIGINT PRIMARY KEY,
  cid BYTEA NOT NULL,
  rev TEXT COLLATE "C" NOT NULL,
  data BYTEA NOT NULL,
  block BYTEA NOT NULL,
  root BIGINT NOT NULL,
  next_n BIGINT NOT NULL
);

-- A row is one live node of a tree: k is repo << 32 | n, rewritten in place, so no stale row is ever left behind.
CREATE TABLE node (
  k BIGINT PRIMARY KEY,
  cid BYTEA NOT NULL,
  rev TEXT COLLATE "C" NOT NULL,
  block BYTEA NOT NULL,
  kids BYTEA NOT NULL
);

CREATE TABLE record (
  repo BIGINT NOT NULL,
  path TEXT COLLATE "C" NOT NULL,
  cid BYTEA NOT NULL,
  rev TEXT COLLATE "C" NOT NULL,
  block BYTEA NOT NULL,
  json BYTEA NOT NULL,
  PRIMARY KEY (repo, path)
);

-- Every commit that was ever a head, so that a past state can be named by rev or by CID.
CREATE TABLE past_commit (
  repo BIGINT NOT NULL,
  rev TEXT COLLATE "C" NOT NULL,
  cid BYTEA NOT NULL,
  PRIMARY KEY (repo, rev)
);

CREATE TABLE event (
  seq BIGINT PRIMARY KEY,
  account BIGINT NOT NULL,
  time BIGINT NOT NULL,
  frame BYTEA NOT NULL
);
-- wanted by: removing the events of a deleted account
CREATE INDEX event_of_account ON event (account);

-- The one counter behind every event's seq; it never goes back.
CREATE TABLE sequence (
  id BIGINT PRIMARY KEY CHECK (id = 1),
  last BIGINT NOT NULL
);
INSERT INTO sequence (id, last) VALUES (1, 0);

-- Deleted accounts of which some rows are left: a large one's are removed a few at a time.
CREATE TABLE removal (
  account BIGINT PRIMARY KEY,
  events_below BIGINT NOT NULL
);

-- Secrets of the server itself, sealed under the master key.
CREATE TABLE secret (
  name TEXT PRIMARY KEY,
  sealed BYTEA NOT NULL
);
