-- name: newest_root --
-- The last day that has a root.
select day, root from case_root order by day desc limit 1;

-- name: first_entry_at --
-- When the oldest line was written.
select min(at) from case_entry where n = 1;

-- name: algorithm --
-- The deployment's hash.
select algorithm from timeline_policy;

-- name: last_of_day --
-- Every case with a line of a time span, and its last line from before the span's end.
select d.case_id, l.n, l.hash
from (
    select distinct e.case_id from case_entry e
    join cases c on c.id = e.case_id and not (c.synthetic and c.class = 'test') -- the canary's are forgotten
    where e.at >= %(starts_at)s and e.at < %(ends_at)s
) d
cross join lateral (
    select n, hash from case_entry e
    where e.case_id = d.case_id and e.at < %(ends_at)s order by n desc limit 1
) l
order by d.case_id;

-- name: add_root --
-- The root of a day, unless another worker was first.
insert into case_root (day, made_at, algorithm, leaves, root, previous, key_id, public_key, signature)
values (%(day)s, %(made_at)s, %(algorithm)s, %(leaves)s, %(root)s, %(previous)s, %(key_id)s, %(public_key)s,
    %(signature)s)
on conflict (day) do nothing returning day;

-- name: add_leaves --
-- What the root was made over.
insert into case_root_leaf (day, case_id, n, hash)
select %(day)s, * from unnest(%(case_ids)s::uuid[], %(ns)s::integer[], %(hashes)s::bytea[]);

-- name: root_of_day --
-- A day's root.
select day, made_at, algorithm, leaves, root, previous, key_id, public_key, signature
from case_root where day = %(day)s;

-- name: any_root_before --
-- Whether an earlier day has a root.
select exists (select 1 from case_root where day < %(day)s);

-- name: leaves_of_day --
-- The cases under a day's root, in the tree's order.
select case_id, n, hash from case_root_leaf where day = %(day)s order by case_id;

-- name: days_of_case --
-- The days whose roots cover a case.
select day from case_root_leaf where case_id = %(case_id)s order by day;

-- name: written_afterwards --
-- Lines that say they are of a time span, and that its root does not know.
select e.case_id, min(e.n)
from case_entry e
join cases c on c.id = e.case_id and not (c.synthetic and c.class = 'test')
left join case_root_leaf l on l.day = %(day)s and l.case_id = e.case_id
where e.at >= %(starts_at)s and e.at < %(ends_at)s and (l.n is null or e.n > l.n)
group by e.case_id order by e.case_id;
