-- name: alarms_of_events --
-- The alarm that each activation made or joined, the latest of them.
select r.n, a.id, a.case_id, a.kind, a.cleared_at
from json_to_recordset(%(asked)s::json) as r (n integer, gateway_id text, event_id uuid)
cross join lateral (
    select * from (
        select id, case_id, kind, cleared_at, stored_at from alarm
        where gateway_id = r.gateway_id and event_id = r.event_id
        union all
        select a.id, a.case_id, a.kind, a.cleared_at, a.stored_at
        from alarm_event_link l join alarm a on a.id = l.alarm_id and a.gateway_id = l.gateway_id
        where l.gateway_id = r.gateway_id and l.event_id = r.event_id
    ) either
    order by stored_at desc, kind limit 1
) a;

-- name: repeated_alarm --
-- The last alarm of the same device, kind and person in a case; of a rule over values, for the same reasons.
select id, last_at, repeats from alarm
where case_id = %(case_id)s and kind = %(kind)s and gateway_id is not distinct from %(gateway_id)s
    and device_id is not distinct from %(device_id)s
    and resident_id is not distinct from %(resident_id)s::uuid
    and (%(reasons)s::text[] is null or reasons = %(reasons)s)
order by last_at desc limit 1;

-- name: alarms_of_strangers --
-- The last alarm of a kind that an address raised with devices that nobody registered, and how often it did.
select id, last_at, repeats, sum(repeats) over () from alarm
where case_id = %(case_id)s and kind = %(kind)s and gateway_id is not distinct from %(gateway_id)s
    and 'unknown_device' = any (reasons) and inputs -> 'evidence' ->> 'source_address' = %(address)s
order by last_at desc limit 1;

-- name: insert_alarms --
-- Judgements with their reasons.
insert into alarm (
    id, case_id, event_id, kind, class, priority, phase, gateway_id, device_key, device_id, home_id, resident_id,
    room, occurred_at, device_at, received_at, stored_at, late, reasons, inputs, rule_version, last_at
)
select *, r.occurred_at from json_to_recordset(%(alarms)s::json) as r (
    id uuid, case_id uuid, event_id uuid, kind text, class text, priority integer, phase text, gateway_id text,
    device_key bigint, device_id text, home_id uuid, resident_id uuid, room text, occurred_at timestamptz,
    device_at timestamptz, received_at timestamptz, stored_at timestamptz, late boolean, reasons text[], inputs jsonb,
    rule_version text
);

-- name: repeat_alarm --
-- The same again: counted, and no longer over.
update alarm set repeats = repeats + 1, last_at = greatest(last_at, %(at)s), cleared_at = null where id = %(id)s;

-- name: link_event --
-- The event finds the alarm that it repeats.
insert into alarm_event_link (gateway_id, event_id, alarm_id) values (%(gateway_id)s, %(event_id)s, %(alarm_id)s)
on conflict do nothing;

-- name: confirm_alarm --
-- A suspicion turned out to be real.
update alarm set kind = %(kind)s, priority = %(priority)s, phase = %(phase)s, reasons = %(reasons)s, cleared_at = null
where id = %(id)s;

-- name: clear_alarm --
-- What fired is over.
update alarm set cleared_at = %(at)s where id = %(id)s and cleared_at is null returning case_id, kind;

-- name: clear_gateway_alarms --
-- A gateway is back: its open alarms of a kind are over.
update alarm set cleared_at = %(at)s
where gateway_id = %(gateway_id)s and kind = %(kind)s and cleared_at is null
    and case_id in (select id from cases where live
        and subject_kind = 'gateway' and subject_id = %(gateway_id)s)
returning id, case_id;

-- name: set_alarm_priority --
-- Alarms of a kind in a case become more urgent.
update alarm set priority = %(priority)s where case_id = %(case_id)s and kind = %(kind)s;

-- name: fire_signs --
-- SOS, smoke and CO of each home around a moment. (Here as elsewhere `offset 0`: each home is looked up by itself.)
select r.n, a.kind, a.occurred_at
from json_to_recordset(%(asked)s::json) as r (n integer, home_id uuid, after timestamptz, before timestamptz)
join lateral (
    select kind, occurred_at from alarm
    where home_id = r.home_id and class = 'care' and kind in ('sos', 'smoke', 'co')
        and occurred_at between r.after and r.before
    offset 0
) a on true;

-- name: alarms_of_case --
-- A case's alarms, in the order they were stored; those that were stored together as they happened.
select * from alarm where case_id = %(case_id)s order by stored_at, occurred_at, id;

-- name: suspect --
-- Wait for a confirmation or a cancellation.
insert into suspicion (gateway_id, event_id, draft, due_at)
values (%(gateway_id)s, %(event_id)s, %(draft)s::text::jsonb, %(due_at)s)
on conflict do nothing;

-- name: forget_suspicion --
-- It was confirmed or cancelled.
delete from suspicion where gateway_id = %(gateway_id)s and event_id = %(event_id)s;

-- name: explain_suspicion --
-- More is known of it; the first reason, why it would ring, stays.
update suspicion set draft = jsonb_set(draft, '{reasons}', jsonb_build_array(draft -> 'reasons' -> 0) || %(reasons)s)
where gateway_id = %(gateway_id)s and event_id = %(event_id)s returning event_id;

-- name: explain_alarm --
-- The same of the alarm that it has become.
update alarm set reasons = reasons[1:1] || %(reasons)s where id = %(id)s;

-- name: due_suspicions --
-- Those that waited long enough.
select gateway_id, event_id from suspicion where due_at <= %(now)s order by due_at limit %(limit)s;

-- name: take_suspicion --
-- One of them, to one worker only.
delete from suspicion where gateway_id = %(gateway_id)s and event_id = %(event_id)s and due_at <= %(now)s
returning draft::text;
