-- What `carebed-cloud storage` shows.

-- name: overview --
-- The size of the database, when the newest last value was measured, and where the server keeps its files,
-- if that is this machine and may be known.
select pg_database_size(current_database()), (select max(measured_at) from reading_last),
    case when inet_server_addr() is not distinct from inet_client_addr()
        and pg_has_role('pg_read_all_settings', 'member') then current_setting('data_directory') end

-- name: readings_days --
-- How many days readings are kept.
select readings_days from retention

-- name: keep_readings --
-- From the worker's next round on.
update retention set readings_days = %(days)s

-- name: queues --
-- What waits for the worker and the ingestor.
select 'acknowledgements', count(*), null::timestamptz from ack_queue
union all select 'judging', count(*), min(received_at) from judging
union all select 'last_values', count(*), null from last_waiting
union all select 'late_hours', count(*), null from rollup_waiting
union all select 'pieces_of_copy', count(*), null from history_waiting

-- name: waits_for_history --
-- Whether readings of a copy are still to come.
select exists (select 1 from history_waiting)
