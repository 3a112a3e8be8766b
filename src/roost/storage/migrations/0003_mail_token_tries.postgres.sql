-- compat: 3

-- Wrong tokens that somebody has presented for this one: after a few it is void.
ALTER TABLE mail_token ADD COLUMN tries BIGINT NOT NULL DEFAULT 0;
