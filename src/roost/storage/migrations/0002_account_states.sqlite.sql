-- compat: 2

-- `status` is what follows of the two states below, a takedown first; it is kept because every request reads it.
ALTER TABLE account ADD COLUMN takedown_ref TEXT;
ALTER TABLE account ADD COLUMN deactivated_at INTEGER;
ALTER TABLE account ADD COLUMN delete_after INTEGER;
ALTER TABLE account ADD COLUMN email_confirmed_at INTEGER;
ALTER TABLE account ADD COLUMN invites_disabled INTEGER NOT NULL DEFAULT 0;

-- The app password that a session was opened with; NULL for the account's own.
ALTER TABLE session ADD COLUMN app_password TEXT;
