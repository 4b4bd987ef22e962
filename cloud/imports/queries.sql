-- name: one_import_at_a_time --
-- Two imports at once could both find that an elder is not there yet.
select pg_advisory_xact_lock(7521963);

-- name: known_rows --
-- Rows that were imported before.
select fingerprint from import_row where fingerprint = any(%(fingerprints)s);

-- name: possible_matches --
-- Persons with one of these ID-card numbers or names, as residents where they are.
select p.id, p.name, p.birth_date, p.id_number_hmac, r.id, coalesce(r.area_code, ''), r.org_id,
    array(select f.phone from person_phone f where f.person_id = p.id),
    concat_ws(' ', nullif(h.street, ''), nullif(h.compound, ''), nullif(h.building, ''), nullif(h.unit, ''), nullif(h.room, ''))
from person p
left join lateral (select id, area_code, org_id from resident where person_id = p.id
    order by created_at desc limit 1) r on true
left join lateral (select s.bed_key from bed_stay s where s.resident_id = r.id and s.valid @> %(at)s::timestamptz
    limit 1) s on true
left join bed b on b.key = s.bed_key
left join home h on h.id = b.home_id
where p.merged_into is null and (p.id_number_hmac = any(%(hmacs)s) or p.name = any(%(names)s));

-- name: areas_seen --
-- Areas that a reader may see, by code and name.
select code, name from area a
where starts_with(code, %(area_code)s) and not exists (select from home s where s.synthetic and s.area_code = a.code);

-- name: orgs_seen --
-- Organisations that a reader may see.
select id, name from org o
where (%(org_id)s::uuid is null or id = %(org_id)s)
    and not exists (select from home s where s.synthetic and s.org_id = o.id);

-- name: homes_of_areas --
-- Homes of some areas by their address, the oldest first.
select id, area_code, org_id, street, compound, building, unit, room from home
where area_code = any(%(areas)s) order by created_at;

-- name: free_beds --
-- Beds of homes that nobody lies in.
select b.id, b.home_id, b.label from bed b
where b.home_id = any(%(homes)s) and not exists (
    select from bed_stay s where s.bed_key = b.key and s.valid @> %(at)s::timestamptz)
order by b.key;

-- name: persons_of_phones --
-- Persons who can be reached at these numbers.
select f.phone, p.name, p.id from person_phone f join person p on p.id = f.person_id
where f.phone = any(%(phones)s) and p.merged_into is null order by p.created_at desc;

-- name: copy_home --
-- Homes with their sealed door codes.
copy home (id, area_code, org_id, street, compound, building, unit, room, access_note, door_code_cipher,
    door_code_hmac, created_at) from stdin;

-- name: copy_bed --
-- Beds.
copy bed (id, home_id, label) from stdin;

-- name: bed_keys --
-- The keys of beds.
select id, key from bed where id = any(%(ids)s);

-- name: copy_person --
-- Persons; those of rows that were merged point at whom they were merged into.
copy person (id, name, sex, birth_date, id_number_cipher, id_number_hmac, merged_into, created_at) from stdin;

-- name: copy_phone --
-- Numbers of new persons.
copy person_phone (person_id, phone) from stdin;

-- name: copy_resident --
-- Residents.
copy resident (id, person_id, area_code, org_id, profile, needs, risks, created_at) from stdin;

-- name: copy_state --
-- Their state: active from now on.
copy resident_state (resident_id, state, valid) from stdin;

-- name: copy_stay --
-- Who lies in which bed from now on.
copy bed_stay (bed_key, resident_id, valid) from stdin;

-- name: copy_contact --
-- Whom to call.
copy contact (resident_id, person_id, position, relation, has_key) from stdin;

-- name: copy_import_row --
-- The rows themselves, known again.
copy import_row (fingerprint, resident_id, imported_at, imported_by) from stdin;

-- name: fill_person --
-- What a merged row knows and the person's record does not.
update person set birth_date = coalesce(birth_date, %(birth_date)s), sex = case when sex = 'unknown' then %(sex)s else sex end,
    id_number_cipher = coalesce(id_number_cipher, %(cipher)s::bytea), id_number_hmac = coalesce(id_number_hmac, %(hmac)s::bytea)
where id = %(id)s;

-- name: fill_resident --
-- What a merged row knows and the resident's record does not; nothing that is there is overwritten.
update resident set profile = %(profile)s::jsonb || profile, needs = %(needs)s::jsonb || needs,
    risks = case when risks = '[]' then %(risks)s::jsonb else risks end, revision = revision + 1 where id = %(id)s;

-- name: add_phone --
-- A number that a merged row knows.
insert into person_phone (person_id, phone) values (%(person_id)s, %(phone)s) on conflict do nothing;

-- name: add_contact --
-- A contact that a merged row knows, after those that are there.
insert into contact (resident_id, person_id, position, relation, has_key)
values (%(resident_id)s, %(person_id)s,
    (select coalesce(max(position), 0) + 1 from contact where resident_id = %(resident_id)s), %(relation)s, %(has_key)s)
on conflict (resident_id, person_id) do nothing;

-- name: has_bed --
-- Whether an elder lies in a bed.
select exists (select from bed_stay where resident_id = %(id)s and valid @> %(at)s::timestamptz);

-- name: analyze_home --
-- The planner learns how large the table has become.
analyze home;

-- name: analyze_bed --
-- The planner learns how large the table has become.
analyze bed;

-- name: analyze_person --
-- The planner learns how large the table has become.
analyze person;

-- name: analyze_resident --
-- The planner learns how large the table has become.
analyze resident;
