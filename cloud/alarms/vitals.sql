-- The rules over readings: queue, people, values, conditions, expectations.

-- name: enqueue --
-- Readings to be judged, in the transaction that stores them.
insert into judging (device_key, kind_id, measured_at, received_at, value, next_at)
select d, k, m, r, v, r from unnest(
    %(device_keys)s::integer[], %(kind_ids)s::smallint[], %(measured_at)s::timestamptz[],
    %(received_at)s::timestamptz[], %(values)s::double precision[]
) as t (d, k, m, r, v) order by m;

-- name: enqueue_observation --
-- An observation to be judged, in the transaction that stores it.
insert into judging (resident_id, measured_at, received_at, next_at) values (%(resident_id)s, %(at)s, %(at)s, %(at)s);

-- name: waiting --
-- The oldest of what is to be judged, with whose it was at the time of the reading.
select j.id, j.device_key, k.name, coalesce(j.resident_id, s.resident_id), coalesce(i.home_id, b.home_id), i.room,
    j.measured_at, j.received_at, j.value, d.id
from (select * from judging where next_at <= %(now)s order by id limit %(limit)s) j
left join reading_kind k on k.id = j.kind_id
left join device d on d.key = j.device_key and d.registered
left join installation i on i.device_key = d.key and i.valid @> j.measured_at
left join bed_stay s on s.bed_key = i.bed_key and s.valid @> j.measured_at
left join bed_stay o on o.resident_id = j.resident_id and o.valid @> j.measured_at
left join bed b on b.key = o.bed_key
order by j.id;

-- name: take --
-- These are judged with this transaction; who gets fewer came too late.
delete from judging where id = any(%(ids)s) returning id;

-- name: put_off --
-- These could not be judged: once more later, and given up after some tries.
update judging set tries = tries + 1, next_at = %(next_at)s where id = any(%(ids)s);

-- name: give_up --
-- What could not be judged so often that it never will.
delete from judging where id = any(%(ids)s) and tries >= %(tries)s returning id;

-- name: people --
-- Residents at a moment, with home and gateway. `offset 0`: else a plan may go through all gateways in their order.
select r.id, t.state, r.needs, r.profile, r.limits, h.id, h.area_code, h.org_id,
    (select min(id) from (
        select g.id from gateway g where g.home_id = h.id and g.retired_at is null offset 0) here)
from resident r
left join resident_state t on t.resident_id = r.id and t.valid @> %(at)s::timestamptz
left join lateral (
    select b.home_id from bed_stay s join bed b on b.key = s.bed_key
    where s.resident_id = r.id and s.valid @> %(at)s::timestamptz order by lower(s.valid) desc limit 1
) live on true
left join home h on h.id = live.home_id
where r.id = any(%(ids)s);

-- name: people_of_home --
-- Who lives in a home at a moment.
select distinct r.id, t.state, r.needs, r.profile, r.limits
from bed b
join bed_stay s on s.bed_key = b.key and s.valid @> %(at)s::timestamptz
join resident r on r.id = s.resident_id
left join resident_state t on t.resident_id = r.id and t.valid @> %(at)s::timestamptz
where b.home_id = %(home_id)s
order by r.id;

-- name: home --
-- A home's area, organisation and gateway.
select h.area_code, h.org_id,
    (select min(id) from (
        select g.id from gateway g where g.home_id = h.id and g.retired_at is null offset 0) here)
from home h where h.id = %(home_id)s;

-- name: gateway_is_away --
-- Whether a home's gateway is known to be offline.
select 1 from gateway where home_id = %(home_id)s and retired_at is null and online = false limit 1;

-- name: values --
-- Of each person, series and moment: the newest two values before it, two from a minute before those, the
-- oldest two of the window, and all after it. Late readings and those whose time was not believed are left out.
with whose as (
    select w.resident_id, w.at, i.device_key, s.valid * i.valid as valid, i.role, d.family, d.model, d.id as device
    from unnest(%(resident_ids)s::uuid[], %(ats)s::timestamptz[]) as w (resident_id, at)
    join bed_stay s on s.resident_id = w.resident_id
    join installation i on i.bed_key = s.bed_key and i.valid && s.valid
    join device d on d.key = i.device_key and d.registered
    where s.valid && tstzrange(w.at - %(longest)s::interval, %(now)s::timestamptz, '[]')
        and i.valid && tstzrange(w.at - %(longest)s::interval, %(now)s::timestamptz, '[]')
), series as (
    select whose.*, k.id as kind_id, k.name as kind, whose.at - windows.length as since
    from whose
    join reading_last l on l.device_key = whose.device_key
    join reading_kind k on k.id = l.kind_id
    join unnest(%(kinds)s::text[], %(windows)s::interval[]) as windows (kind, length) on windows.kind = k.name
)
select distinct q.resident_id, q.kind, r.measured_at, r.value, q.device, q.role, q.family, q.model, r.quality
from series q
cross join lateral (
    (select measured_at, value, quality, received_at from reading
     where device_key = q.device_key and kind_id = q.kind_id and measured_at between q.since and q.at
     order by measured_at desc limit 2)
    union all
    (select measured_at, value, quality, received_at from reading
     where device_key = q.device_key and kind_id = q.kind_id
        and measured_at between q.since and q.at - %(apart)s::interval
     order by measured_at desc limit 3)
    union all
    (select measured_at, value, quality, received_at from reading
     where device_key = q.device_key and kind_id = q.kind_id and measured_at between q.since and q.at
     order by measured_at limit 2)
    union all
    (select measured_at, value, quality, received_at from reading
     where device_key = q.device_key and kind_id = q.kind_id
        and measured_at > q.at and measured_at <= %(now)s::timestamptz + interval '10 minutes'
     order by measured_at limit 1000)
) r
where q.valid @> r.measured_at and r.quality is distinct from 0
    and r.received_at - r.measured_at <= %(late_after)s::interval;

