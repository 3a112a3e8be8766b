-- compat: 11

-- The audit log refuses aloud already.
