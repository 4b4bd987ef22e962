-- name: find_case --
-- One case.
select * from cases where id = %(id)s;

-- name: find_cases --
-- Several cases.
select * from cases where id = any(%(ids)s) order by id;

-- name: lock_case --
-- One case, held until the transaction ends; rows that name it may be written meanwhile (senders tell of theirs).
select * from cases where id = %(id)s for no key update;

-- name: lock_open_cases --
-- The one case of each subject and class that takes new alarms, locked in one order by everybody.
select c.* from json_to_recordset(%(subjects)s::json) as r (subject_kind text, subject_id text, class text)
join cases c on c.subject_kind = r.subject_kind and c.subject_id = r.subject_id and c.class = r.class and c.live
order by c.subject_kind, c.subject_id, c.class for no key update of c;

-- name: open_cases --
-- New cases; where another transaction has just opened one of that subject, it is not returned.
insert into cases (
    id, subject_kind, subject_id, class, state, priority, kinds, rings, resident_id, home_id, area_code, org_id,
    frozen, place, fire_suspected, late, alarm_count, repeats, event_ids, opened_at, waiting_since, occurred_at,
    follows_id, cause, group_id, synthetic
)
select r.id, r.subject_kind, r.subject_id, r.class, 'open', r.priority, r.kinds, 1, r.resident_id, r.home_id,
    r.area_code, r.org_id, r.frozen, r.place, r.fire_suspected, r.late, 1, 1, r.event_ids, %(now)s, %(now)s,
    r.occurred_at, r.follows_id, r.cause, r.group_id,
    coalesce((select h.synthetic from home h where h.id = r.home_id), false)
from json_to_recordset(%(cases)s::json) as r (
    id uuid, subject_kind text, subject_id text, class text, priority integer, kinds text[], resident_id uuid,
    home_id uuid, area_code text, org_id uuid, frozen jsonb, place jsonb, fire_suspected boolean, late boolean,
    event_ids uuid[], occurred_at timestamptz, follows_id uuid, cause text, group_id uuid
)
order by r.subject_kind, r.subject_id, r.class
on conflict (subject_kind, subject_id, class) where live do nothing
returning id;

-- name: find_followed --
-- What a new case of each subject follows: the latest that is over but not closed, or was closed lately.
select r.n, c.id
from json_to_recordset(%(subjects)s::json) as r (n integer, subject_kind text, subject_id text, class text)
cross join lateral (
    select id from cases c
    where c.subject_kind = r.subject_kind and c.subject_id = r.subject_id and c.class = r.class
        and (state in ('resolved', 'followed_up', 'merged') or (state = 'closed' and closed_at > %(closed_after)s))
    order by number desc limit 1
) c;

-- name: join_case --
-- An alarm joined: what the case now says.
update cases set
    priority = %(priority)s, kinds = %(kinds)s, rings = rings + %(ring)s, fire_suspected = %(fire_suspected)s,
    late = %(late)s, alarm_count = alarm_count + %(alarms)s, repeats = repeats + %(repeats)s,
    event_ids = %(event_ids)s, place = %(place)s,
    waiting_since = case when priority > 1 and %(priority)s = 1 then %(now)s::timestamptz else waiting_since end,
    warned_at = case when priority > 1 and %(priority)s = 1 and not held then null else warned_at end,
    group_id = case when %(leave_line)s then null else group_id end,
    shelved_until = case when %(leave_shelf)s then null else shelved_until end,
    shelf_reason = case when %(leave_shelf)s then null else shelf_reason end,
    version = version + 1
where id = %(id)s;

-- name: claim_case --
-- Exactly one of those who try at once gets a row; below priority 1 a named one at a living seat comes first.
update cases c set
    state = 'claimed', owner_id = %(owner_id)s, owner_name = %(owner_name)s, seat_id = %(seat_id)s,
    claimed_at = %(now)s, stage_due_at = %(stage_due_at)s, stage_limit_at = %(stage_due_at)s, warned_at = null,
    supervisor_warned_at = null, handed_to_id = null, handed_to_name = null, version = version + 1
where id = %(id)s and (state = 'open' or state = 'handed_over' and (
    priority = 1 or handed_to_id = %(owner_id)s or stage_due_at <= %(now)s
    or not exists (
        select 1 from seat s
        where s.staff_id = c.handed_to_id and s.closed_at is null
            and (s.last_seen_at >= %(alive_since)s or s.call_until > %(now)s)
    )
))
returning *;

-- name: renew_case --
-- The owner works on it, perhaps from another seat.
update cases set
    seat_id = coalesce(%(seat_id)s, seat_id), stage_due_at = %(stage_due_at)s, warned_at = null,
    supervisor_warned_at = null, version = version + 1
where id = %(id)s;

