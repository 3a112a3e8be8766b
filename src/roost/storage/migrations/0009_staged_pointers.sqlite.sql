-- compat: 9

-- What a staged record points to, packed; and whether one stands at its path, whose own pointers end with it.
ALTER TABLE staged_record ADD COLUMN pointers BLOB;
ALTER TABLE staged_record ADD COLUMN stood INTEGER NOT NULL DEFAULT 0;
