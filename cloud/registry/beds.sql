-- name: find_bed_card --
-- A bed with its home's address.
select b.id, b.label, h.id as home_id, h.street, h.compound, h.building, h.unit, h.room, a.name as area
from bed b join home h on h.id = b.home_id join area a on a.code = h.area_code where b.id = %(id)s;

-- name: stays_of_bed --
-- Who lived in a bed, newest first.
select s.resident_id, p.name, p.sex, p.birth_date, lower(s.valid) as since, upper(s.valid) as until
from bed b join bed_stay s on s.bed_key = b.key join resident r on r.id = s.resident_id
join person p on p.id = r.person_id
where b.id = %(id)s order by lower(s.valid) desc nulls last limit 100;

-- name: installations_of_bed --
-- What was installed at a bed, newest first.
select d.id as device, d.family, d.model, i.room, i.role, lower(i.valid) as since, upper(i.valid) as until
from bed b join installation i on i.bed_key = b.key join device d on d.key = i.device_key
where b.id = %(id)s order by lower(i.valid) desc nulls last, d.id limit 200;

-- name: states_of_bed --
-- The states of those who lived in a bed, while they did, newest first.
select t.resident_id, p.name, t.state, lower(t.valid) as since, upper(t.valid) as until,
    t.place ->> 'text' as place
from bed b join bed_stay s on s.bed_key = b.key
join resident_state t on t.resident_id = s.resident_id and t.valid && s.valid
join resident r on r.id = s.resident_id join person p on p.id = r.person_id
where b.id = %(id)s and lower(t.valid) <= %(at)s order by lower(t.valid) desc nulls last limit 200;