-- name: set_stage --
-- The next stage of a case that somebody has, with its own limit.
update cases set
    state = %(state)s, stage_limit_at = %(stage_limit_at)s, stage_due_at = %(stage_due_at)s, warned_at = null,
    supervisor_warned_at = null, version = version + 1
where id = %(id)s;

-- name: running_dispatch --
-- How far help is that was sent to a case: arrived, on the way, or nothing (no row).
select bool_or(state = 'arrived'), max(coalesce(eta_at + interval '5 minutes', promised_at))
from dispatch where case_id = %(id)s and state in ('offered', 'accepted', 'arrived')
having count(*) > 0;

-- name: reopen_case --
-- Back to the queue.
update cases set
    state = 'open', owner_id = null, owner_name = null, seat_id = null, claimed_at = null, stage_due_at = null,
    stage_limit_at = null, warned_at = null, supervisor_warned_at = null, handed_from_name = %(from_name)s,
    handed_to_id = null, handed_to_name = null, returns = returns + %(returned)s, waiting_since = %(now)s,
    rings = rings + %(ring)s, version = version + 1
where id = %(id)s;

-- name: hand_over --
-- To somebody named, who has still to take it.
update cases set
    state = 'handed_over', handed_from_name = owner_name, handed_to_id = %(to_id)s, handed_to_name = %(to_name)s,
    owner_id = null, owner_name = null, seat_id = null, claimed_at = null, warned_at = null,
    supervisor_warned_at = null, stage_due_at = %(stage_due_at)s, stage_limit_at = %(stage_due_at)s,
    waiting_since = %(now)s, rings = rings + 1, version = version + 1
where id = %(id)s;

-- name: take_over --
-- A new owner; the stage begins anew.
update cases set
    state = %(state)s, owner_id = %(owner_id)s, owner_name = %(owner_name)s, seat_id = %(seat_id)s,
    claimed_at = %(now)s, stage_due_at = %(stage_due_at)s, stage_limit_at = %(stage_limit_at)s, warned_at = null,
    supervisor_warned_at = null, handed_to_id = null, handed_to_name = null, version = version + 1
where id = %(id)s;

-- name: follow_up --
-- Somebody asked how it went.
update cases set state = 'followed_up', followed_up_at = %(now)s, version = version + 1 where id = %(id)s;

-- name: reopen --
-- A service order is an alarm again, in the hands of who said so.
update cases set
    state = 'claimed', service_order = false, disposition = null, resolved_at = null, followed_up_at = null,
    owner_id = %(owner_id)s, owner_name = %(owner_name)s, seat_id = %(seat_id)s, claimed_at = %(now)s,
    stage_due_at = %(stage_due_at)s, stage_limit_at = %(stage_due_at)s, version = version + 1
where id = %(id)s;

-- name: make_order --
-- What has become a service order.
update cases set service_order = true where id = %(id)s;

-- name: live_case_like --
-- The live case of the same subject and class as another.
select b.id from cases a
join cases b on b.subject_kind = a.subject_kind and b.subject_id = a.subject_id and b.class = a.class
where a.id = %(id)s and b.live;

-- name: merge_away --
-- Its alarms are another case's now.
update cases set
    state = 'merged', merged_into = %(into)s, closed_at = %(now)s, alarm_count = 0, owner_id = null,
    owner_name = null, seat_id = null, stage_due_at = null, stage_limit_at = null, warned_at = null,
    supervisor_warned_at = null, handed_to_id = null, handed_to_name = null, version = version + 1
where id = %(id)s;

-- name: merge_in --
-- What a case says with the alarms of another.
update cases set
    priority = %(priority)s, kinds = %(kinds)s, rings = rings + 1, alarm_count = alarm_count + %(alarms)s,
    repeats = repeats + %(repeats)s, event_ids = %(event_ids)s, fire_suspected = fire_suspected or %(fire)s,
    late = late or %(late)s, occurred_at = least(occurred_at, %(occurred_at)s), version = version + 1
where id = %(id)s;

-- name: move_alarms --
-- Every alarm of one case is another's.
update alarm set case_id = %(into)s where case_id = %(id)s returning id;

-- name: pressed_keys --
-- Offers that were answered by a key during the call, also just after the minute was over.
select d.id, d.staff_id, d.name, n.outcome
from dispatch d
join notification n on n.case_id = d.case_id and n.step_key = 'dispatch:' || d.id and n.channel = 'voice'
where (d.state = 'offered' and n.outcome in ('accepted', 'refused'))
    or (d.state = 'no_answer' and d.offered_at > %(after)s and n.outcome = 'accepted' and not exists (
        select from dispatch o where o.case_id = d.case_id and o.staff_id = d.staff_id and o.offered_at > d.offered_at))
order by d.offered_at limit %(limit)s;

