-- compat: 11

-- What was done with the administrator's rights. It names accounts by their DIDs and outlives them: it is the operator's.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  method TEXT NOT NULL,
  actor TEXT NOT NULL,
  address TEXT,
  subject TEXT,
  did TEXT,
  changed TEXT NOT NULL,
  outcome TEXT NOT NULL
) STRICT;
-- wanted by: reading what was done to one account
CREATE INDEX audit_of_account ON audit (did, id);

CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is only added to');
END;
CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
BEGIN
  SELECT RAISE(ABORT, 'the audit log is only added to');
END;

-- wanted by: listing codes, the newest first
CREATE INDEX invite_by_age ON invite (created_at, code);
-- wanted by: listing codes, the most used first
CREATE INDEX invite_by_usage ON invite ((uses - available), code);
-- wanted by: which code admitted an account
CREATE INDEX invite_use_of_account ON invite_use (did);
