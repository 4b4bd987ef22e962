-- name: find_account --
-- An account by its user name.
select id, role, active from staff where username = %(username)s;

-- name: find_contact --
-- One of an elder's contacts, by name.
select c.person_id, c.relation from contact c join person p on p.id = c.person_id
where c.resident_id = %(resident_id)s and p.name = %(name)s
order by c.position limit 1;

-- name: insert_access --
-- From now on an account sees an elder; nothing where it does already.
insert into family_access (id, staff_id, resident_id, person_id, relation, valid, consent, consented_at, recorded_by,
    location)
values (%(id)s, %(staff_id)s, %(resident_id)s, %(person_id)s, %(relation)s, tstzrange(%(from)s, %(until)s),
    %(consent)s, %(consented_at)s, %(recorded_by)s, %(location)s)
on conflict (staff_id, resident_id) where upper_inf(valid) do nothing
returning id;

-- name: lock_access --
-- An access with whose the elder is, held.
select f.id, r.area_code, r.org_id, f.valid @> %(now)s::timestamptz from family_access f
join resident r on r.id = f.resident_id where f.id = %(id)s for update of f;

-- name: end_access --
-- It ends now; one that lies ahead never begins, and one that has ended ended when it did.
update family_access set valid = case when lower(valid) < %(now)s then tstzrange(lower(valid), %(now)s)
    else 'empty'::tstzrange end
where id = %(id)s and (upper_inf(valid) or upper(valid) > %(now)s);

-- name: list_access --
-- Who sees whom, or did.
select f.id, u.username, u.name as account_name, f.resident_id, e.name as resident_name, p.name as contact_name,
    f.relation, lower(f.valid) as since, upper(f.valid) as until,
    coalesce(upper(f.valid) <= %(now)s, false) as ended, f.consent, f.consented_at, f.recorded_by, f.location
from family_access f
join staff u on u.id = f.staff_id
join resident r on r.id = f.resident_id
join person e on e.id = r.person_id
join person p on p.id = f.person_id
where not isempty(f.valid) and starts_with(r.area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or r.org_id = %(org_id)s)
    and (%(resident_id)s::uuid is null or f.resident_id = %(resident_id)s)
order by f.id;

-- name: elders_of --
-- The elders that an account sees now, with their state.
select distinct on (r.id) r.id, p.name, p.sex, f.relation, coalesce(t.state, 'active') as state,
    coalesce(t.state, 'active') <> 'deceased' and exists (
        select from cases c where c.resident_id = r.id and c.class = 'care' and not c.synthetic
            and c.state not in ('closed', 'merged')) as in_hand,
    f.location and coalesce(t.state, 'active') <> 'deceased' as location
from family_access f
join resident r on r.id = f.resident_id
join person p on p.id = r.person_id
left join resident_state t on t.resident_id = r.id and t.valid @> %(now)s::timestamptz
where f.staff_id = %(staff_id)s and f.valid @> %(now)s::timestamptz
order by r.id, lower(f.valid) desc;

-- name: cases_of --
-- Care cases of an elder, and of nobody in particular in the elder's home: those that go on, and the past week's.
select c.id, c.kinds, c.state, c.priority, c.owner_name, c.occurred_at, c.opened_at, c.claimed_at, c.resolved_at,
    c.closed_at, c.disposition, c.place ->> 'incident_room' as room
from cases c
where (c.resident_id = %(resident_id)s or (c.resident_id is null and c.home_id = %(home_id)s))
    and c.class = 'care' and not c.synthetic and c.state <> 'merged' and c.disposition is distinct from 'test'
    and (c.state <> 'closed' or c.closed_at >= %(since)s)
order by c.state = 'closed', case when c.state = 'closed' then 0 else c.priority end, c.opened_at desc
limit 10;

-- name: calls_of --
-- Call-backs to the elder.
select at, actor, data ->> 'outcome' from case_entry where case_id = %(case_id)s and kind = 'call_back'
order by n;

-- name: help_of --
-- Who was asked to go, and what became of it.
select name, state, offered_at, answered_at, eta_at, arrived_at, ended_at from dispatch where case_id = %(case_id)s
order by offered_at, id;

