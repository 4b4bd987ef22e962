-- What a replay of rules reads. Nothing here writes.

-- name: read_only --
-- One snapshot, and no way to change anything.
set transaction isolation level repeatable read read only;

-- name: events --
-- Stored events of a time, in the order they were stored.
select gateway_id, run, seq, id, kind, phase, occurred_at, device_at, received_at, stored_at, payload::text, problems
from event where stored_at >= %(from)s and stored_at < %(to)s
order by stored_at, gateway_id, run, seq;

-- name: sender --
-- The gateway of an event.
select kind, home_id, area_code, org_id from gateway where id = %(id)s;

-- name: phases_before --
-- The messages of an activation that were stored before another one.
select phase, run, seq, stored_at from event
where gateway_id = %(gateway_id)s and id = %(id)s
    and (stored_at, run, seq) < (%(stored_at)s, %(run)s, %(seq)s);

-- name: answered --
-- Whether a suspicion was confirmed or cancelled in time.
select 1 from event
where gateway_id = %(gateway_id)s and id = %(id)s and stored_at <= %(due_at)s
    and phase in ('raised', 'cleared', 'cancelled', 'restored') limit 1;

-- name: raised_by_events --
-- The alarms of the events of a time; one that repeated another's alarm has that alarm.
select e.gateway_id, e.id, a.kind, a.priority, a.rule_version, a.home_id, a.resident_id
from (select distinct gateway_id, id from event where stored_at >= %(from)s and stored_at < %(to)s) e
join alarm a on a.gateway_id = e.gateway_id and (a.event_id = e.id or a.id in (
    select l.alarm_id from alarm_event_link l where l.gateway_id = e.gateway_id and l.event_id = e.id));

-- name: raised_by_values --
-- The alarms of rules over readings of a time.
select kind, priority, rule_version, home_id, resident_id, device_id, occurred_at, last_at from alarm
where event_id is null and kind = any(%(kinds)s) and occurred_at >= %(from)s and occurred_at < %(to)s
    and (%(resident_id)s::uuid is null or resident_id = %(resident_id)s)
order by occurred_at;

-- name: residents --
-- Who had a bed in a time.
select distinct s.resident_id from bed_stay s
where s.valid && tstzrange(%(from)s, %(to)s) and (%(resident_id)s::uuid is null or s.resident_id = %(resident_id)s)
order by 1;

-- name: series --
-- All live readings of a person in a time, from the devices installed for them at the time of the reading.
select k.name, r.measured_at, r.received_at, r.value, r.quality, d.id, d.key, i.role, d.family, d.model
from bed_stay s
join installation i on i.bed_key = s.bed_key and i.valid && s.valid
join device d on d.key = i.device_key and d.registered
join reading r on r.device_key = d.key and i.valid @> r.measured_at and s.valid @> r.measured_at
    and r.measured_at >= %(from)s and r.measured_at < %(to)s
join reading_kind k on k.id = r.kind_id and k.name = any(%(kinds)s)
where s.resident_id = %(resident_id)s and s.valid && tstzrange(%(from)s, %(to)s)
    and i.valid && tstzrange(%(from)s, %(to)s)
    and r.quality is distinct from 0 and r.received_at - r.measured_at <= %(late_after)s::interval
order by r.measured_at;

-- name: doors --
-- What doors told in a time, with the home they are of.
select i.home_id, d.key, d.id, r.measured_at, r.received_at, r.value
from reading_kind k
join reading_last l on l.kind_id = k.id
join device d on d.key = l.device_key and d.registered
join installation i on i.device_key = d.key and i.valid && tstzrange(%(from)s, %(to)s)
join reading r on r.device_key = d.key and r.kind_id = k.id and i.valid @> r.measured_at
    and r.measured_at >= %(from)s and r.measured_at < %(to)s
where k.name = 'door_open' and r.quality is distinct from 0
    and r.received_at - r.measured_at <= %(late_after)s::interval
order by i.home_id, d.key, r.measured_at;

-- name: states --
-- A person's states.
select lower(valid), upper(valid), state from resident_state where resident_id = %(resident_id)s;
