-- name: policies --
-- The newest version of each policy that is in use, with its steps.
select p.id, p.version, p.name, p.priority, p.area_code, p.org_id, p.resident_id, p.repeat_every_s, p.again_factor,
    coalesce((select json_agg(json_build_object('delay_s', s.delay_s, 'target', s.target, 'channels', s.channels,
        'repeats', s.repeats) order by s.position)
        from escalation_step s where s.policy_id = p.id and s.version = p.version), '[]') as steps
from escalation_policy p
where not p.retired and p.version = (select max(n.version) from escalation_policy n where n.id = p.id)
order by p.priority, p.area_code, p.id;

-- name: policy --
-- One version of a policy.
select p.id, p.version, p.name, p.priority, p.area_code, p.org_id, p.resident_id, p.repeat_every_s, p.again_factor,
    coalesce((select json_agg(json_build_object('delay_s', s.delay_s, 'target', s.target, 'channels', s.channels,
        'repeats', s.repeats) order by s.position)
        from escalation_step s where s.policy_id = p.id and s.version = p.version), '[]') as steps
from escalation_policy p where p.id = %(id)s and p.version = %(version)s;

-- name: lock_policies --
-- One editor at a time.
select pg_advisory_xact_lock(7_310);

-- name: policy_version --
-- The newest version of a policy, and whose it is.
select version, area_code, org_id from escalation_policy where id = %(id)s order by version desc limit 1;

-- name: insert_policy --
-- One more version.
insert into escalation_policy (id, version, name, priority, area_code, org_id, resident_id, repeat_every_s,
    again_factor, changed_at, changed_by, retired)
values (%(id)s, %(version)s, %(name)s, %(priority)s, %(area_code)s, %(org_id)s, %(resident_id)s, %(repeat_every_s)s,
    %(again_factor)s, %(now)s, %(by)s, %(retired)s);

-- name: insert_step --
-- One step of a version.
insert into escalation_step (policy_id, version, position, delay_s, target, channels, repeats)
values (%(id)s, %(version)s, %(position)s, %(delay_s)s, %(target)s, %(channels)s, %(repeats)s);

-- name: schedules --
-- The newest version of each schedule that is in use, with its shifts.
select d.id, d.version, d.name, d.role, d.area_code, d.org_id,
    coalesce((select json_agg(json_build_object('weekdays', s.weekdays, 'starts_minute', s.starts_minute,
        'ends_minute', s.ends_minute, 'day_kind', s.day_kind, 'first_day', s.first_day, 'last_day', s.last_day,
        'staff', s.staff) order by s.position)
        from duty_shift s where s.schedule_id = d.id and s.version = d.version), '[]') as shifts
from duty_schedule d
where not d.retired and d.version = (select max(n.version) from duty_schedule n where n.id = d.id)
order by d.role, d.area_code, d.id;

-- name: schedule_version --
-- The newest version of a schedule, and whose it is.
select version, area_code, org_id from duty_schedule where id = %(id)s order by version desc limit 1;

-- name: insert_schedule --
-- One more version.
insert into duty_schedule (id, version, name, role, area_code, org_id, changed_at, changed_by, retired)
values (%(id)s, %(version)s, %(name)s, %(role)s, %(area_code)s, %(org_id)s, %(now)s, %(by)s, %(retired)s);

-- name: insert_shift --
-- One shift of a version.
insert into duty_shift (schedule_id, version, position, weekdays, starts_minute, ends_minute, day_kind, first_day,
    last_day, staff)
values (%(id)s, %(version)s, %(position)s, %(weekdays)s, %(starts_minute)s, %(ends_minute)s, %(day_kind)s,
    %(first_day)s, %(last_day)s, %(staff)s);

-- name: known_resident --
-- Whose a resident is.
select area_code, org_id from resident where id = %(id)s;

-- name: holidays --
-- Days that are not what their weekday says.
select day, name, off from holiday where day between %(from)s and %(to)s order by day;

-- name: set_holiday --
-- A holiday, or a Sunday that is worked.
insert into holiday (day, name, off) values (%(day)s, %(name)s, %(off)s)
on conflict (day) do update set name = excluded.name, off = excluded.off;

-- name: forget_holidays --
-- A year is written anew.
delete from holiday where day between %(from)s and %(to)s;

-- name: duty_staff --
-- Who can be put on duty for a place, by name: staff whose area touches it.
select id, name, role, area_code from staff
where active and role <> 'family'
    and (starts_with(area_code, %(area_code)s) or starts_with(%(area_code)s, area_code))
    and (%(org_id)s::uuid is null or org_id is null or org_id = %(org_id)s)
order by name, id;

-- name: staff_of_role --
-- Staff of a role whose area covers a place.
select id from staff
where role = %(role)s and active and starts_with(%(area_code)s, area_code)
    and (org_id is null or org_id is not distinct from %(org_id)s)
order by name, id;
