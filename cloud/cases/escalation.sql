-- name: begin_rounds --
-- A new round of each case that waits. (By the array it finds them by their keys, however few cases there are.)
with r as materialized (select * from json_to_recordset(%(begun)s::json) as r (id uuid, since timestamptz))
update cases c set
    escalation_round = escalation_round + 1, escalation_since = r.since, escalation_priority = priority,
    escalation_level = 0
from r where c.id = r.id and c.id = any(array(select id from r))
returning c.*;

-- name: end_round --
-- Somebody has it, or it is over; rows of the round that are still due are passed over.
update cases set escalation_since = null, escalation_priority = null, escalation_level = 0 where id = %(id)s
returning *;

-- name: add_due --
-- Steps of rounds.
insert into escalation_due (case_id, round, cycle, step, next_at, target, channels, policy_id, policy_version)
select * from json_to_recordset(%(steps)s::json) as r (
    case_id uuid, round integer, cycle integer, step integer, at timestamptz, target text, channels text[],
    policy_id uuid, policy_version integer
)
on conflict do nothing;

-- name: due --
-- Steps whose time has come, oldest first.
select case_id, round, cycle, step from escalation_due
where done_at is null and next_at <= %(now)s
order by next_at, case_id, step limit %(limit)s;

-- name: take --
-- One of them, for the one worker that gets it.
select next_at, target, channels, policy_id, policy_version from escalation_due
where case_id = %(case_id)s and round = %(round)s and cycle = %(cycle)s and step = %(step)s and done_at is null
for update skip locked;

-- name: finish --
-- What came of a step.
update escalation_due set done_at = %(now)s, outcome = %(outcome)s, reached = %(reached)s
where case_id = %(case_id)s and round = %(round)s and cycle = %(cycle)s and step = %(step)s;

-- name: raise_level --
-- How far a case has gone, and whether it rings.
update cases set
    escalation_level = greatest(escalation_level, %(step)s), rings = rings + %(ring)s, version = version + 1
where id = %(id)s;

-- name: rest_of_cycle --
-- Steps of a cycle that are still to come, next first.
select step from escalation_due
where case_id = %(case_id)s and round = %(round)s and cycle = %(cycle)s and done_at is null
order by next_at, step;

-- name: bring_forward --
-- Nobody was reached: the next step does not wait.
update escalation_due set next_at = %(now)s
where case_id = %(case_id)s and round = %(round)s and cycle = %(cycle)s and step = %(step)s and next_at > %(now)s;

-- name: unplanned --
-- Cases that wait without a round, such as those from before there were rounds.
select id from cases
where live and not held and class <> 'test' and priority <= 2 and escalation_since is null
    and group_id is null and shelved_until is null
order by priority, waiting_since limit %(limit)s;

-- name: seats_that_see --
-- How many living seats show a case of this place.
select count(*) from seat s join staff u on u.id = s.staff_id
where s.closed_at is null and s.last_seen_at >= %(alive_since)s and u.active
    and u.role in ('operator', 'supervisor') and starts_with(%(area_code)s, u.area_code)
    and (u.org_id is null or u.org_id is not distinct from %(org_id)s);

-- name: contacts_to_call --
-- Whom to call for the resident of a case, or for everybody who lives in its home; in order.
select person_id from (
    select distinct on (c.person_id) c.person_id, c.position
    from contact c
    where c.resident_id = %(resident_id)s or (%(resident_id)s::uuid is null and c.resident_id in (
        select s.resident_id from bed_stay s join bed b on b.key = s.bed_key
        where b.home_id = %(home_id)s and s.valid @> %(at)s::timestamptz
    ))
    order by c.person_id, c.position
) found
order by position, person_id limit %(limit)s;

-- name: trim_due --
-- Steps of the past.
delete from escalation_due d where done_at < %(before)s
    and exists (select 1 from cases c where c.id = d.case_id and not c.live);

-- name: open_gaps --
-- Holes that are there now.
select key, kind, area_code, org_id, data, since from escalation_gap where ended_at is null order by key;

-- name: end_gaps --
-- Holes that are no more.
update escalation_gap set ended_at = %(now)s where ended_at is null and key = any(%(keys)s);

-- name: update_gap --
-- What a hole now says.
update escalation_gap set data = %(data)s where ended_at is null and key = %(key)s;

-- name: open_gap --
-- A new hole.
insert into escalation_gap (key, since, kind, area_code, org_id, data)
values (%(key)s, %(now)s, %(kind)s, %(area_code)s, %(org_id)s, %(data)s)
on conflict do nothing;

-- name: trim_gaps --
-- Holes of the past.
delete from escalation_gap where ended_at < %(before)s;

-- name: contactless --
-- Residents at home whose contacts cannot be called: nobody, or nobody with a telephone; by district.
select r.area_code, r.org_id, count(*), (array_agg(r.id::text order by r.id))[1:20]
from resident r
join bed_stay s on s.resident_id = r.id and s.valid @> %(now)s::timestamptz
where not exists (
    select 1 from contact c where c.resident_id = r.id and (
        exists (select 1 from person_phone p where p.person_id = c.person_id)
        or exists (select 1 from notification_address a where a.recipient_kind = 'person'
            and a.recipient_id = c.person_id and a.channel in ('voice', 'sms') and not a.opted_out)
    )
)
and not exists (
    select 1 from resident_state t where t.resident_id = r.id and t.valid @> %(now)s::timestamptz
        and t.state in ('deceased', 'moved')
)
group by r.area_code, r.org_id order by r.area_code;

-- name: places --
-- Districts and organisations with homes: each has a chain.
select distinct area_code, org_id from home where not synthetic order by area_code, org_id;

-- name: staff_names --
-- Names of some members of staff.
select id, name from staff where id = any(%(ids)s);
