-- Cases seen from the telephone.

-- name: running_cases --
-- What runs for some residents or in some homes, the most urgent first.
select id, number, state, priority, kinds, owner_name, opened_at, resident_id, home_id from cases
where state not in ('closed', 'merged')
    and (resident_id = any(%(residents)s::uuid[]) or home_id = any(%(homes)s::uuid[]))
    and starts_with(area_code, %(area_code)s) and (%(org_id)s::uuid is null or org_id = %(org_id)s)
order by priority, opened_at limit 50;
