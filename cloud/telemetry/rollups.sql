-- Readings by the hour: what trends of weeks and months are drawn from.

-- name: rolled_until --
-- Up to when the hours are complete; null before the first.
select until from rollup

-- name: set_rolled_until --
-- The hours before this are complete.
insert into rollup (until) values (%(until)s) on conflict (one) do update set until = excluded.until

-- name: oldest_reading --
-- The first reading of a span.
select min(measured_at) from reading where measured_at >= %(since)s and measured_at < %(until)s

-- name: roll_hour --
-- One whole hour of all series.
insert into reading_hour as h (device_key, kind_id, at, first_at, count, mean, low, high, last, quality)
select device_key, kind_id, %(at)s::timestamptz, min(measured_at), count(*), avg(value), min(value), max(value),
    (max(array[extract(epoch from measured_at)::double precision, value]))[2], min(quality)
from reading where measured_at >= %(at)s and measured_at < %(at)s::timestamptz + interval '1 hour'
group by device_key, kind_id
on conflict (device_key, kind_id, at) do update
set first_at = excluded.first_at, count = excluded.count, mean = excluded.mean, low = excluded.low,
    high = excluded.high, last = excluded.last, quality = excluded.quality

-- name: roll_again --
-- Hours of series of which readings came late, as `moved` names them by their time.
insert into reading_hour as h (device_key, kind_id, at, first_at, count, mean, low, high, last, quality)
select r.device_key, r.kind_id, m.measured_at, min(r.measured_at), count(*), avg(r.value), min(r.value), max(r.value),
    (max(array[extract(epoch from r.measured_at)::double precision, r.value]))[2], min(r.quality)
from moved m join reading r on r.device_key = m.device_key and r.kind_id = m.kind_id
    and r.measured_at >= m.measured_at and r.measured_at < m.measured_at + interval '1 hour'
group by r.device_key, r.kind_id, m.measured_at
on conflict (device_key, kind_id, at) do update
set first_at = excluded.first_at, count = excluded.count, mean = excluded.mean, low = excluded.low,
    high = excluded.high, last = excluded.last, quality = excluded.quality

-- name: roll_later --
-- Hours of series that readings came late for, packed; with the transaction that stores them.
insert into rollup_waiting (hours) values (%(hours)b)

-- name: waiting_hours --
-- What waits, oldest first; no other worker sees it in this transaction.
select id, hours from rollup_waiting order by id limit %(limit)s for update skip locked

-- name: forget_hours --
-- They are rolled up with this transaction.
delete from rollup_waiting where id = any(%(ids)s)