-- name: offered_dispatches --
-- Those that nobody has answered yet.
select id from dispatch where case_id = %(id)s and state = 'offered' order by id;

-- name: missed_dispatches --
-- Those who did not answer, and may still be called.
select id from dispatch where case_id = %(id)s and state = 'no_answer' order by id;

-- name: running_of_staff --
-- Whether somebody was asked anew, or goes already.
select 1 from dispatch
where case_id = %(id)s and staff_id = %(staff_id)s and state in ('offered', 'accepted', 'arrived');

-- name: sent_to_both --
-- Who was sent to both of two cases: the dispatch that has come less far.
select case when further.gone then k.id else g.id end
from dispatch g
join dispatch k on k.case_id = %(into)s and k.staff_id = g.staff_id and k.state in ('offered', 'accepted', 'arrived')
cross join lateral (select array_position('{offered,accepted,arrived}', g.state)
    > array_position('{offered,accepted,arrived}', k.state) as gone) as further
where g.case_id = %(id)s and g.state in ('offered', 'accepted', 'arrived')
order by g.id;

-- name: move_dispatches --
-- Help that is on the way, too, with the calls to those who go.
with moved as (
    update dispatch set case_id = %(into)s
    where case_id = %(id)s and state in ('offered', 'accepted', 'arrived', 'no_answer') returning id
)
update notification n set case_id = %(into)s from moved
where n.case_id = %(id)s and n.step_key = 'dispatch:' || moved.id;

-- name: seat_talks --
-- Until when the owner of a case talks.
select s.call_until from cases c join seat s on s.id = c.seat_id where c.id = %(id)s;

-- name: find_seat --
-- A living seat by its own or its user's id, the one that was heard last.
select s.id, u.id, u.name, u.role, u.area_code, u.org_id from seat s join staff u on u.id = s.staff_id
where (s.id = %(id)s or u.id = %(id)s) and s.closed_at is null and s.last_seen_at >= %(alive_since)s
    and u.active and u.role in ('operator', 'supervisor')
order by s.last_seen_at desc limit 1;

-- name: living_seats --
-- Who is at the desk now.
select s.id, u.id, u.name, u.role, u.area_code, u.org_id, s.opened_at, s.last_seen_at, s.sound,
    coalesce(s.call_until > %(now)s::timestamptz, false),
    (select count(*) from cases c where c.seat_id = s.id and c.held)
from seat s join staff u on u.id = s.staff_id
where s.closed_at is null and s.last_seen_at >= %(alive_since)s and u.active
    and u.role in ('operator', 'supervisor')
order by u.name, s.opened_at;

-- name: resolve_case --
-- Done by the owner; it is kept who that was.
update cases set
    state = 'resolved', resolved_at = %(now)s, disposition = coalesce(%(disposition)s, disposition),
    stage_due_at = null, stage_limit_at = null, warned_at = null, supervisor_warned_at = null,
    version = version + 1
where id = %(id)s;

-- name: close_case --
-- The end.
update cases set
    state = 'closed', closed_at = %(now)s, resolved_at = coalesce(resolved_at, %(now)s),
    disposition = %(disposition)s, stage_due_at = null, stage_limit_at = null, warned_at = null,
    supervisor_warned_at = null, version = version + 1
where id = %(id)s;

-- name: shorten_stage --
-- The call that it waited for has ended.
update cases set stage_due_at = %(stage_due_at)s, version = version + 1 where id = %(id)s;

-- name: warn_case --
-- The owner has been told that it is overdue.
update cases set warned_at = %(now)s, version = version + 1 where id = %(id)s;

-- name: warn_supervisors --
-- The supervisors, too.
update cases set supervisor_warned_at = %(now)s, version = version + 1 where id = %(id)s;

-- name: touch_case --
-- Something that is shown has changed.
update cases set version = version + 1 where id = %(id)s;

-- name: set_priority --
-- More urgent than before, and loud.
update cases set
    priority = %(priority)s, rings = rings + 1, waiting_since = %(now)s, warned_at = null, version = version + 1 where id = %(id)s;

-- name: list_cases --
-- Cases of some states that a reader may see, newest first, before a number.
select * from cases
where state = any(%(states)s) and group_id is null and not (synthetic and class = 'test')
    and starts_with(area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or org_id = %(org_id)s)
    and (%(before)s::bigint is null or number < %(before)s)
order by number desc
limit %(limit)s;

-- name: list_closed --
-- Closed cases that a reader may see, the one closed last first.
select * from cases
where state = 'closed' and group_id is null and not (synthetic and class = 'test')
    and starts_with(area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or org_id = %(org_id)s)
order by closed_at desc, number desc
limit %(limit)s;

