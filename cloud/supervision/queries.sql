-- Supervision: signs of life of devices and of our own programs.

-- name: signs --
-- Devices that spoke since they were last looked at: when, whether they run on a battery, what was learned.
select d.key, seen.at, seen.battery, f.last_at, f.interval_s, f.signs, f.battery, f.offline_at is not null
from (
    select l.device_key, max(l.measured_at) as at,
        bool_or(k.name in ('battery', 'battery_voltage', 'battery_low')) as battery
    from reading_last l join reading_kind k on k.id = l.kind_id
    where l.measured_at <= %(now)s
    group by l.device_key
    union all
    select v.key, v.last_seen_at, false from device v
    where v.last_seen_at <= %(now)s
        and not exists (select 1 from reading_last l where l.device_key = v.key and l.measured_at >= v.last_seen_at)
) seen
join device d on d.key = seen.device_key
left join device_life f on f.device_key = d.key
where f.device_key is null or seen.at > f.last_at
order by d.key, seen.at;

-- name: learn --
-- What was learned of devices.
insert into device_life (device_key, last_at, interval_s, signs, battery, due_at)
select * from unnest(%(keys)s::integer[], %(last_at)s::timestamptz[], %(intervals)s::double precision[],
    %(signs)s::integer[], %(battery)s::boolean[], %(due_at)s::timestamptz[])
on conflict (device_key) do update set
    last_at = excluded.last_at, interval_s = excluded.interval_s, signs = excluded.signs,
    battery = excluded.battery, due_at = excluded.due_at;

-- name: silent_devices --
-- Devices that are due, installed where somebody lives, whose gateway is there and has been for a while.
select f.device_key, d.id, i.home_id, i.room, h.area_code, h.org_id, g.id, f.last_at, f.interval_s, f.battery
from device_life f
join device d on d.key = f.device_key and d.registered
join installation i on i.device_key = d.key and i.valid @> %(now)s::timestamptz
join home h on h.id = i.home_id and not h.synthetic
left join gateway g on g.home_id = h.id and g.retired_at is null
where f.due_at <= %(now)s and f.offline_at is null
    and (g.id is null or (g.online is distinct from false and coalesce(g.online_changed_at <= %(settled)s, true)))
    and not exists (select 1 from event e where e.device_key = f.device_key and e.occurred_at > f.last_at
        and e.occurred_at > %(recent)s)
order by f.due_at limit %(limit)s;

-- name: set_offline --
-- A device is missed; nothing is returned when it has spoken, or was missed already.
update device_life set offline_at = %(now)s
where device_key = %(device_key)s and offline_at is null and due_at <= %(now)s
returning device_key;

-- name: set_back --
-- A device is heard again.
update device_life set offline_at = null where device_key = %(device_key)s;

-- name: alarms_of_device --
-- A device's alarms of a kind that supervision raised and that are not over.
select a.id, a.case_id from alarm a join cases c on c.id = a.case_id and c.live
where a.device_key = %(device_key)s and a.kind = %(kind)s and a.event_id is null and a.cleared_at is null;

-- name: faults_of_device --
-- A device's technical alarms that are not over.
select a.id, a.case_id from alarm a
join device d on d.key = a.device_key and d.id = %(id)s
join cases c on c.id = a.case_id and c.live and c.class = 'technical'
where a.cleared_at is null;

-- name: faults_of_gateway --
-- A gateway's own technical alarms that are not over.
select a.id, a.case_id from alarm a
join cases c on c.id = a.case_id and c.live and c.class = 'technical'
    and c.subject_kind = 'gateway' and c.subject_id = %(id)s
where a.cleared_at is null;

-- name: forget_life --
-- A device that is out of use is not missed.
delete from device_life f using device d where d.id = %(id)s and f.device_key = d.key;

-- name: batteries --
-- Batteries that have become low or well by their own readings.
select l.device_key, d.id, l.value, f.low_at is not null, i.home_id, i.room, h.area_code, h.org_id, g.id
from reading_last l
join reading_kind k on k.id = l.kind_id and k.name = 'battery'
join device_life f on f.device_key = l.device_key
join device d on d.key = l.device_key and d.registered
join installation i on i.device_key = d.key and i.valid @> %(now)s::timestamptz
join home h on h.id = i.home_id and not h.synthetic
left join gateway g on g.home_id = h.id and g.retired_at is null
where l.measured_at > %(recent)s
    and ((l.value <= %(low)s and f.low_at is null) or (l.value >= %(well)s and f.low_at is not null))
order by l.device_key limit %(limit)s;

-- name: set_low --
-- Whether a battery's lowness was told.
update device_life set low_at = %(low_at)s where device_key = %(device_key)s;

-- name: told_low --
-- Whether a battery's own alarm already says so.
select 1 from alarm a join cases c on c.id = a.case_id and c.live
where a.device_key = %(device_key)s and a.kind = 'battery_low' and a.cleared_at is null;

-- name: liveness --
-- What is known of devices, for a list of them.
select d.id, f.offline_at is not null, f.due_at from device d
join device_life f on f.device_key = d.key where d.id = any(%(ids)s);

-- name: program_alive --
-- A program of ours lives.
insert into program_life (program, alive_at) values (%(program)s, %(now)s)
on conflict (program) do update set alive_at = greatest(program_life.alive_at, excluded.alive_at);

-- name: program_ended --
-- A program of ours has ended as it should.
delete from program_life where program = %(program)s;

-- name: lives --
-- When each of our programs was last heard.
select program, alive_at from program_life
union all
select program, alive_at from reading_life
union all
select 'listening', alive_at from reading_life where program = 'ingest' and listening_since is not null
union all
select 'members', min(alive_at) from reader_life having count(*) > 0;

-- name: open_silence --
-- The alarm about a program's silence that is not over.
select a.id, a.case_id from alarm a join cases c on c.id = a.case_id and c.live
where c.subject_kind = 'system' and a.kind = %(kind)s and a.device_id is not distinct from %(device_id)s
    and a.cleared_at is null;

-- name: silent_seats --
-- Seats of the desk that are signed in and say nothing, and whether that was told.
select s.id, u.name, u.area_code, u.org_id, s.last_seen_at
from seat s join staff u on u.id = s.staff_id and u.role in ('operator', 'supervisor')
where s.closed_at is null and s.last_seen_at < %(before)s
    and exists (select 1 from session t where t.seat_id = s.id and t.expires_at > %(now)s)
    and not exists (select 1 from alarm a where a.kind = 'screen_silent' and a.device_id = s.id::text
        and a.occurred_at >= s.last_seen_at)
order by s.last_seen_at limit 50;

-- name: living_seats --
-- How many seats of the desk are there.
select count(*) from seat s join staff u on u.id = s.staff_id and u.role in ('operator', 'supervisor')
where s.closed_at is null and s.last_seen_at >= %(before)s;

-- name: seats_back --
-- Alarms about seats that are heard again, were signed off or left.
select a.id, a.case_id from alarm a
join cases c on c.id = a.case_id and c.live
left join seat s on s.id::text = a.device_id
where a.kind = 'screen_silent' and a.cleared_at is null
    and (s.id is null or s.closed_at is not null or s.last_seen_at >= %(before)s
        or not exists (select 1 from session t where t.seat_id = s.id and t.expires_at > %(now)s));
