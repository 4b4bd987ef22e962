-- Groups of one cause, floods, shelves.

-- name: line_for --
-- The place and cause that a new technical case is grouped by, and the line that stands for it now, if any.
with known as (
    select concat_ws('/', %(org_id)s::uuid::text, %(area_code)s::text, replace(coalesce((
        select coalesce(nullif(h.compound, ''), h.street) from home h
        where h.id = coalesce(%(home_id)s::uuid, (select g.home_id from gateway g where g.id = %(gateway_id)s))
    ), ''), '/', ' '), %(cause)s::text) as cause
)
select known.cause, line.id
from known
left join cases line on line.subject_kind = 'area' and line.subject_id = known.cause
    and line.class = 'technical' and line.live;

-- name: flood_figures --
-- Alarms of the last ten minutes, living seats, rows on the screen, and since when there is a flood.
select
    (select count(*) from alarm where stored_at > %(since)s and class <> 'test' and kind <> all(%(lines)s)),
    (select count(*) from seat s join staff u on u.id = s.staff_id and u.role in ('operator', 'supervisor')
        where s.closed_at is null and s.last_seen_at >= %(alive_since)s),
    (select count(*) from cases where live and group_id is null and shelved_until is null
        and not (synthetic and class = 'test')),
    (select since from flood);

-- name: set_flood --
-- It began, or it is over.
update flood set since = %(since)s;

-- name: alone --
-- Causes with cases that nobody has or is on the way to, and that no line stands for: how many of them lately,
-- and whether there is a line.
select c.cause, min(c.area_code), (array_agg(c.org_id))[1], count(*) filter (where c.opened_at > %(since)s),
    (array_agg(c.place order by c.number) filter (where c.place <> '{}'))[1], line.id,
    (array_agg(coalesce(c.home_id, g.home_id)))[1]
from cases c
left join gateway g on c.subject_kind = 'gateway' and g.id = c.subject_id
left join cases line on line.subject_kind = 'area' and line.subject_id = c.cause and line.class = 'technical'
    and line.live
where c.state = 'open' and c.cause is not null and c.group_id is null and c.priority = %(priority)s
    and c.shelved_until is null and not exists (
        select from dispatch d where d.case_id = c.id and d.state in ('offered', 'accepted', 'arrived'))
group by c.cause, line.id;

-- name: put_behind --
-- These cases stand behind a line from now on.
update cases set group_id = %(line)s, version = version + 1
where id in (
    select id from cases c
    where cause = %(cause)s and state = 'open' and group_id is null and priority = %(priority)s
        and shelved_until is null and not exists (
            select from dispatch d where d.case_id = c.id and d.state in ('offered', 'accepted', 'arrived'))
    order by id limit %(limit)s for no key update skip locked
)
returning id;

-- name: place_line --
-- Where a line's cases are.
update cases set place = %(place)s where id = %(id)s;

-- name: lines --
-- Lines that still take cases.
select id from cases where subject_kind = 'area' and class = 'technical' and live order by id;

-- name: children_figures --
-- What is behind a line now, and how much ever was.
select count(*) filter (where live), min(priority) filter (where live), count(*),
    array(select distinct k from cases c, unnest(c.kinds) k where c.group_id = %(id)s order by k)
from cases where group_id = %(id)s;

-- name: children_people --
-- Who lives where a line's cases are, with what makes a person high-risk.
select distinct c.id, r.id, t.state, r.needs, r.profile, r.limits
from cases c
left join gateway g on c.subject_kind = 'gateway' and g.id = c.subject_id
join bed b on b.home_id = coalesce(c.home_id, g.home_id)
join bed_stay s on s.bed_key = b.key and s.valid @> %(at)s::timestamptz
join resident r on r.id = s.resident_id
left join resident_state t on t.resident_id = r.id and t.valid @> %(at)s::timestamptz
where c.group_id = %(id)s and c.live;

-- name: update_line --
-- What a line now says.
update cases set
    children = %(children)s, high_risk = %(high_risk)s, priority = least(priority, %(priority)s), kinds = %(kinds)s,
    rings = rings + %(ring)s, version = version + 1
where id = %(id)s;

-- name: taken_out --
-- Cases behind a line that somebody took or is on the way to, or whose line is gone.
select c.id, line.live, line.owner_id is not null, line.state, line.disposition
from cases c join cases line on line.id = c.group_id
where c.live and (c.state <> 'open' or not line.live or exists (
    select from dispatch d where d.case_id = c.id and d.state in ('offered', 'accepted', 'arrived')))
order by c.id limit %(limit)s;

-- name: leave_line --
-- A case is a line of its own again.
update cases set group_id = null, version = version + 1 where id = %(id)s;

-- name: children --
-- The cases behind a line, oldest first.
select * from cases
where group_id = %(id)s and (%(after)s::uuid is null or (not live, priority, number)
    > (select not a.live, a.priority, a.number from cases a where a.id = %(after)s))
order by not live, priority, number limit %(limit)s;

-- name: call_list --
-- Telephones of the high-risk elders behind a line.
select r.id, p.name, coalesce(array_agg(t.phone order by t.phone) filter (where t.phone is not null), '{}')
from resident r join person p on p.id = r.person_id
left join person_phone t on t.person_id = p.id
where r.id = any(%(ids)s)
group by r.id, p.name;

-- name: chattering --
-- Activations of each device in a minute.
select r.n, e.activations
from json_to_recordset(%(asked)s::json) as r (n integer, device_key bigint, since timestamptz, until timestamptz)
cross join lateral (
    select count(*) as activations from event e
    where e.device_key = r.device_key and e.occurred_at > r.since and e.occurred_at <= r.until and e.phase = 'raised'
) e;

-- name: quiet_devices --
-- Chatter that has stopped.
select a.id, a.case_id from alarm a join cases c on c.id = a.case_id and c.live
where a.kind = 'device_chatter' and a.cleared_at is null and a.last_at < %(before)s
limit %(limit)s;

-- name: shelve --
-- Set a case aside until a time.
update cases set
    shelved_until = %(until)s, shelved_at = %(now)s, shelved_by = %(by)s, shelf_reason = %(reason)s,
    version = version + 1
where id = %(id)s;

-- name: unshelve --
-- It is back, and rings.
update cases set
    shelved_until = null, shelf_reason = null, rings = rings + %(ring)s, version = version + 1
where id = %(id)s;

-- name: shelved --
-- What a reader may see of what is set aside, next to return first.
select * from cases
where shelved_until is not null and live and starts_with(area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or org_id = %(org_id)s)
    and (%(after)s::uuid is null or (shelved_until, number)
        > (select a.shelved_until, a.number from cases a where a.id = %(after)s))
order by shelved_until, number limit %(limit)s;

-- name: due_shelves --
-- What returns by itself.
select id from cases where shelved_until <= %(now)s and live order by shelved_until limit %(limit)s;