-- name: observations --
-- What was entered about these persons since a time.
select resident_id, kind, measured_at, entered_at, value, text, method from observation
where resident_id = any(%(resident_ids)s) and entered_at >= %(since)s and entered_at <= %(now)s;

-- name: conditions --
-- What was raised about these persons.
select resident_id, key, priority, raised_at, known, over from condition where resident_id = any(%(resident_ids)s);

-- name: set_condition --
-- A condition was raised, or is over.
insert into condition (resident_id, key, priority, raised_at, known, over, alarm_id, rule_version)
values (%(resident_id)s, %(key)s, %(priority)s, %(raised_at)s, %(known)s, %(over)s, %(alarm_id)s, %(rule_version)s)
on conflict (resident_id, key) do update set
    priority = excluded.priority, raised_at = excluded.raised_at, known = excluded.known, over = excluded.over,
    alarm_id = coalesce(excluded.alarm_id, condition.alarm_id), rule_version = excluded.rule_version;

-- name: alarms_over --
-- The alarms of conditions that are over, where no other condition still stands for the same alarm.
select distinct a.id, a.case_id, a.kind from condition c join alarm a on a.id = c.alarm_id
where c.resident_id = %(resident_id)s and c.key = any(%(keys)s) and a.cleared_at is null
    and not exists (
        select from condition o where o.alarm_id = c.alarm_id and not o.over
            and not (o.resident_id = c.resident_id and o.key = any(%(keys)s))
    );

-- name: begin_expectation --
-- Something is awaited, unless it is already.
insert into expectation (key, rule, device_key, resident_id, home_id, began_at, due_at, rule_version)
values (%(key)s, %(rule)s, %(device_key)s, %(resident_id)s, %(home_id)s, %(began_at)s, %(due_at)s, %(rule_version)s)
on conflict (key) do nothing;

-- name: end_expectation --
-- It has happened; the alarm is returned where it had been overdue.
with gone as (delete from expectation where key = %(key)s and began_at <= %(at)s returning alarm_id)
select a.id, a.case_id, a.kind from gone join alarm a on a.id = gone.alarm_id where a.cleared_at is null;

-- name: expected --
-- The keys of what is awaited.
select key from expectation where key = any(%(keys)s);

-- name: overdue --
-- What should have happened, of sensors whose readings are all judged.
select e.key from expectation e
where e.due_at <= %(now)s and e.alarm_id is null
    and not exists (select from judging j where j.device_key = e.device_key)
order by e.due_at limit %(limit)s;

-- name: take_overdue --
-- One of them, for one worker.
select e.rule, e.device_key, e.resident_id, e.home_id, e.began_at, e.due_at, e.rule_version, d.id,
    coalesce((select i.room from installation i where i.device_key = e.device_key and i.valid @> e.began_at), '')
from expectation e join device d on d.key = e.device_key
where e.key = %(key)s and e.alarm_id is null for update of e skip locked;

-- name: set_overdue --
-- It was raised.
update expectation set alarm_id = %(alarm_id)s where key = %(key)s;

-- name: drop_expectation --
-- It matters no more.
delete from expectation where key = %(key)s;

-- name: trim_expectations --
-- What was raised and never came to an end, such as a door sensor that was taken away.
delete from expectation where began_at < %(before)s;

-- name: add_observation --
-- One thing that somebody observed; the same key again adds nothing.
insert into observation (
    id, resident_id, kind, value, text, method, measured_at, entered_at, entered_by, idempotency_key
) values (
    %(id)s, %(resident_id)s, %(kind)s, %(value)s, %(text)s, %(method)s, %(measured_at)s, %(entered_at)s,
    %(entered_by)s, %(idempotency_key)s
) on conflict do nothing
returning id;

-- name: observation_of_key --
-- What the same key entered before.
select id from observation
where resident_id = %(resident_id)s and entered_by = %(entered_by)s and idempotency_key = %(idempotency_key)s limit 1;

-- name: list_observations --
-- What was entered about a person, newest entry first, each entry whole.
select id, kind, value, text, method, measured_at, entered_at, entered_by from observation
where resident_id = %(resident_id)s and id in (
    select distinct id from observation
    where resident_id = %(resident_id)s and (%(before)s::uuid is null or id < %(before)s)
    order by id desc limit %(limit)s
)
order by id desc, kind, text;

-- name: set_limits --
-- A person's own limits, as ordered.
update resident set limits = %(limits)s, revision = revision + 1 where id = %(id)s returning revision;
