-- What readiness asks of the database.

-- name: migrated --
-- The newest migration that was applied.
select coalesce(max(number), 0) from schema_migration
