-- Telemetry: where readings are kept, written and read.

-- name: reading_exists --
-- Whether the table of readings is there.
select to_regclass('reading') is not null

-- name: reading_hour_exists --
-- Whether the table of hours is there.
select to_regclass('reading_hour') is not null

-- name: timescaledb_usable --
-- Whether TimescaleDB is in this database, or loaded by the server and ours to create.
select exists (select 1 from pg_extension where extname = 'timescaledb') or case
    when (select rolsuper from pg_roles where rolname = current_user)
        then current_setting('shared_preload_libraries') like '%timescaledb%'
            and exists (select 1 from pg_available_extensions where name = 'timescaledb')
    else false end

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

-- name: create_reading_hour_hypertable --
-- What the readings of an hour were, as a hypertable of one-week chunks.
create table reading_hour (
    device_key integer not null,
    kind_id smallint not null,
    quality smallint,
    count integer not null,
    at timestamptz not null,
    first_at timestamptz not null,
    mean double precision not null,
    low double precision not null,
    high double precision not null,
    last double precision not null
);
select create_hypertable('reading_hour', 'at', chunk_time_interval => interval '7 days', create_default_indexes => false);
create unique index reading_hour_series on reading_hour (device_key, kind_id, at)

-- name: create_reading_hour_partitioned --
-- What the readings of an hour were, as native partitions of one day.
create table reading_hour (
    device_key integer not null,
    kind_id smallint not null,
    quality smallint,
    count integer not null,
    at timestamptz not null,
    first_at timestamptz not null,
    mean double precision not null,
    low double precision not null,
    high double precision not null,
    last double precision not null
) partition by range (at);
create unique index reading_hour_series on reading_hour (device_key, kind_id, at)

-- name: lock_storage --
-- One process at a time changes the storage of readings.
select pg_advisory_xact_lock(7809911814141391726)

-- name: partitions --
-- Names, bounds and sizes of the partitions that stand, oldest first.
select name, (bounds)[1]::timestamptz, (bounds)[2]::timestamptz, pg_relation_size(oid), pg_total_relation_size(oid)
from (
    select c.oid, c.relname::text as name,
        regexp_match(pg_get_expr(c.relpartbound, c.oid), $$FROM \('(.+)'\) TO \('(.+)'\)$$) as bounds
    from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = %(table)s::regclass
) p order by 2

-- name: chunks --
-- The same of TimescaleDB's chunks.
select chunk_name::text, range_start, range_end,
    pg_relation_size(format('%%I.%%I', chunk_schema, chunk_name)::regclass),
    pg_total_relation_size(format('%%I.%%I', chunk_schema, chunk_name)::regclass)
from timescaledb_information.chunks where hypertable_name = %(table)s order by range_start

-- name: drop_chunks --
-- Drop whole chunks that are older than a time.
select drop_chunks(%(table)s::regclass, older_than => %(before)s::timestamptz)

-- name: take_runs --
-- Note batches of runs of which none of these was seen, and name the other runs, whose rows are held, too.
-- In order, so that two ingestors never wait for each other in a ring. Runs with many gaps are not for here.
with come as (
    select g, r, range_agg(int8range(seq, seq, '[]')) as seen
    from unnest(%(gateway_ids)s::text[], %(runs)s::text[], %(seqs)s::bigint[]) as w (g, r, seq)
    group by g, r
), taken as (
    insert into batch_seen as b (gateway_id, run, seen, changed_at)
    select g, r, seen, %(now)s::timestamptz from come order by g, r
    on conflict (gateway_id, run) do update set seen = b.seen + excluded.seen, changed_at = excluded.changed_at
    where not b.seen && excluded.seen and pg_column_size(b.seen) < 8000
    returning gateway_id, run
)
select g, r from come except select gateway_id, run from taken

-- name: seen_batches --
-- Which of these batches are stored already, in the order of the arguments.
select b.seen @> w.seq
from unnest(%(gateway_ids)s::text[], %(runs)s::text[], %(seqs)s::bigint[]) with ordinality as w (g, r, seq, n)
join batch_seen b on b.gateway_id = w.g and b.run = w.r
order by w.n

-- name: mark_batches --
-- These batches are stored with this transaction; more than 1000 gaps are closed from below.
update batch_seen b set
    seen = case when n.ranges > 1000
        then int8multirange(int8range(lower(n.seen), n.closed_to)) + n.seen else n.seen end,
    changed_at = %(now)s
from (
    select gateway_id, run, seen,
        (select count(*) from unnest(seen)) as ranges,
        (select upper(r) from unnest(seen) with ordinality as u (r, k)
         where k = (select count(*) / 2 from unnest(seen))) as closed_to
    from (
        select o.gateway_id, o.run, o.seen + a.added as seen
        from (
            select g, r, range_agg(int8range(seq, seq, '[]')) as added
            from unnest(%(gateway_ids)s::text[], %(runs)s::text[], %(seqs)s::bigint[]) as w (g, r, seq)
            group by g, r
        ) a
        join batch_seen o on o.gateway_id = a.g and o.run = a.r
    ) joined
) n
where b.gateway_id = n.gateway_id and b.run = n.run

