-- What the doctor asks of the database.

-- name: server --
-- Version, size, where it keeps its files, its clock in seconds.
select current_setting('server_version_num')::int, current_setting('server_version'),
    pg_database_size(current_database()), current_setting('data_directory', true), extract(epoch from clock_timestamp())

-- name: migrations --
-- How many were applied.
select coalesce(max(number), 0) from schema_migration

-- name: gateways --
-- How many are in use.
select count(*) from gateway where retired_at is null and id <> %(canary)s

-- name: silent --
-- Who has been away for longer than a moment, the longest first.
select id from gateway where retired_at is null and id <> %(canary)s and online is false and online_changed_at < %(before)s
order by online_changed_at

-- name: never --
-- Who was registered some time ago and was never there.
select id from gateway where retired_at is null and id <> %(canary)s and online is null and created_at < %(before)s
order by created_at
