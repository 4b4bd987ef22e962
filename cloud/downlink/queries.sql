-- What goes to the gateways: written in the transaction that causes it, published by the worker.

-- name: queue_event_acks --
-- Events of gateways are committed (or claimed, closed); the publisher wakes when this transaction commits.
with queued as (
    insert into ack_queue (gateway_id, run, stage, event_id, event_seq)
    select * from json_to_recordset(%(acks)s::json) as r (
        gateway_id text, run text, stage text, event_id uuid, event_seq bigint
    )
    returning id
)
select pg_notify('carebed_acks', '') from queued limit 1;

-- name: queue_batch_acks --
-- Batches of telemetry are committed; the publisher looks by itself each second.
insert into ack_queue (gateway_id, run, batch_seq)
select * from unnest(%(gateway_ids)s::text[], %(runs)s::text[], %(seqs)s::bigint[])

-- name: take_acks --
-- The oldest acknowledgements, events first, locked until they are published.
with events as (
    select * from ack_queue where event_id is not null order by id limit %(limit)s for update skip locked
), batches as (
    select * from ack_queue where event_id is null
    order by id limit greatest(%(limit)s - (select count(*) from events), 0) for update skip locked
)
select id, gateway_id, run, stage, event_id, event_seq, batch_seq from events
union all
select id, gateway_id, run, stage, event_id, event_seq, batch_seq from batches

-- name: delete_acks --
-- What was published.
delete from ack_queue where id = any(%(ids)s)

-- name: queue_command --
-- An order to a gateway, published at once and again until it is answered or expires.
insert into command (id, gateway_id, op, device_id, args, issued_by, created_at, expires_at, next_publish_at)
values (%(id)s, %(gateway_id)s, %(op)s, %(device_id)s, %(args)s, %(issued_by)s, %(now)s, %(expires_at)s, %(now)s)
on conflict (id) do nothing

-- name: notify_commands --
-- Wake the publisher when this transaction commits.
select pg_notify('carebed_commands', '')

-- name: due_commands --
-- Commands to publish now, locked until they are published.
select id, gateway_id, op, device_id, args, issued_by, expires_at from command
where next_publish_at <= %(now)s and expires_at > %(now)s
order by next_publish_at limit %(limit)s for update skip locked

-- name: postpone_commands --
-- Published now, to be repeated later.
update command set next_publish_at = %(next_at)s, status = case status when 'queued' then 'sent' else status end
where id = any(%(ids)s)

-- name: expire_commands --
-- Nothing runs after its time.
update command set status = 'expired', finished_at = %(now)s, next_publish_at = null
where expires_at <= %(now)s and next_publish_at is not null

-- name: answer_command --
-- A gateway answered one of its own commands; a final answer is never overwritten.
update command set status = %(status)s, error = %(error)s, answer = %(answer)s, next_publish_at = null,
    finished_at = case when %(final)s then %(now)s end
where id = %(id)s and gateway_id = %(gateway_id)s and finished_at is null

-- name: lock_leader --
-- True for the one worker that speaks for the cloud, until its connection ends.
select pg_try_advisory_lock(7809911814141391727)

-- name: ingest_life --
-- Since when an ingestor listens (null: none now) and when one last said so.
select listening_since, alive_at from reading_life where program = 'ingest'

-- name: gateway_logins --
-- What the broker must know of every gateway in service.
select id, secret_bcrypt, secret_pbkdf2 from gateway where retired_at is null order by id
