-- compat: 11

-- The audit log is only added to, and whoever tries anything else is told so, as SQLite's triggers tell.
DROP RULE audit_is_not_changed ON audit;
DROP RULE audit_is_not_shortened ON audit;

CREATE FUNCTION audit_is_only_added_to() RETURNS trigger LANGUAGE plpgsql AS '
BEGIN
  RAISE EXCEPTION ''the audit log is only added to'';
END
';

-- OR REPLACE because a script here is split where SQLite would: a plain CREATE TRIGGER would end with END.
CREATE OR REPLACE TRIGGER audit_is_only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
FOR EACH STATEMENT EXECUTE FUNCTION audit_is_only_added_to();