-- name: newest --
-- The newest values of an elder's bed and home.
select k.name, l.value, l.measured_at, i.device_key, i.bed_key is not null
from bed_stay s
join bed b on b.key = s.bed_key
join installation i on i.home_id = b.home_id and (i.bed_key = s.bed_key or i.bed_key is null)
    and i.valid @> %(now)s::timestamptz
join reading_last l on l.device_key = i.device_key and l.measured_at >= greatest(lower(i.valid), lower(s.valid))
join reading_kind k on k.id = l.kind_id
where s.resident_id = %(resident_id)s and s.valid @> %(now)s::timestamptz and k.name = any(%(kinds)s)
order by k.name, l.measured_at desc;

-- name: in_bed --
-- When an elder got into bed and out of it, as the bed's own devices told.
select r.measured_at, r.value >= 0.5
from bed_stay s
join installation i on i.bed_key = s.bed_key and i.valid && s.valid
join reading r on r.device_key = i.device_key and s.valid @> r.measured_at and i.valid @> r.measured_at
where s.resident_id = %(resident_id)s and r.kind_id = (select id from reading_kind where name = 'in_bed')
    and r.measured_at >= %(from)s and r.measured_at < %(to)s
order by r.measured_at limit 20000;

-- name: devices_of --
-- The devices of an elder's bed and home.
select d.family, i.role, i.room, d.last_seen_at, l.offline_at, l.low_at,
    array(select k.name from reading_last v join reading_kind k on k.id = v.kind_id where v.device_key = d.key)
from bed_stay s
join bed b on b.key = s.bed_key
join installation i on i.home_id = b.home_id and (i.bed_key = s.bed_key or i.bed_key is null)
    and i.valid @> %(now)s::timestamptz
join device d on d.key = i.device_key
left join device_life l on l.device_key = d.key
where s.resident_id = %(resident_id)s and s.valid @> %(now)s::timestamptz
order by d.family, i.room, d.key;

-- name: gateways_of --
-- The boxes of an elder's home.
select online, last_seen_at, online_changed_at from gateway
where home_id = %(home_id)s and kind = 'home' and retired_at is null order by id;

-- name: looks --
-- Who looked at an elder, at their cases and at their home; looks of one kind within an hour are one.
select coalesce(max(u.role), max(t.role), 'system'), coalesce(max(u.name), max(t.name), a.actor), a.action,
    min(a.at), max(a.at), count(*)
from audit a
left join staff u on a.actor = 'staff:' || u.id
left join api_token t on a.actor = 'token:' || t.id
where a.at >= %(since)s and a.action = any(%(actions)s) and a.actor <> %(reader)s
    and a.subject = any(array[%(resident_id)s::text, %(home_id)s::text]
        || array(select c.id::text from cases c where c.resident_id = %(resident_id)s and c.opened_at >= %(since)s)
        || array(select d.id::text from dispatch d join cases c on c.id = d.case_id
            where c.resident_id = %(resident_id)s and c.opened_at >= %(since)s))
group by a.actor, a.action, date_bin('1 hour', a.at, '2000-01-01T00:00:00Z')
order by max(a.at) desc limit %(limit)s;

-- name: readers --
-- Whose phones show these cases: the elder's family, that of who lives in the home where nobody is named,
-- and responders who were asked.
select 'family', f.resident_id, array_agg(distinct f.staff_id)
from (
    select c.resident_id from cases c
    where c.id = any(%(case_ids)s) and c.class = 'care' and not c.synthetic and c.resident_id is not null
    union
    select s.resident_id from cases c
    join bed b on b.home_id = c.home_id
    join bed_stay s on s.bed_key = b.key and s.valid @> %(now)s::timestamptz
    where c.id = any(%(case_ids)s) and c.class = 'care' and not c.synthetic and c.resident_id is null
) elder
join family_access f on f.resident_id = elder.resident_id and f.valid @> %(now)s::timestamptz
where not exists (select from resident_state t where t.resident_id = f.resident_id
    and t.valid @> %(now)s::timestamptz and t.state = 'deceased')
group by f.resident_id
union all
select 'dispatch', d.case_id, array_agg(distinct d.staff_id)
from dispatch d
where d.case_id = any(%(case_ids)s) and (d.ended_at is null or d.ended_at > %(lately)s)
group by d.case_id;
