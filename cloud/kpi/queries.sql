-- name: lines --
-- The lines of every case that was opened in a span, case by case; test cases and synthetic homes are left out.
select e.case_id, c.class, c.area_code, e.at, e.kind, e.actor, e.data ->> 'seat_id',
    case when jsonb_typeof(e.data -> 'priority') = 'number' then (e.data ->> 'priority')::integer end,
    e.data ->> 'alarm_id', e.data ->> 'device', e.data ->> 'reason', e.data ->> 'to', e.data ->> 'into',
    e.data ->> 'promised_at', e.data ->> 'disposition'
from case_entry o
join cases c on c.id = o.case_id
join case_entry e on e.case_id = o.case_id
where o.n = 1 and o.at >= %(start)s and o.at < %(end)s
    and c.class <> 'test' and not c.synthetic
    and starts_with(c.area_code, %(area_code)s) and (%(org_id)s::uuid is null or c.org_id = %(org_id)s)
    and e.kind = any(%(kinds)s)
order by o.at, e.case_id, e.n;

-- name: activity --
-- What rang in a span (not what the desk's own call-back found), and every seat's signs of life in it. What the
-- system says of itself names no device, but a seat or a program.
select e.at, c.area_code,
    case when e.kind in ('alarm', 'rang') and e.data ? 'alarm_id'
        and jsonb_typeof(e.data -> 'priority') = 'number' then (e.data ->> 'priority')::integer end,
    case when c.subject_kind <> 'system' then e.data ->> 'device' end, e.data ->> 'seat_id', e.actor, e.case_id
from case_entry e
join cases c on c.id = e.case_id
where e.at >= %(start)s and e.at < %(end)s
    and c.class <> 'test' and not c.synthetic
    and starts_with(c.area_code, %(area_code)s) and (%(org_id)s::uuid is null or c.org_id = %(org_id)s)
    and ((e.kind in ('alarm', 'rang') and e.data ? 'alarm_id'
            and not coalesce(e.data -> 'reasons' ? 'call_back', false))
        or e.kind = any(%(by_people)s))
order by e.at, e.case_id, e.n;

-- name: stale --
-- Cases that nobody has brought to an end within a day, of the last thirty.
select c.area_code
from case_entry o
join cases c on c.id = o.case_id
where o.n = 1 and o.at >= %(as_of)s::timestamptz - interval '30 days' and o.at < %(before)s
    and c.class <> 'test' and not c.synthetic
    and starts_with(c.area_code, %(area_code)s) and (%(org_id)s::uuid is null or c.org_id = %(org_id)s)
    and not exists (
        select 1 from case_entry e
        where e.case_id = o.case_id and e.at < %(as_of)s
            and (e.kind in ('resolved', 'closed', 'service_order') or (e.kind = 'merged' and e.data ? 'into'))
    );

-- name: districts --
-- Names of districts.
select code, name from area where code = any(%(codes)s);

-- name: seats_since --
-- The seats that somebody has had since a moment.
select id from seat where staff_id = %(staff_id)s and coalesce(closed_at, last_seen_at) >= %(since)s;

-- name: silent --
-- Gateways away, gateways, devices that fell silent while their gateway is there, devices; of real homes.
select g.away, g.known, (
        select count(*) from device_life f
        join installation i on i.device_key = f.device_key and i.valid @> %(at)s::timestamptz
        join device v on v.key = f.device_key and v.registered
        join home h on h.id = i.home_id and not h.synthetic
        where f.offline_at is not null
            and starts_with(h.area_code, %(area_code)s) and (%(org_id)s::uuid is null or h.org_id = %(org_id)s)
    ), d.known
from (
    select count(*) filter (where g.online is not true) as away, count(*) as known
    from gateway g left join home h on h.id = g.home_id
    where g.retired_at is null and not coalesce(h.synthetic, false)
        and starts_with(g.area_code, %(area_code)s) and (%(org_id)s::uuid is null or g.org_id = %(org_id)s)
) g, (
    select count(*) as known from installation i
    join home h on h.id = i.home_id and not h.synthetic
    where i.valid @> %(at)s::timestamptz
        and not exists (select from device v where v.key = i.device_key and not v.registered)
        and starts_with(h.area_code, %(area_code)s) and (%(org_id)s::uuid is null or h.org_id = %(org_id)s)
) d;
