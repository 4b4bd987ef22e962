-- name: zones --
-- Zones that a reader may see.
select id, name, area_code, org_id, lat, lon, promise_s, revision from zone
where starts_with(area_code, %(area_code)s) and (%(org_id)s::uuid is null or org_id is not distinct from %(org_id)s)
order by area_code, name;

-- name: find_zone --
-- One zone, held.
select id, name, area_code, org_id, lat, lon, promise_s, revision from zone where id = %(id)s for update;

-- name: set_zone --
-- A zone, new or changed.
insert into zone (id, name, area_code, org_id, lat, lon, promise_s, created_at)
values (%(id)s, %(name)s, %(area_code)s, %(org_id)s, %(lat)s, %(lon)s, %(promise_s)s, %(now)s)
on conflict (id) do update set name = excluded.name, area_code = excluded.area_code, org_id = excluded.org_id,
    lat = excluded.lat, lon = excluded.lon, promise_s = excluded.promise_s, revision = zone.revision + 1
returning revision;

-- name: responders --
-- Responders with their zone and load: all whose own area covers a place, or all that a reader may see.
select r.staff_id, u.name, u.area_code, u.org_id, r.skills, r.speed_kmh, r.most_cases, r.available, r.lat, r.lon,
    r.position_at, z.id, z.name, z.area_code, z.org_id, z.lat, z.lon, z.promise_s, z.revision,
    (select count(*) from dispatch d where d.staff_id = r.staff_id and d.state in ('offered', 'accepted', 'arrived'))
from responder r
join staff u on u.id = r.staff_id and u.active
left join zone z on z.id = r.zone_id
where (%(covers)s::text is null or starts_with(%(covers)s, u.area_code))
    and (%(area_code)s::text is null or starts_with(u.area_code, %(area_code)s))
    and (%(org_id)s::uuid is null or u.org_id is null or u.org_id = %(org_id)s)
    and (%(staff_id)s::uuid is null or r.staff_id = %(staff_id)s)
order by u.name, r.staff_id;

-- name: find_staff --
-- A member of staff.
select name, role, area_code, org_id from staff where id = %(id)s and active;

-- name: set_responder --
-- What is known of a responder.
insert into responder (staff_id, zone_id, skills, speed_kmh, most_cases, changed_at)
values (%(staff_id)s, %(zone_id)s, %(skills)s, %(speed_kmh)s, %(most_cases)s, %(now)s)
on conflict (staff_id) do update set zone_id = excluded.zone_id, skills = excluded.skills,
    speed_kmh = excluded.speed_kmh, most_cases = excluded.most_cases, changed_at = excluded.changed_at;

-- name: set_available --
-- Whether somebody can be asked.
update responder set available = %(available)s, changed_at = %(now)s where staff_id = %(staff_id)s returning staff_id;

-- name: set_position --
-- Where somebody is.
update responder set lat = %(lat)s, lon = %(lon)s, position_at = %(now)s where staff_id = %(staff_id)s
returning staff_id;

-- name: asked --
-- Who was asked for a case.
select distinct staff_id from dispatch where case_id = %(case_id)s;

-- name: insert_dispatch --
-- Somebody is asked to go; nothing where they are already asked or on the way.
insert into dispatch (id, case_id, staff_id, name, offered_at, offered_by, answer_due_at, promised_at, chain)
values (%(id)s, %(case_id)s, %(staff_id)s, %(name)s, %(now)s, %(by)s, %(answer_due_at)s, %(promised_at)s, %(chain)s)
on conflict (case_id, staff_id) where state in ('offered', 'accepted', 'arrived') do nothing
returning id;

-- name: find_dispatch --
-- One dispatch.
select * from dispatch where id = %(id)s;

-- name: lock_dispatch --
-- One dispatch, held; take its case first.
select * from dispatch where id = %(id)s for update;

-- name: answer_dispatch --
-- Yes or no, or nothing.
update dispatch set state = %(state)s, answered_at = %(now)s, eta_at = %(eta_at)s, reason = %(reason)s,
    ended_at = case when %(ended)s then %(now)s::timestamptz end
where id = %(id)s;

-- name: move_dispatch --
-- What became of it.
update dispatch set state = %(state)s, eta_at = coalesce(%(eta_at)s, eta_at),
    arrived_at = case when %(state)s = 'arrived' then %(now)s::timestamptz else arrived_at end,
    ended_at = case when %(ended)s then %(now)s::timestamptz else ended_at end,
    reason = coalesce(%(reason)s, reason), outcome = coalesce(%(outcome)s, outcome)
where id = %(id)s;

-- name: dispatches_of_case --
-- Dispatches of a case, in order.
select * from dispatch where case_id = %(case_id)s order by offered_at, id;

-- name: dispatches_of_staff --
-- A responder's own, newest first. What one did not answer in time runs on while one may still accept it.
select d.* from dispatch d
where d.staff_id = %(staff_id)s and (%(before)s::uuid is null or d.id < %(before)s)
    and (
        not %(running)s or d.state in ('offered', 'accepted', 'arrived')
        or d.state = 'no_answer'
        and not exists (
            select from dispatch n where n.case_id = d.case_id and n.staff_id = d.staff_id and n.id > d.id
        )
        and exists (
            select from cases c where c.id = d.case_id
                and c.state in ('open', 'claimed', 'contacting', 'dispatched', 'on_scene', 'handed_over')
        )
    )
order by d.id desc limit %(limit)s;

-- name: unanswered --
-- Those that nobody answered in time.
select id from dispatch where state = 'offered' and answer_due_at <= %(now)s order by answer_due_at limit %(limit)s;
