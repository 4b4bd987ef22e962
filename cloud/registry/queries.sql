-- name: insert_area --
-- An area below the longest known code that it starts with.
insert into area (code, name, parent_code)
values (%(code)s, %(name)s, (
    select a.code from area a where starts_with(%(code)s, a.code) and a.code <> %(code)s
    order by length(a.code) desc limit 1))
on conflict (code) do nothing
returning parent_code;

-- name: find_area --
-- The name of an area.
select name from area where code = %(code)s;

-- name: insert_org --
-- An organisation.
insert into org (id, name, created_at) values (%(id)s, %(name)s, %(now)s) on conflict (name) do nothing returning id;

-- name: find_org --
-- An organisation by name or id.
select id from org where name = %(org)s or id::text = %(org)s;

-- name: insert_home --
-- A home with its structured address.
insert into home (id, area_code, org_id, street, compound, building, unit, room, gate_lat, gate_lon,
    access_note, door_code_cipher, door_code_hmac, safe_radius_m, created_at)
values (%(id)s, %(area_code)s, %(org_id)s, %(street)s, %(compound)s, %(building)s, %(unit)s, %(room)s, %(gate_lat)s,
    %(gate_lon)s, %(access_note)s, %(door_code_cipher)s, %(door_code_hmac)s, %(safe_radius_m)s, %(now)s);

-- name: home_beyond --
-- A home outside an area or organisation.
select 1 from home
where not synthetic
    and (not starts_with(area_code, %(area_code)s) or org_id is distinct from coalesce(%(org_id)s::uuid, org_id))
limit 1;

-- name: find_home --
-- A home's area and organisation.
select area_code, org_id from home where id = %(id)s;

-- name: find_door_code --
-- The sealed door code of a home.
select door_code_cipher from home where id = %(id)s;

-- name: insert_bed --
-- A bed of a home.
insert into bed (id, home_id, label) values (%(id)s, %(home_id)s, %(label)s);

-- name: find_bed --
-- A bed with its home's area and organisation.
select b.key, b.home_id, h.area_code, h.org_id from bed b join home h on h.id = b.home_id where b.id = %(id)s;

-- name: find_person_by_id_number --
-- The person whose ID-card number has this HMAC, and the resident they are.
select p.id, p.name, r.id from person p left join resident r on r.person_id = p.id
where p.id_number_hmac = %(hmac)s and p.merged_into is null order by r.created_at desc limit 1;

-- name: find_person_by_phone --
-- A person of this name who can be reached at this number.
select p.id from person p join person_phone f on f.person_id = p.id
where f.phone = %(phone)s and p.name = %(name)s and p.merged_into is null order by p.created_at limit 1;

-- name: insert_person --
-- A person, once.
insert into person (id, name, sound, sex, birth_date, id_number_cipher, id_number_hmac, created_at)
values (%(id)s, %(name)s, %(sound)s, %(sex)s, %(birth_date)s, %(id_number_cipher)s, %(id_number_hmac)s, %(now)s);

-- name: insert_phone --
-- A number of a person.
insert into person_phone (person_id, phone) values (%(person_id)s, %(phone)s) on conflict do nothing;

-- name: insert_resident --
-- A person becomes a resident.
insert into resident (id, person_id, area_code, org_id, profile, needs, risks, limits, created_at)
values (%(id)s, %(person_id)s, %(area_code)s, %(org_id)s, %(profile)s, %(needs)s, %(risks)s, %(limits)s, %(now)s);

-- name: insert_contact --
-- Someone to call, at a place in the order.
insert into contact (resident_id, person_id, position, relation, has_key, distance_note)
values (%(resident_id)s, %(person_id)s, %(position)s, %(relation)s, %(has_key)s, %(distance_note)s)
on conflict (resident_id, person_id) do nothing;

-- name: find_stay --
-- Who lies in a bed at a moment.
select resident_id from bed_stay where bed_key = %(bed_key)s and valid @> %(at)s::timestamptz;

-- name: insert_stay --
-- A resident moves into a bed.
insert into bed_stay (bed_key, resident_id, valid) values (%(bed_key)s, %(resident_id)s, tstzrange(%(now)s, null));

