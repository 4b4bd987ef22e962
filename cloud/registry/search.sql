-- name: find_residents --
-- Residents by name, sound, telephone, address or device, best first; only what the reader may see.
with hit as (
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
    select c.resident_id, 6, 'contact'
    from person_phone f join contact c on c.person_id = f.person_id
    where %(digits)s <> '' and f.phone like '%%' || %(digits)s || '%%'
    union all
    select s.resident_id, 7, 'address'
    from home h join bed b on b.home_id = h.id
    join bed_stay s on s.bed_key = b.key and s.valid @> %(at)s::timestamptz
    where cardinality(%(words)s::text[]) > 0
        and lower(h.street || ' ' || h.compound || ' ' || h.building || ' ' || h.unit || ' ' || h.room || ' ' ||
            h.compound || h.building || h.unit || h.room) like all (%(words)s::text[])
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
), best as (
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

-- name: set_sounds --
-- How names sound.
update person p set sound = n.sound
from unnest(%(ids)s::uuid[], %(sounds)s::text[]) as n (id, sound) where p.id = n.id;
