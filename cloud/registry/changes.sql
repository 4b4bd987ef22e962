-- name: change_area --
-- Rename an area.
update area set name = %(name)s, revision = revision + 1
where code = %(id)s and revision = %(revision)s returning revision;

-- name: revision_of_area --
-- The revision of an area.
select revision from area where code = %(id)s;

-- name: change_org --
-- Rename an organisation.
update org set name = %(name)s, revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: revision_of_org --
-- The revision of an organisation.
select revision from org where id = %(id)s;

-- name: change_home --
-- A home's address and how to get in; its door code stays unless a new one is given or it is to go.
update home set area_code = %(area_code)s, org_id = %(org_id)s, street = %(street)s, compound = %(compound)s,
    building = %(building)s, unit = %(unit)s, room = %(room)s, gate_lat = %(gate_lat)s, gate_lon = %(gate_lon)s,
    access_note = %(access_note)s, safe_radius_m = %(safe_radius_m)s, verified_at = coalesce(%(verified_at)s, verified_at),
    door_code_cipher = case %(door)s when 'keep' then door_code_cipher when 'set' then %(cipher)s::bytea end,
    door_code_hmac = case %(door)s when 'keep' then door_code_hmac when 'set' then %(hmac)s::bytea end,
    revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: set_access_points --
-- By which Wi-Fi one is known to be at home; the new revision.
update home set access_points = %(access_points)s, revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: set_safe_zone --
-- How far from home its people may go: a circle round the gate, or a ring.
update home set safe_radius_m = %(radius_m)s, safe_ring = %(ring)s, revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: revision_of_home --
-- The revision of a home.
select revision from home where id = %(id)s;

-- name: move_people_of_home --
-- Whoever lives in a home belongs where the home belongs.
update resident r set area_code = %(area_code)s, org_id = %(org_id)s
from bed_stay s join bed b on b.key = s.bed_key
where s.resident_id = r.id and s.valid @> %(at)s::timestamptz and b.home_id = %(id)s;

-- name: move_gateways_of_home --
-- A home's gateways belong where the home belongs.
update gateway set area_code = %(area_code)s, org_id = %(org_id)s where home_id = %(id)s;

-- name: change_bed --
-- Rename a bed.
update bed set label = %(label)s, revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: revision_of_bed --
-- The revision of a bed.
select revision from bed where id = %(id)s;

-- name: change_resident --
-- What care needs to know of an elder.
update resident set profile = %(profile)s, needs = %(needs)s, risks = %(risks)s, limits = %(limits)s,
    revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: revise_resident --
-- A change beside the resident's own row, such as of contacts or of the bed.
update resident set revision = revision + 1 where id = %(id)s and revision = %(revision)s returning revision;

-- name: revision_of_resident --
-- The revision of a resident.
select revision from resident where id = %(id)s;

-- name: change_person --
-- Who a resident is; the ID-card number only where a new one is given.
update person p set name = %(name)s, sound = %(sound)s, sex = %(sex)s, birth_date = %(birth_date)s,
    id_number_cipher = coalesce(%(cipher)s::bytea, id_number_cipher), id_number_hmac = coalesce(%(hmac)s::bytea, id_number_hmac)
from resident r where r.id = %(id)s and p.id = r.person_id returning p.id;

-- name: drop_phones --
-- Numbers that are no longer the person's.
delete from person_phone where person_id = %(person_id)s and not (phone = any(%(phones)s));

-- name: drop_contacts --
-- Who is no longer to be called; the persons stay.
delete from contact where resident_id = %(id)s and not (person_id = any(%(people)s));

-- name: set_contact --
-- Someone to call, at a place in the order.
insert into contact (resident_id, person_id, position, relation, has_key, distance_note)
values (%(id)s, %(person_id)s, %(position)s, %(relation)s, %(has_key)s, %(distance_note)s)
on conflict (resident_id, person_id) do update set position = excluded.position, relation = excluded.relation,
    has_key = excluded.has_key, distance_note = excluded.distance_note;

-- name: drop_stay_at --
-- A stay that begins at this very moment gives way.
delete from bed_stay where resident_id = %(id)s and lower(valid) >= %(at)s;

-- name: end_stay --
-- The running stay ends.
update bed_stay set valid = tstzrange(lower(valid), %(at)s)
where resident_id = %(id)s and valid @> %(at)s::timestamptz;

-- name: place_resident --
-- An elder belongs where the bed belongs.
update resident set area_code = %(area_code)s, org_id = %(org_id)s where id = %(id)s;

-- name: change_device --
-- What a device is.
update device set family = %(family)s, model = %(model)s, registered = true, revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: correct_installation --
-- Where in its home a device is and what for, put right from the beginning of its installation.
update installation i set room = coalesce(%(room)s, i.room), role = coalesce(%(role)s, i.role)
from device d where d.id = %(id)s and i.device_key = d.key and i.valid @> %(now)s::timestamptz;

-- name: retire_device --
-- Out of use.
update device set retired_at = %(now)s, revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: end_installations --
-- The running installation ends now, one that was to begin later never does.
with later as (
    delete from installation i using device d
    where d.id = %(id)s and i.device_key = d.key and lower(i.valid) >= %(now)s
)
update installation i set valid = tstzrange(lower(i.valid), %(now)s)
from device d where d.id = %(id)s and i.device_key = d.key and i.valid @> %(now)s::timestamptz and lower(i.valid) < %(now)s;

-- name: last_change --
-- Who changed a record last.
select coalesce(s.name, t.name, a.actor) from audit a
left join staff s on a.actor = 'staff:' || s.id
left join api_token t on a.actor = 'token:' || t.id
where a.subject = %(id)s and a.action ~ '(changed|moved|set|retired|created)$' order by a.at desc, a.id desc limit 1;

-- name: revision_of_device --
-- The revision of a device.
select revision from device where id = %(id)s;

-- name: change_gateway --
-- Where a gateway stands, what carries it, whether it may still connect.
update gateway set home_id = %(home_id)s, area_code = %(area_code)s, org_id = %(org_id)s, network = %(network)s,
    retired_at = case when %(retired)s then coalesce(retired_at, %(now)s) end, revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: revision_of_gateway --
-- The revision of a gateway.
select revision from gateway where id = %(id)s;

-- name: find_gateway_detail --
-- One gateway.
select id, kind, home_id, area_code, org_id, network, retired_at, revision from gateway where id = %(id)s;
