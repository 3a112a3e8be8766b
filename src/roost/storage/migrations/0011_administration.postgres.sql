-- compat: 11

-- What was done with the administrator's rights. It names accounts by their DIDs and outlives them: it is the operator's.
CREATE TABLE audit (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at BIGINT NOT NULL,
  method TEXT NOT NULL,
  actor TEXT NOT NULL,
  address TEXT,
  subject TEXT,
  did TEXT,
  changed TEXT NOT NULL,
  outcome TEXT NOT NULL
);
-- wanted by: reading what was done to one account
CREATE INDEX audit_of_account ON audit (did, id);

-- It is only added to. A trigger would say so aloud, but takes a function, which a script here cannot hold.
CREATE RULE audit_is_not_changed AS ON UPDATE TO audit DO INSTEAD NOTHING;
CREATE RULE audit_is_not_shortened AS ON DELETE TO audit DO INSTEAD NOTHING;

-- wanted by: listing codes, the newest first
CREATE INDEX invite_by_age ON invite (created_at, code);
-- wanted by: listing codes, the most used first
CREATE INDEX invite_by_usage ON invite ((uses - available), code);
-- wanted by: which code admitted an account
CREATE INDEX invite_use_of_account ON invite_use (did);
