-- What a wall shows: counts and times, no name, no place, no number of anybody.

-- name: wall_cases --
-- Cases on the screens of an area: priority, kinds, whether somebody has it, since when it waits or runs.
select c.priority, c.kinds, c.held, case when c.held then c.opened_at else c.waiting_since end, c.escalation_level
from cases c
where c.live and c.group_id is null and c.shelved_until is null and not (c.synthetic and c.class = 'test')
    and starts_with(c.area_code, %(area_code)s) and (%(org_id)s::uuid is null or c.org_id = %(org_id)s)
order by c.priority, 4, c.id;

-- name: wall_seats --
-- Living seats, longest signed in first: since when, in a call, telephone, sound, cases in hand.
select s.opened_at, coalesce(s.call_until > %(now)s::timestamptz, false), p.state, s.sound,
    (select count(*) from cases c where c.seat_id = s.id and c.held)
from seat s
join staff u on u.id = s.staff_id
left join seat_phone p on p.seat_id = s.id
where s.closed_at is null and s.last_seen_at >= %(alive_since)s and u.active
    and u.role in ('operator', 'supervisor')
    and (starts_with(u.area_code, %(area_code)s) or starts_with(%(area_code)s, u.area_code))
    and (%(org_id)s::uuid is null or u.org_id is null or u.org_id = %(org_id)s)
order by s.opened_at, s.id;

-- name: wall_gateways --
-- Gateways of real homes, and how many of them are away.
select count(*), count(*) filter (where g.online is not true)
from gateway g left join home h on h.id = g.home_id
where g.retired_at is null and not coalesce(h.synthetic, false)
    and starts_with(g.area_code, %(area_code)s) and (%(org_id)s::uuid is null or g.org_id = %(org_id)s);

-- name: wall_troubles --
-- Since when there is a flood, and since when the road of an alarm is bad.
select (select since from flood), (select red_since from canary_state);
