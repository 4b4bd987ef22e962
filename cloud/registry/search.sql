-- name: hits --
-- How the queries of this file begin: homes and residents that a text may mean, whoever may see them.
with addressed as (
    select h.id from home h
    where cardinality(%(words)s::text[]) > 0 and lower(concat_ws(' ', h.street, h.compound, h.building, h.unit, h.room,
        concat(h.street, h.compound, h.building, h.unit, h.room))) like all (%(words)s::text[])
), hit as (
    select r.id, case
            when p.name = %(text)s then 0
            when starts_with(lower(p.name), %(text)s) then 1
            when %(sound)s <> '' and p.sound || ' ' like '%% ' || %(sound)s || ' %%' then 2
            when lower(p.name) like %(inside)s then 3
            when %(sound)s <> '' and p.sound like '%% ' || %(sound)s || '%%' then 4
            else 5 end as rank,
        case when lower(p.name) like %(inside)s then 'name' else 'pinyin' end as matched
    from resident r join person p on p.id = r.person_id
    where %(text)s <> '' and (lower(p.name) like %(inside)s
        or (%(sound)s <> '' and (p.sound like '%% ' || %(sound)s || '%%'
            or (length(%(sound)s) >= 4 and p.sound like '%%' || %(sound)s || '%%'))))
    union all
    select r.id, case when f.phone = %(digits)s then 0 when f.phone like '%%' || %(digits)s then 1 else 3 end,
        'phone'
    from person_phone f join resident r on r.person_id = f.person_id
    where %(digits)s <> '' and f.phone like '%%' || %(digits)s || '%%'
    union all
    select c.resident_id, case when f.phone like '%%' || %(digits)s then 6 else 8 end, 'contact'
    from person_phone f join contact c on c.person_id = f.person_id
    where %(digits)s <> '' and f.phone like '%%' || %(digits)s || '%%'
    union all
    select s.resident_id, 7, 'address'
    from addressed h join bed b on b.home_id = h.id
    join bed_stay s on s.bed_key = b.key and s.valid @> %(at)s::timestamptz
    union all
    select s.resident_id, 2, 'device'
    from device d
    join installation i on i.device_key = d.key and i.valid @> %(at)s::timestamptz
    join bed_stay s on s.bed_key = i.bed_key and s.valid @> %(at)s::timestamptz
    where %(device)s <> '' and d.id like '%%' || %(device)s || '%%'
    union all
    select s.resident_id, 2, 'bed'
    from bed b join bed_stay s on s.bed_key = b.key and s.valid @> %(at)s::timestamptz
    where b.id = %(bed_id)s::uuid
)

-- name: fitting_residents --
-- After `hits`: all of them, but few digits in the middle of a telephone say nothing.
select array(select distinct h.id from hit h
    where h.matched not in ('phone', 'contact') or h.rank not in (3, 8) or length(%(digits)s) >= 7);

-- name: fitting_homes --
-- After `hits`: homes whose address, or (where `people`) one of whose people, the text may mean.
select array(
    select a.id from addressed a
    union
    select b.home_id from hit h join bed_stay s on s.resident_id = h.id and s.valid @> %(at)s::timestamptz
        join bed b on b.key = s.bed_key
    where %(people)s and h.matched <> 'device'
        and (h.matched not in ('phone', 'contact') or h.rank not in (3, 8) or length(%(digits)s) >= 7));

-- name: find_residents --
-- After `hits`: residents by name, sound, telephone, address or device, best first; only what the reader may see.
, best as (
    select distinct on (h.id) h.id, h.rank, h.matched
    from hit h join resident r on r.id = h.id
    where starts_with(r.area_code, %(area_code)s) and (%(org_id)s::uuid is null or r.org_id = %(org_id)s)
    order by h.id, h.rank
), page as (
    select b.id, b.rank, b.matched, p.name, p.sex, p.birth_date, r.area_code, r.person_id
    from best b join resident r on r.id = b.id join person p on p.id = r.person_id
    order by b.rank, p.name, b.id offset %(after)s limit %(limit)s
)
select g.id, g.matched, g.name, g.sex, g.birth_date, a.name as area, b.id as bed_id, b.label,
    h.street, h.compound, h.building, h.unit, h.room, t.state, o.id as case_id
from page g
join area a on a.code = g.area_code
left join lateral (select * from bed_stay s where s.resident_id = g.id and s.valid @> %(at)s::timestamptz limit 1) s
    on true
left join bed b on b.key = s.bed_key
left join home h on h.id = b.home_id
left join resident_state t on t.resident_id = g.id and t.valid @> %(at)s::timestamptz
left join lateral (select c.id from cases c where c.resident_id = g.id and c.state not in ('closed', 'merged')
    and c.class = 'care' order by c.priority, c.number desc limit 1) o on true
order by g.rank, g.name, g.id;

-- name: without_sound --
-- Persons whose name has not been read aloud yet.
select id, name from person where sound is null and merged_into is null limit 2000;

-- name: staff_without_sound --
-- Users whose name has not been read aloud yet.
select id, name from staff where sound is null limit 2000;

-- name: set_staff_sounds --
-- How users' names sound; a name that was changed meanwhile is read again.
update staff s set sound = n.sound
from unnest(%(ids)s::uuid[], %(names)s::text[], %(sounds)s::text[]) as n (id, name, sound)
where s.id = n.id and s.name = n.name;

-- name: set_sounds --
-- How names sound.
update person p set sound = n.sound
from unnest(%(ids)s::uuid[], %(sounds)s::text[]) as n (id, sound) where p.id = n.id;
