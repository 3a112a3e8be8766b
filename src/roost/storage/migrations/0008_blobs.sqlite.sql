-- compat: 8

-- What an account has uploaded, or what its records refer to and nobody has uploaded yet: then `object` is NULL.
-- `temporary_since` is when a blob that no record refers to was uploaded; NULL once one does.
CREATE TABLE blob (
  account INTEGER NOT NULL,
  cid BLOB NOT NULL,
  mime_type TEXT NOT NULL,
  size INTEGER NOT NULL,
  object TEXT,
  temporary_since INTEGER,
  takedown_ref TEXT,
  PRIMARY KEY (account, cid)
) STRICT, WITHOUT ROWID;
-- wanted by: collecting what nobody has referred to in time
CREATE INDEX blob_temporary ON blob (temporary_since) WHERE temporary_since IS NOT NULL;
-- wanted by: listing an account's missing blobs, and counting them
CREATE INDEX blob_missing ON blob (account, cid) WHERE object IS NULL;
-- wanted by: telling what in the object store is nobody's
CREATE UNIQUE INDEX blob_object ON blob (object) WHERE object IS NOT NULL;

-- Which record refers to which blob, and the rev of the commit that wrote the record.
CREATE TABLE record_blob (
  account INTEGER NOT NULL,
  cid BLOB NOT NULL,
  path TEXT NOT NULL,
  rev TEXT NOT NULL,
  PRIMARY KEY (account, cid, path)
) STRICT, WITHOUT ROWID;
-- wanted by: writing over a record, or taking it away
CREATE INDEX record_blob_of_path ON record_blob (account, path);

-- Bytes of all blobs that an account has uploaded; no row is none.
CREATE TABLE blob_usage (
  account INTEGER PRIMARY KEY,
  bytes INTEGER NOT NULL
) STRICT;

-- Objects to be removed from the object store once it is `due`; one that is being uploaded is due when that takes too
-- long.
CREATE TABLE doomed_object (
  object TEXT PRIMARY KEY,
  due INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- wanted by: removing what is due
CREATE INDEX doomed_object_due ON doomed_object (due);

-- Whom or what a like, repost, follow or block is for.
CREATE TABLE backlink (
  account INTEGER NOT NULL,
  path TEXT NOT NULL,
  collection TEXT NOT NULL,
  subject TEXT NOT NULL,
  PRIMARY KEY (account, path)
) STRICT, WITHOUT ROWID;
-- wanted by: finding an earlier record for the same subject
CREATE INDEX backlink_of_subject ON backlink (account, collection, subject);

-- Records that the administrator has hidden from readers. They stay in the repository.
CREATE TABLE record_takedown (
  account INTEGER NOT NULL,
  path TEXT NOT NULL,
  ref TEXT NOT NULL,
  PRIMARY KEY (account, path)
) STRICT, WITHOUT ROWID;
