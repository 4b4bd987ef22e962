-- What `carebed-cloud storage` shows.

-- name: overview --
-- The size of the database, and when the newest last value was measured.
select pg_database_size(current_database()), (select max(measured_at) from reading_last)

-- name: queues --
-- What waits for the worker and the ingestor.
select 'acknowledgements', count(*), null::timestamptz from ack_queue
union all select 'judging', count(*), min(received_at) from judging
union all select 'last_values', count(*), null from last_waiting
union all select 'late_hours', count(*), null from rollup_waiting