-- name: lock_resident --
-- Serialise changes of a resident.
select area_code, org_id from resident where id = %(id)s for update;

-- name: drop_states_from --
-- States that begin at or after a moment give way.
delete from resident_state where resident_id = %(id)s and lower(valid) >= %(at)s;

-- name: end_state --
-- The running state ends.
update resident_state set valid = tstzrange(lower(valid), %(at)s)
where resident_id = %(id)s and valid @> %(at)s::timestamptz;

-- name: insert_state --
-- A dated state.
insert into resident_state (resident_id, state, valid, place)
values (%(id)s, %(state)s, tstzrange(%(from)s, %(until)s), %(place)s);

-- name: find_resident --
-- A resident with the bed and state of a moment.
select r.id, r.person_id, p.name, p.sex, p.birth_date, p.id_number_cipher, r.area_code, r.org_id, r.profile, r.needs,
    r.risks, r.limits, b.id as bed_id, b.label, h.id as home_id, h.street, h.compound, h.building, h.unit, h.room,
    h.gate_lat, h.gate_lon, t.state, lower(t.valid) as state_since, upper(t.valid) as state_until,
    array(select phone from person_phone f where f.person_id = p.id order by phone) as phones, r.revision
from resident r
join person p on p.id = r.person_id
left join bed_stay s on s.resident_id = r.id and s.valid @> %(at)s::timestamptz
left join bed b on b.key = s.bed_key
left join home h on h.id = b.home_id
left join resident_state t on t.resident_id = r.id and t.valid @> %(at)s::timestamptz
where r.id = %(id)s
order by lower(s.valid) desc limit 1;

-- name: list_contacts --
-- Whom to call for a resident, in order.
select p.name, c.relation, coalesce((select min(phone) from person_phone f where f.person_id = p.id), '') as phone,
    c.has_key, c.distance_note
from contact c join person p on p.id = c.person_id where c.resident_id = %(id)s order by c.position;

-- name: insert_gateway --
-- A gateway with the verifiers of its secret.
insert into gateway (id, kind, home_id, area_code, org_id, secret_bcrypt, secret_pbkdf2, created_at)
values (%(id)s, %(kind)s, %(home_id)s, %(area_code)s, %(org_id)s, %(bcrypt)s, %(pbkdf2)s, %(now)s)
on conflict (id) do nothing
returning id;

-- name: find_gateway --
-- A gateway's area and organisation.
select area_code, org_id from gateway where id = %(id)s;

-- name: set_gateway_secret --
-- New verifiers of a gateway.
update gateway set secret_bcrypt = %(bcrypt)s, secret_pbkdf2 = %(pbkdf2)s where id = %(id)s;

-- name: notify_gateways --
-- Tell the broker's keeper that credentials have changed.
select pg_notify('carebed_gateways', '');

-- name: list_gateways --
-- The gateways an area and organisation may see.
select g.id, g.kind, g.home_id, h.street, h.compound, h.building, h.unit, h.room, g.online, g.online_changed_at,
    g.last_seen_at, g.birth ->> 'agent_version' as agent_version,
    case when jsonb_typeof(g.birth -> 'network' -> 'metered') = 'boolean'
        then (g.birth -> 'network' ->> 'metered')::boolean end as metered
from gateway g left join home h on h.id = g.home_id
where (g.retired_at is not null) = %(retired)s and not coalesce(h.synthetic, false) and starts_with(g.area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or g.org_id = %(org_id)s) and g.id > %(after)s
    and (%(homes)s::uuid[] is null or h.id = any(%(homes)s) or strpos(g.id, lower(%(text)s)) > 0)
order by g.id limit %(limit)s;

-- name: register_device --
-- A new device, or one that was heard before anyone registered it.
insert into device (id, family, model, registered, created_at)
values (%(id)s, %(family)s, %(model)s, true, %(now)s)
on conflict (id) do update set family = excluded.family, model = excluded.model, registered = true
where not device.registered
returning key;

-- name: lock_device --
-- Serialise changes of a device.
select key from device where id = %(id)s for update;