-- name: forget_runs --
-- Runs that sent nothing for so long that no gateway holds their batches any more.
delete from batch_seen where changed_at < %(before)s

-- name: device_keys --
-- The keys of devices by their wire ids.
select id, key from device where id = any(%(ids)s)

-- name: add_devices --
-- Devices that nobody registered: their readings are kept until somebody does.
insert into device (id, registered, created_at)
select id, false, %(now)s from unnest(%(ids)s::text[]) as t (id) order by id
on conflict do nothing

-- name: kind_ids --
-- The numbers of reading kinds by their names.
select name, id from reading_kind where name = any(%(names)s)

-- name: add_kinds --
-- Kinds that are new here, known or raw, while there are fewer than 5000.
insert into reading_kind (name)
select name from unnest(%(names)s::text[]) as t (name)
where (select count(*) from reading_kind) < 5000
order by name
on conflict do nothing

-- name: gateway_homes --
-- For which home a gateway speaks; a protocol gateway speaks for every home.
select id, kind, home_id from gateway where id = any(%(ids)s) and retired_at is null

-- name: installations_of --
-- Where and when devices were installed.
select device_key, home_id, lower(valid), upper(valid) from installation where device_key = any(%(keys)s)

-- name: boot_at --
-- When a gateway without a clock started, as far as is known.
select boot_at from boot_clock where gateway_id = %(gateway_id)s and boot = %(boot)s

-- name: learn_boot --
-- A message cannot have been sent before it was written: the boot was no later than this.
insert into boot_clock (gateway_id, boot, boot_at, changed_at) values (%(gateway_id)s, %(boot)s, %(boot_at)s, %(now)s)
on conflict (gateway_id, boot) do update
set boot_at = excluded.boot_at, changed_at = excluded.changed_at
where excluded.boot_at < boot_clock.boot_at

-- name: copy_readings --
-- The road of nearly all rows: binary columns.
copy reading (device_key, kind_id, quality, measured_at, received_at, value) from stdin (format binary)

-- name: copy_readings_plain --
-- The same for readings without a quality.
copy reading (device_key, kind_id, measured_at, received_at, value) from stdin (format binary)

-- name: move_last --
-- The newest value of each device and kind; an older one never replaces it.
insert into reading_last as l (device_key, kind_id, measured_at, value, quality)
select * from unnest(
    %(device_keys)s::integer[], %(kind_ids)s::smallint[], %(measured_at)s::timestamptz[],
    %(values)s::double precision[], %(qualities)s::smallint[]
) as t (d, k, at, v, q) order by d, k
on conflict (device_key, kind_id) do update
set measured_at = excluded.measured_at, value = excluded.value, quality = excluded.quality
where excluded.measured_at > l.measured_at

-- name: move_later --
-- What may become last values, kept for `move_many`.
insert into last_waiting (readings) values (%(readings)b)

-- name: waiting_last --
-- What waits, oldest first.
select id from last_waiting order by id limit 1000

-- name: kept_last --
-- What was kept under these numbers.
select readings from last_waiting where id = any(%(ids)s)

-- name: lock_mover --
-- True for the one connection that moves what waits, until it ends.
select pg_try_advisory_lock(7809911814141391728)

-- name: lock_house --
-- True for the one worker that looks after storage.
select pg_try_advisory_lock(7809911814141391742)

-- name: unlock_house --
-- Another may look after it.
select pg_advisory_unlock(7809911814141391742)

-- name: forget_waiting --
-- They are moved.
delete from last_waiting where id = any(%(ids)s)

-- name: make_moved --
-- A place of this connection's own for what is moved now.
create temp table if not exists moved (
    device_key integer, kind_id smallint, quality smallint,
    measured_at timestamptz, received_at timestamptz, value double precision
) on commit delete rows

-- name: copy_moved --
-- The same form as readings.
copy moved (device_key, kind_id, quality, measured_at, received_at, value) from stdin (format binary)

-- name: copy_moved_plain --
-- The same without a quality.
copy moved (device_key, kind_id, measured_at, received_at, value) from stdin (format binary)

-- name: move_many --
-- The newest values of many; an older one never replaces a newer.
insert into reading_last as l (device_key, kind_id, measured_at, value, quality)
select device_key, kind_id, measured_at, value, quality from moved order by device_key, kind_id
on conflict (device_key, kind_id) do update
set measured_at = excluded.measured_at, value = excluded.value, quality = excluded.quality
where excluded.measured_at > l.measured_at

-- name: add_positions --
-- Positions; the same device at the same time is the same position. In order, as all that locks.
insert into position_fix (device_key, measured_at, received_at, lat, lon, accuracy_m, source, datum, late)
select * from unnest(
    %(device_keys)s::integer[], %(measured_at)s::timestamptz[], %(received_at)s::timestamptz[],
    %(lats)s::double precision[], %(lons)s::double precision[], %(accuracies)s::real[],
    %(sources)s::text[], %(datums)s::text[], %(lates)s::boolean[]
) as t (d, at, received_at, lat, lon, accuracy_m, source, datum, late) order by d, at
on conflict do nothing
