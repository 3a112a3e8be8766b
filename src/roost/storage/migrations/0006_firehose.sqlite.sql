-- compat: 6

-- The next number lies above `floor`, wherever `last` is: what a copy of the database does not know was sent.
ALTER TABLE sequence ADD COLUMN floor INTEGER NOT NULL DEFAULT 0;
-- Up to here the log has gaps: what was older than is kept is removed, but for one event of each account.
ALTER TABLE sequence ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0;

-- What came of asking each relay to subscribe; `seq` is the last event when it last agreed.
CREATE TABLE crawl (
  relay TEXT PRIMARY KEY,
  asked_at INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  error TEXT,
  seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
