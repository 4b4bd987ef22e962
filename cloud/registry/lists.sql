-- name: list_areas --
-- Areas below a prefix, with how many homes each has itself.
select a.code, a.name, a.parent_code, a.revision, (select count(*) from home h where h.area_code = a.code)::integer as homes
from area a
where starts_with(a.code, %(area_code)s) and a.code > %(after)s
    and (%(text)s = '' or strpos(a.name, %(text)s) > 0 or starts_with(a.code, %(text)s))
    and not exists (select from home s where s.synthetic and s.area_code = a.code)
order by a.code limit %(limit)s;

-- name: list_orgs --
-- Organisations that a reader may see.
select o.id, o.name, o.revision, (select count(*) from home h where h.org_id = o.id)::integer as homes
from org o
where (%(org_id)s::uuid is null or o.id = %(org_id)s) and (%(text)s = '' or strpos(o.name, %(text)s) > 0)
    and (%(after)s::uuid is null or o.id > %(after)s)
    and not exists (select from home s where s.synthetic and s.org_id = o.id)
order by o.id limit %(limit)s;

-- name: list_homes --
-- Homes of an area and organisation with their beds and elders; `ids` null: all.
select h.id, h.area_code, h.org_id, o.name as org, h.street, h.compound, h.building, h.unit, h.room, h.revision,
    (select count(*) from bed b where b.home_id = h.id)::integer as beds,
    (select count(*) from gateway g where g.home_id = h.id and g.retired_at is null)::integer as gateways,
    array(select p.name from bed b join bed_stay s on s.bed_key = b.key and s.valid @> %(at)s::timestamptz
        join resident r on r.id = s.resident_id join person p on p.id = r.person_id
        where b.home_id = h.id order by p.name) as residents
from home h join org o on o.id = h.org_id
where not h.synthetic and starts_with(h.area_code, %(area_code)s) and starts_with(h.area_code, %(area)s)
    and (%(org_id)s::uuid is null or h.org_id = %(org_id)s) and (%(org)s::uuid is null or h.org_id = %(org)s)
    and (%(ids)s::uuid[] is null or h.id = any(%(ids)s))
    and (%(after)s::uuid is null or h.id > %(after)s)
order by h.id limit %(limit)s;

-- name: find_home_detail --
-- One home, without its door code.
select h.id, h.area_code, h.org_id, o.name as org, h.street, h.compound, h.building, h.unit, h.room, h.gate_lat,
    h.gate_lon, h.access_note, h.door_code_cipher is not null as has_door_code, h.safe_radius_m, h.safe_ring, h.access_points, h.verified_at, h.revision
from home h join org o on o.id = h.org_id where h.id = %(id)s;

-- name: list_beds --
-- Beds of a home and who lies in them.
select b.id, b.label, b.revision, r.id as resident_id, p.name as resident_name
from bed b
left join bed_stay s on s.bed_key = b.key and s.valid @> %(at)s::timestamptz
left join resident r on r.id = s.resident_id
left join person p on p.id = r.person_id
where b.home_id = %(home_id)s order by b.key;

-- name: list_register --
-- Residents of an area and organisation, in the order they came; `ids` null: all.
select r.id, p.name, p.sex, p.birth_date, r.area_code, r.org_id, o.name as org, r.revision, t.state,
    b.label, h.id as home_id, h.street, h.compound, h.building, h.unit, h.room,
    (select count(*) from contact c where c.resident_id = r.id)::integer as contacts,
    p.id_number_hmac is not null as has_id_number
from resident r
join person p on p.id = r.person_id
join org o on o.id = r.org_id
left join lateral (select s.bed_key from bed_stay s where s.resident_id = r.id and s.valid @> %(at)s::timestamptz
    order by lower(s.valid) desc limit 1) s on true
left join bed b on b.key = s.bed_key
left join home h on h.id = b.home_id
left join resident_state t on t.resident_id = r.id and t.valid @> %(at)s::timestamptz
where starts_with(r.area_code, %(area_code)s) and starts_with(r.area_code, %(area)s)
    and (%(org_id)s::uuid is null or r.org_id = %(org_id)s) and (%(org)s::uuid is null or r.org_id = %(org)s)
    and (%(state)s::text is null or t.state = %(state)s)
    and (%(without_bed)s = false or b.id is null)
    and (%(ids)s::uuid[] is null or r.id = any(%(ids)s))
    and (%(after)s::uuid is null or r.id > %(after)s)
order by r.id limit %(limit)s;

-- name: list_installations --
-- Where a device was, newest first.
select i.id, i.home_id, b.id as bed_id, i.room, i.role, lower(i.valid) as since, upper(i.valid) as until,
    h.area_code, h.org_id, h.street, h.compound, h.building, h.unit, h.room as door
from installation i
join device d on d.key = i.device_key
join home h on h.id = i.home_id
left join bed b on b.key = i.bed_key
where d.id = %(device_id)s order by lower(i.valid) desc limit 100;
