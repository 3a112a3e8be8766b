-- compat: 6

-- The next number lies above `floor`, wherever `last` is: what a copy of the database does not know was sent.
ALTER TABLE sequence ADD COLUMN floor BIGINT NOT NULL DEFAULT 0;
-- Up to here the log has gaps: what was older than is kept is removed, but for one event of each account.
ALTER TABLE sequence ADD COLUMN pruned BIGINT NOT NULL DEFAULT 0;

DROP INDEX event_of_account;
-- wanted by: removing the events of a deleted account, and those of any that have grown old
CREATE INDEX event_of_account ON event (account, seq);

-- What came of asking each relay to subscribe; `seq` is the last event when it last agreed.
CREATE TABLE crawl (
  relay TEXT PRIMARY KEY,
  asked_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  failures BIGINT NOT NULL,
  error TEXT,
  seq BIGINT NOT NULL
);
