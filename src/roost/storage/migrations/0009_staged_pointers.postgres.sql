-- compat: 9

-- What a staged record points to, packed; and whether one stands at its path, whose own pointers end with it.
ALTER TABLE staged_record ADD COLUMN pointers BYTEA;
ALTER TABLE staged_record ADD COLUMN stood BIGINT NOT NULL DEFAULT 0;
