-- compat: 7

-- Repositories on their way in: what a whole repository changes is written here a little at a time. With a commit, it has
-- been decided on: its rows move to their place, also after a crash. Without one it is nothing yet, and may be dropped.
CREATE TABLE staging (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account BIGINT NOT NULL,
  begun_at BIGINT NOT NULL,
  signed BYTEA,
  root BIGINT NOT NULL DEFAULT 0,
  next_n BIGINT NOT NULL DEFAULT 0
);
-- wanted by: whether a repository may be read, and the end of an account
CREATE INDEX staging_of_account ON staging (account);

-- k is staging << 32 | a number in order of writing. Without a cid, the node of that number is to go.
CREATE TABLE staged_node (
  k BIGINT PRIMARY KEY,
  n BIGINT NOT NULL,
  cid BYTEA,
  block BYTEA,
  kids BYTEA
);

-- Without a cid, the record at that path is to go.
CREATE TABLE staged_record (
  k BIGINT PRIMARY KEY,
  path TEXT NOT NULL,
  cid BYTEA,
  block BYTEA,
  json BYTEA
);
