-- compat: 12

-- What readers are sent of a record: the text of its CID and its JSON, as the members `cid` and `value` of an object. What
-- the column held until now, the JSON alone, is rewritten by `roost.storage.rewriting`.
ALTER TABLE record RENAME COLUMN json TO shown;

-- Nothing is staged while a server starts.
ALTER TABLE staged_record RENAME COLUMN json TO shown;