-- name: home_cards --
-- What is frozen of homes.
select h.id, a.name as area, h.street, h.compound, h.building, h.unit, h.room, h.gate_lat as lat, h.gate_lon as lon,
    h.access_note, h.door_code_cipher is not null as has_door_code
from home h join area a on a.code = h.area_code
where h.id = any(%(home_ids)s);

-- name: resident_cards --
-- What is frozen of residents.
select q.n, r.*
from json_to_recordset(%(asked)s::json) as q (n integer, resident_id uuid, at timestamptz)
cross join lateral (
    select r.id, p.name, p.sex, p.birth_date, r.profile, r.needs, r.risks, t.place as stays_at
    from resident r join person p on p.id = r.person_id
    left join resident_state t on t.resident_id = r.id and t.valid @> q.at and t.state in ('away', 'hospital')
    where r.id = q.resident_id limit 1
) r;

-- name: contacts_of --
-- Whom to call for a resident, or for everybody who lives in a home; one line a telephone. Where a contact is an elder of
-- a bed, too, we know where they live.
select q.n, p.name, c.relation, coalesce(t.phone, '') as phone, c.has_key, c.distance_note, w.id as lives_at, w.lat, w.lon
from json_to_recordset(%(asked)s::json) as q (n integer, resident_id uuid, home_id uuid, at timestamptz)
cross join lateral (
    select q.resident_id as id where q.resident_id is not null
    union
    select s.resident_id from bed_stay s join bed b on b.key = s.bed_key
    where q.resident_id is null and b.home_id = q.home_id and s.valid @> q.at
) elder
join contact c on c.resident_id = elder.id
join person p on p.id = c.person_id
left join person_phone t on t.person_id = p.id
left join lateral (
    select h.id, h.gate_lat as lat, h.gate_lon as lon
    from resident o join bed_stay s on s.resident_id = o.id and s.valid @> q.at
    join bed b on b.key = s.bed_key join home h on h.id = b.home_id
    where o.person_id = p.id order by h.id = q.home_id desc nulls last, h.id limit 1
) w on true
order by q.n, c.position, p.name, t.phone;

-- name: event_runs --
-- Every event of a case with the run it came in, for the word to its gateway.
select distinct on (e.gateway_id, e.id) e.gateway_id, e.run, e.id
from (
    select a.gateway_id, a.event_id from alarm a where a.case_id = %(id)s and a.event_id is not null
    union
    select l.gateway_id, l.event_id from alarm a join alarm_event_link l on l.alarm_id = a.id
    where a.case_id = %(id)s
) ids
join event e on e.id = ids.event_id and e.gateway_id = ids.gateway_id
order by e.gateway_id, e.id, e.stored_at desc;

-- name: gateway_of --
-- The gateway that the case's latest alarm came through.
select g.id, g.online, g.last_seen_at
from alarm a join gateway g on g.id = a.gateway_id
where a.case_id = %(id)s
order by a.stored_at desc limit 1;

-- name: start_call --
-- A running call holds the seat's cases.
update seat set call_until = %(call_until)s where id = %(seat_id)s;

-- name: call_until --
-- Until when the seat of a case talks.
select call_until from seat where id = %(seat_id)s;

-- name: held_by_seat --
-- The cases that a seat holds.
select id from cases where seat_id = %(seat_id)s and held order by id;

-- name: claims --
-- Every claim with what keeps it alive.
select c.id, c.state, s.last_seen_at, coalesce(s.closed_at is not null, false), s.call_until, c.stage_due_at,
    c.stage_limit_at, c.warned_at, c.supervisor_warned_at
from cases c left join seat s on s.id = c.seat_id
where c.held or c.state = 'handed_over'
order by c.id;

-- name: claim_of --
-- One claim with what keeps it alive.
select c.id, c.state, s.last_seen_at, coalesce(s.closed_at is not null, false), s.call_until, c.stage_due_at,
    c.stage_limit_at, c.warned_at, c.supervisor_warned_at
from cases c left join seat s on s.id = c.seat_id
where (c.held or c.state = 'handed_over') and c.id = %(id)s;

-- name: unclaimed_suspicions --
-- Suspected falls that the cloud raised, still not over, and nobody took in time.
select distinct c.id from cases c join alarm a on a.case_id = c.id
where c.live and not c.held and c.priority > 1 and c.class = 'care' and a.kind = 'fall_suspected'
    and a.cleared_at is null and a.stored_at <= %(before)s
limit %(limit)s;

-- name: settled --
-- Technical faults that went away before anybody came, and that nobody is on the way to.
select id from cases c
where state = 'open' and class = 'technical'
    and not exists (select 1 from alarm a where a.case_id = c.id and a.cleared_at is null)
    and not exists (select 1 from dispatch d where d.case_id = c.id
        and d.state in ('offered', 'accepted', 'arrived'))
limit %(limit)s;
