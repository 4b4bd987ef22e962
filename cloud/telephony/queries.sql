-- Telephones and calls.

-- name: insert_provider --
-- A telephone system.
insert into phone_provider (id, driver, secret_cipher, command_url, dial_code, area_code, org_id, created_at)
values (%(id)s, %(driver)s, %(secret_cipher)s, %(command_url)s, %(dial_code)s, %(area_code)s, %(org_id)s, %(now)s)
on conflict (id) do nothing
returning id;

-- name: set_secret --
-- A new secret; the old one stops to work.
update phone_provider set secret_cipher = %(secret_cipher)s where id = %(id)s;

-- name: find_provider --
-- A telephone system by its id.
select id, driver, secret_cipher, command_url, dial_code, area_code, org_id, created_at
from phone_provider where id = %(id)s;

-- name: list_providers --
-- Telephone systems of an area and organisation, after an id.
select id, driver, secret_cipher, command_url, dial_code, area_code, org_id, created_at
from phone_provider
where starts_with(area_code, %(area_code)s) and (%(org_id)s::uuid is null or org_id = %(org_id)s)
    and id > %(after)s
order by id limit %(limit)s;

-- name: serving_providers --
-- The telephone systems that a seat of an area and organisation may use.
select id from phone_provider
where (starts_with(%(area_code)s, area_code) or starts_with(area_code, %(area_code)s))
    and (org_id is null or %(org_id)s::uuid is null or org_id = %(org_id)s)
order by id limit 20;

-- name: extension_holder --
-- The living seat that has an extension, held until the transaction ends.
select p.seat_id, p.state, u.name from seat_phone p
join seat s on s.id = p.seat_id
join staff u on u.id = s.staff_id
where p.provider_id = %(provider_id)s and p.extension = %(extension)s and s.closed_at is null
for update of p;

-- name: free_extension --
-- Whoever had the extension before has it no longer.
delete from seat_phone
where provider_id = %(provider_id)s and extension = %(extension)s and seat_id <> %(seat_id)s
returning seat_id;

-- name: put_phone --
-- The telephone of a seat.
insert into seat_phone (seat_id, provider_id, extension, state, state_at)
values (%(seat_id)s, %(provider_id)s, %(extension)s, %(state)s, %(now)s)
on conflict (seat_id) do update set
    provider_id = excluded.provider_id, extension = excluded.extension, state = excluded.state,
    state_at = excluded.state_at;

-- name: lock_phone --
-- The telephone of a seat, held until the transaction ends.
select state from seat_phone where seat_id = %(seat_id)s for update;

-- name: set_phone_state --
-- Whether a seat takes calls.
update seat_phone set state = %(state)s, state_at = %(now)s where seat_id = %(seat_id)s and state <> %(state)s;

-- name: find_phone --
-- The telephone of a seat with who sits there.
select p.seat_id, u.name as staff_name, p.provider_id, p.extension, p.state, p.state_at
from seat_phone p
join seat s on s.id = p.seat_id
join staff u on u.id = s.staff_id
where p.seat_id = %(seat_id)s and s.closed_at is null;

-- name: list_phones --
-- The telephones of living seats, after a seat.
select p.seat_id, u.name as staff_name, p.provider_id, p.extension, p.state, p.state_at
from seat_phone p
join seat s on s.id = p.seat_id
join staff u on u.id = s.staff_id
where s.closed_at is null and starts_with(u.area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or u.org_id = %(org_id)s)
    and (%(after)s::uuid is null or p.seat_id > %(after)s)
order by p.seat_id limit %(limit)s;

-- name: seat_of_extension --
-- Who sits at an extension.
select p.seat_id, u.id, u.name, u.username, u.role, u.area_code, u.org_id
from seat_phone p
join seat s on s.id = p.seat_id
join staff u on u.id = s.staff_id
where p.provider_id = %(provider_id)s and p.extension = %(extension)s and s.closed_at is null;

-- name: seats_of_call --
-- Everybody whose telephone a call rang at, and who has it.
select s.id, u.id, u.name, u.username, u.role, u.area_code, u.org_id
from seat s join staff u on u.id = s.staff_id
where s.id in (select seat_id from phone_call_ring where call_id = %(call_id)s
    union select seat_id from phone_call where id = %(call_id)s)
order by s.id;

-- name: insert_call --
-- A call that begins; none when the provider's name of it is known.
insert into phone_call (id, provider_id, provider_call, direction, state, other_number, other_name, seat_id, actor_id,
    actor_name, case_id, area_code, org_id, begun_at, changed_at)
values (%(id)s, %(provider_id)s, %(provider_call)s, %(direction)s, %(state)s, %(other_number)s, %(other_name)s,
    %(seat_id)s, %(actor_id)s, %(actor_name)s, %(case_id)s, %(area_code)s, %(org_id)s, %(now)s, %(now)s)
on conflict (provider_id, provider_call) do nothing
returning id;

-- name: lock_call --
-- A call by our id, held until the transaction ends.
select * from phone_call where id = %(id)s for update;

