-- Telemetry: where readings are kept, written and read.

-- name: reading_exists --
-- Whether the table of readings is there.
select to_regclass('reading') is not null

-- name: timescaledb_available --
-- Whether this server offers the TimescaleDB extension.
select exists (select 1 from pg_available_extensions where name = 'timescaledb')

-- name: timescaledb_present --
-- Whether the table of readings is a hypertable.
select exists (select 1 from pg_extension where extname = 'timescaledb')
   and not exists (select 1 from pg_partitioned_table where partrelid = 'reading'::regclass)

-- name: create_extension --
-- TimescaleDB in this database.
create extension if not exists timescaledb

-- name: create_reading_hypertable --
-- Readings as a hypertable of one-day chunks.
create table reading (
    device_key integer not null,
    kind_id smallint not null,
    quality smallint,
    measured_at timestamptz not null,
    received_at timestamptz not null,
    value double precision not null
);
select create_hypertable('reading', 'measured_at', chunk_time_interval => interval '1 day', create_default_indexes => false);
create index reading_series on reading (device_key, kind_id, measured_at desc)

-- name: create_reading_partitioned --
-- Readings as native partitions of one day.
create table reading (
    device_key integer not null,
    kind_id smallint not null,
    quality smallint,
    measured_at timestamptz not null,
    received_at timestamptz not null,
    value double precision not null
) partition by range (measured_at);
create index reading_series on reading (device_key, kind_id, measured_at desc)

-- name: lock_storage --
-- One process at a time changes the storage of readings.
select pg_advisory_xact_lock(7809911814141391726)

-- name: partitions --
-- Names of the day partitions that stand.
select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
where i.inhparent = 'reading'::regclass order by c.relname

-- name: drop_chunks --
-- Drop whole chunks of readings older than a time.
select drop_chunks('reading', older_than => %(before)s::timestamptz)