-- name: find_device --
-- A device with the area and organisation it is installed in at a moment.
select d.key, h.area_code, h.org_id from device d
left join installation i on i.device_key = d.key and i.valid @> %(at)s::timestamptz
left join home h on h.id = i.home_id
where d.id = %(id)s;

-- name: drop_installation_at --
-- An installation that begins at this very moment gives way.
delete from installation where device_key = %(device_key)s and lower(valid) = %(at)s;

-- name: end_installation --
-- The running installation ends.
update installation set valid = tstzrange(lower(valid), %(at)s)
where device_key = %(device_key)s and valid @> %(at)s::timestamptz;

-- name: find_later_installation --
-- An installation that begins after a moment.
select lower(valid) from installation where device_key = %(device_key)s and lower(valid) > %(at)s
order by lower(valid) limit 1;

-- name: back_in_use --
-- A device that is installed is not out of use.
update device set retired_at = null where key = %(device_key)s and retired_at is not null;

-- name: insert_installation --
-- A device belongs to a home, and perhaps a bed, from a moment on.
insert into installation (id, device_key, home_id, bed_key, room, role, valid, installed_at)
values (%(id)s, %(device_key)s, %(home_id)s, %(bed_key)s, %(room)s, %(role)s, tstzrange(%(from)s, null), %(now)s);

-- name: insert_test_window --
-- Until `ends_at` the device's test messages do not ring.
insert into test_window (id, device_key, opens_at, ends_at, opened_by)
values (%(id)s, %(device_key)s, %(opens_at)s, %(ends_at)s, %(opened_by)s);

-- name: list_devices --
-- Devices by home or gateway, with the installation of a moment; one that is installed nowhere is of where it was last.
select d.id, d.family, d.model, d.registered, i.home_id, b.id as bed_id, coalesce(i.room, '') as room,
    coalesce(i.role, '') as role, lower(i.valid) as installed_from, d.state, d.last_seen_at,
    d.revision, d.retired_at, h.street, h.compound, h.building, h.unit, h.room as door
from device d
left join installation i on i.device_key = d.key and i.valid @> %(at)s::timestamptz
left join home h on h.id = coalesce(i.home_id, (
    select l.home_id from installation l where l.device_key = d.key order by lower(l.valid) desc limit 1))
left join bed b on b.key = i.bed_key
where not coalesce(h.synthetic, false) and (%(home_id)s::uuid is null or i.home_id = %(home_id)s)
    and (%(gateway_id)s::text is null or exists (
        select from gateway g where g.id = %(gateway_id)s and (g.home_id = i.home_id
            or g.birth -> 'devices' @> jsonb_build_array(jsonb_build_object('device', d.id)))))
    and starts_with(coalesce(h.area_code, ''), %(area_code)s)
    and (%(org_id)s::uuid is null or h.org_id = %(org_id)s) and d.id > %(after)s
    and (%(homes)s::uuid[] is null or h.id = any(%(homes)s) or strpos(d.id, lower(%(text)s)) > 0)
    and (%(device_id)s::text is null and (d.retired_at is not null) = %(retired)s or d.id = %(device_id)s)
order by d.id limit %(limit)s;

-- name: list_quarantine --
-- The newest messages that could not be read.
select q.id, q.received_at, q.topic, q.gateway_id, q.reason, q.times, q.last_at, q.size, q.sha256, substring(q.raw for 256) as head
from quarantine q left join gateway g on g.id = q.gateway_id
where starts_with(coalesce(g.area_code, ''), %(area_code)s) and (%(org_id)s::uuid is null or g.org_id = %(org_id)s)
    and (%(before)s::bigint is null
        or (q.last_at, q.id) < (select b.last_at, b.id from quarantine b where b.id = %(before)s))
order by q.last_at desc, q.id desc limit %(limit)s;

-- name: find_ingest_life --
-- The ingestor's last sign of life, and whether it then listened to the broker.
select alive_at, listening_since is not null from reading_life where program = 'ingest';

-- name: list_logins --
-- The verifiers of every gateway that may connect.
select id, secret_bcrypt, secret_pbkdf2 from gateway where retired_at is null order by id;
