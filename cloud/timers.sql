-- name: lock_job --
-- True for one worker at a time.
select pg_try_advisory_lock(%(lock)s);

-- name: unlock_job --
-- The job is done.
select pg_advisory_unlock(%(lock)s);

-- name: silent_gateways --
-- Gateways that once spoke and have not since a time.
select id from gateway
where last_seen_at < %(silent_since)s and online is distinct from false and retired_at is null
order by id limit %(limit)s;

-- name: is_silent --
-- Whether a gateway, whose row is held, is still silent.
select 1 from gateway where id = %(id)s and last_seen_at < %(silent_since)s and online is distinct from false;

-- name: end_sessions --
-- Sessions whose time is over, with the seats that they were opened for.
with ended as (delete from session where expires_at <= %(now)s returning seat_id)
update seat set closed_at = %(now)s from ended where seat.id = ended.seat_id and seat.closed_at is null;

-- name: close_seats --
-- Seats without a sign of life for long and without a session.
update seat set closed_at = %(now)s
where closed_at is null and last_seen_at < %(before)s
    and not exists (select 1 from session s where s.seat_id = seat.id)
    and not exists (select 1 from cases c where c.seat_id = seat.id and c.held);

-- name: trim_quarantine --
-- What nobody looked at for long.
delete from quarantine where last_at < %(before)s;

-- name: trim_floods --
-- Of what one sender wrote that nobody could read, the newest thousand messages are enough.
delete from quarantine where id in (
    select id from (
        select id, row_number() over (partition by coalesce(gateway_id, topic) order by last_at desc, id desc) as n
        from quarantine
    ) ranked where n > 1000
);

-- name: trim_runs --
-- Starts of agents that are long over; the present run of a gateway stays.
delete from gateway_run r where first_seen_at < %(before)s
    and not exists (select 1 from gateway g where g.id = r.gateway_id and g.run = r.run);

-- name: trim_boots --
-- Boots that are long over.
delete from boot_clock where changed_at < %(before)s;

-- name: trim_test_windows --
-- Test windows that ended long ago.
delete from test_window where ends_at < %(before)s;
