-- name: cases_of_resident --
-- The cases of a resident that a reader may see, newest first, before a number.
select * from cases
where resident_id = %(id)s and starts_with(area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or org_id = %(org_id)s)
    and (%(before)s::bigint is null or number < %(before)s)
order by number desc limit %(limit)s;

-- name: cases_of_bed --
-- The cases of those who lived in a bed, opened while they did, newest first, before a number.
select c.* from bed b join bed_stay s on s.bed_key = b.key
join cases c on c.resident_id = s.resident_id and s.valid @> c.opened_at
where b.id = %(id)s and starts_with(c.area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or c.org_id = %(org_id)s)
    and (%(before)s::bigint is null or c.number < %(before)s)
order by c.number desc limit %(limit)s;