-- name: lock_providers_call --
-- A call by the provider's name of it, held until the transaction ends.
select * from phone_call where provider_id = %(provider_id)s and provider_call = %(provider_call)s for update;

-- name: name_call --
-- The provider's own name of a call that we began.
update phone_call set provider_call = %(provider_call)s where id = %(id)s;

-- name: keep_event --
-- What a provider said of a call; none when it said so before.
insert into phone_call_event (provider_id, event_id, call_id, event, claimed_at, received_at, moved)
values (%(provider_id)s, %(event_id)s, %(call_id)s, %(event)s, %(claimed_at)s, %(now)s, %(moved)s)
on conflict (provider_id, event_id) do nothing
returning event_id;

-- name: find_event --
-- Whether a provider said this before.
select call_id from phone_call_event where provider_id = %(provider_id)s and event_id = %(event_id)s;

-- name: ring_seat --
-- It rings there.
insert into phone_call_ring (call_id, seat_id, rung_at) values (%(call_id)s, %(seat_id)s, %(now)s)
on conflict do nothing;

-- name: move_call --
-- What a call has become.
update phone_call set
    state = %(state)s, seat_id = %(seat_id)s, actor_id = %(actor_id)s, actor_name = %(actor_name)s,
    other_number = %(other_number)s,
    connected_at = case when %(state)s = 'connected' then coalesce(connected_at, %(now)s) else connected_at end,
    ended_at = case when %(state)s in ('dialling', 'ringing', 'connected') then null
        else coalesce(ended_at, %(now)s) end,
    changed_at = %(now)s
where id = %(id)s;

-- name: link_call --
-- The case that a call belongs to.
update phone_call set case_id = %(case_id)s where id = %(id)s;

-- name: find_call --
-- A call.
select * from phone_call where id = %(id)s;

-- name: list_calls --
-- Calls that a reader may see, newest first, before a number.
select * from phone_call
where starts_with(area_code, %(area_code)s) and (%(org_id)s::uuid is null or org_id = %(org_id)s)
    and (not %(live)s or state in ('dialling', 'ringing', 'connected'))
    and (%(case_id)s::uuid is null or case_id = %(case_id)s)
    and (%(before)s::bigint is null or number < %(before)s)
order by number desc limit %(limit)s;

-- name: seat_talks_until --
-- A running call holds what its seat holds.
update seat set call_until = %(until)s where id = %(seat_id)s and closed_at is null;

-- name: other_talk --
-- Another call that the seat is in.
select 1 from phone_call where seat_id = %(seat_id)s and id <> %(id)s and state = 'connected' limit 1;

-- name: find_callers --
-- Who has a number, merged persons as the one they became, with the residents they are or are contacts of.
with recursive named as (
    select p.id, p.merged_into from person p join person_phone f on f.person_id = p.id
    where f.phone = any(%(numbers)s)
    union
    select p.id, p.merged_into from named n join person p on p.id = n.merged_into
), members as (
    select id as root, id from named where merged_into is null
    union
    select m.root, p.id from members m join person p on p.merged_into = m.id
), links as (
    select m.root, r.id as resident_id, true as is_self, '' as relation, false as has_key
    from members m join resident r on r.person_id = m.id
    union
    select m.root, c.resident_id, false, c.relation, c.has_key
    from members m join contact c on c.person_id = m.id
)
select o.id as person_id, o.name as person_name, l.resident_id, l.is_self, l.relation, l.has_key,
    q.name as resident_name, q.sex, q.birth_date, t.state, h.id as home_id, h.street, h.compound, h.building, h.unit,
    h.room, r.area_code, r.org_id
from (select distinct root from members) x
join person o on o.id = x.root
left join links l on l.root = o.id
left join resident r on r.id = l.resident_id
left join person q on q.id = r.person_id
left join resident_state t on t.resident_id = r.id and t.valid @> %(at)s::timestamptz
left join bed_stay s on s.resident_id = r.id and s.valid @> %(at)s::timestamptz
left join bed b on b.key = s.bed_key
left join home h on h.id = b.home_id
where (r.id is not null and starts_with(r.area_code, %(area_code)s)
        and (%(org_id)s::uuid is null or r.org_id = %(org_id)s))
    or (r.id is null and %(area_code)s = '' and %(org_id)s::uuid is null)
order by l.is_self desc nulls last, o.name, o.id, q.name, l.resident_id
limit %(limit)s;

-- name: end_lost_calls --
-- Calls that no provider ended.
update phone_call set state = 'lost', ended_at = %(now)s, changed_at = %(now)s
where (state = 'connected' and changed_at < %(talking_before)s)
    or (state in ('dialling', 'ringing') and changed_at < %(ringing_before)s);

-- name: free_phones --
-- A telephone is busy only while a call runs at its seat.
update seat_phone p set state = 'wrap_up', state_at = %(now)s
where p.state = 'busy'
    and not exists (select from phone_call c where c.seat_id = p.seat_id and c.state = 'connected');

-- name: forget_numbers --
-- A number is kept as long as somebody may ask for the call.
update phone_call set other_number = '', other_name = '' where other_number <> '' and begun_at < %(before)s;
