-- Checklists of homes, and what their steps are judged by.

-- name: find_homes --
-- Homes by gateway, device, bed or address, the nearest fit first; only what the caller may see.
with hit as (
    select g.home_id, case when g.id = %(id)s then 0 else 3 end as rank, 'gateway' as matched
    from gateway g where %(id)s <> '' and g.retired_at is null and strpos(g.id, %(id)s) > 0
    union all
    select i.home_id, case when d.id = %(id)s then 0 else 3 end, 'device'
    from device d join installation i on i.device_key = d.key and i.valid @> %(at)s::timestamptz
    where %(id)s <> '' and strpos(d.id, %(id)s) > 0
    union all
    select b.home_id, 0, 'bed' from bed b where b.id = %(bed_id)s::uuid
    union all
    select h.id, 2, 'address' from home h
    where strpos(replace(concat(h.street, h.compound, h.building, h.unit, h.room), ' ', ''), %(text)s) > 0
), best as (
    select distinct on (h.id) h.id, hit.matched, hit.rank, h.street, h.compound, h.building, h.unit, h.room
    from hit join home h on h.id = hit.home_id
    where not h.synthetic and starts_with(h.area_code, %(area_code)s) and (%(org_id)s::uuid is null or h.org_id = %(org_id)s)
    order by h.id, hit.rank
)
select b.id, b.matched, b.street, b.compound, b.building, b.unit, b.room,
    array(select l.label from bed l where l.home_id = b.id order by l.key) as beds,
    array(select g.id from gateway g where g.home_id = b.id and g.retired_at is null order by g.id) as gateways,
    (select count(*) from installation i where i.home_id = b.id and i.valid @> %(at)s::timestamptz)::integer as devices,
    o.started_by_name as open_by, f.ended_at as finished_at
from best b
left join checklist o on o.home_id = b.id and o.ended_at is null
left join lateral (select ended_at from checklist c where c.home_id = b.id and c.outcome = 'finished'
    order by c.started_at desc limit 1) f on true
order by b.rank, b.compound, b.building, b.unit, b.room, b.id limit %(limit)s offset %(after)s;

-- name: abandon_old --
-- An open checklist that nobody has finished for long.
update checklist set ended_at = %(now)s, outcome = 'abandoned', steps = '[]'
where home_id = %(home_id)s and ended_at is null and started_at < %(before)s;

-- name: begin --
-- A new checklist, or nothing where one is open.
insert into checklist (id, home_id, started_by_name, started_at)
values (%(id)s, %(home_id)s, %(name)s, %(now)s)
on conflict (home_id) where ended_at is null do nothing;

-- name: open_of_home --
-- The open checklist of a home.
select id from checklist where home_id = %(home_id)s and ended_at is null;

-- name: find --
-- A checklist with its home.
select c.*, h.area_code, h.org_id, h.street, h.compound, h.building, h.unit, h.room as door
from checklist c join home h on h.id = c.home_id where c.id = %(id)s;

-- name: lock --
-- Serialise changes of a checklist.
select 1 from checklist where id = %(id)s for update;

-- name: list_of_home --
-- Checklists of a home that have ended, newest first.
select * from checklist where home_id = %(home_id)s and ended_at is not null
    and (%(before)s::uuid is null or started_at < (select b.started_at from checklist b where b.id = %(before)s))
order by started_at desc limit %(limit)s;

-- name: set_reason --
-- Why a step is not passed; an empty text takes it back.
update checklist set reasons = case when %(reason)s = '' then reasons - %(step)s
    else reasons || jsonb_build_object(%(step)s::text, %(reason)s::text) end
where id = %(id)s and ended_at is null;

-- name: set_proof --
-- The code of an SMS was given back.
update checklist set proofs = proofs || jsonb_build_object(%(gateway_id)s::text, %(order_id)s::text)
where id = %(id)s and ended_at is null;

-- name: set_test_until --
-- Until when alarms of the home's devices are tests; null where they are not.
update checklist set test_until = %(until)s where id = %(id)s;

-- name: end_windows --
-- The test windows that this checklist has opened end.
update test_window set ends_at = %(now)s where opened_by = %(opened_by)s and ends_at > %(now)s;

-- name: finish --
-- Each step is kept as it is now.
update checklist set ended_at = %(now)s, ended_by_name = %(name)s, outcome = 'finished', steps = %(steps)s, test_until = null
where id = %(id)s and ended_at is null;

-- name: gateways --
-- The gateways that serve a home: its own, and protocol gateways that name one of its devices.
select g.id, coalesce(g.online, false) as online, coalesce(g.birth -> 'adapters' @> '["modem"]', false) as modem
from gateway g
where g.retired_at is null and (g.home_id = %(home_id)s or (g.kind = 'protocol' and exists (
    select from installation i join device d on d.key = i.device_key
    where i.home_id = %(home_id)s and i.valid @> %(at)s::timestamptz
        and g.birth -> 'devices' @> jsonb_build_array(jsonb_build_object('device', d.id)))))
order by g.id;

-- name: orders --
-- The last order of each kind to these gateways since the checklist began.
select distinct on (gateway_id, op, args ->> 'how') id, gateway_id, op, args, status, error, answer, created_at,
    expires_at, finished_at
from command
where gateway_id = any(%(gateways)s) and created_at >= %(since)s and op in ('ping', 'prove_phone')
order by gateway_id, op, args ->> 'how', created_at desc;

-- name: devices --
-- The devices of a home with what they last said of themselves.
select d.key, d.id, d.family, d.model, i.room, i.role, d.state, l.offline_at is not null as offline,
    greatest(d.last_seen_at, l.last_at, v.measured_at) as heard_at, v.kinds, v.battery, v.link_quality,
    v.signal_strength, v.signal_dbm
from installation i join device d on d.key = i.device_key
left join device_life l on l.device_key = d.key
left join lateral (
    select max(r.measured_at) as measured_at, array_agg(k.name) as kinds,
        max(r.value) filter (where k.name = 'battery') as battery,
        max(r.value) filter (where k.name = 'link_quality') as link_quality,
        max(r.value) filter (where k.name = 'signal_strength') as signal_strength,
        max(r.value) filter (where k.name = 'signal_dbm') as signal_dbm
    from reading_last r join reading_kind k on k.id = r.kind_id where r.device_key = d.key
) v on true
where i.home_id = %(home_id)s and i.valid @> %(at)s::timestamptz
order by i.room, d.family, d.id;

-- name: movements --
-- When sensors last noticed somebody since the checklist began.
select r.device_key, k.name, max(r.measured_at)
from reading r join reading_kind k on k.id = r.kind_id
where r.device_key = any(%(keys)s) and k.name = any(%(kinds)s) and r.value >= 0.5
    and r.measured_at >= %(since)s and r.measured_at <= %(at)s::timestamptz + interval '1 minute'
group by r.device_key, k.name;

-- name: alarms --
-- The last alarm that each device raised itself (no rule over its values) since the checklist began, tests first,
-- and when a seat saw it or acted on it.
select distinct on (a.device_id) a.device_id, a.kind, a.class = 'test' as test, a.occurred_at as at, a.received_at,
    (select min(e.at) from case_entry e where e.case_id = a.case_id and e.at >= a.received_at
        and e.kind in ('shown', 'claimed', 'renewed', 'note', 'call', 'resolved')) as seen_at
from alarm a
where a.device_id = any(%(devices)s) and a.received_at >= %(since)s and a.class in ('test', 'care') and a.event_id is not null
order by a.device_id, a.class = 'test' desc, a.received_at desc;
