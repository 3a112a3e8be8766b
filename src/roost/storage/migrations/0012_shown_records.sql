-- compat: 12

-- What readers are sent of a record: the text of its CID and its JSON, as the members `cid` and `value` of an object. What
-- the column held until now, the JSON alone, is rewritten by `roost.storage.rewriting`.
ALTER TABLE record RENAME COLUMN json TO shown;

-- The same of what an interrupted import has staged, rewritten likewise.
ALTER TABLE staged_record RENAME COLUMN json TO shown;
