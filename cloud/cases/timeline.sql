-- name: last_entries --
-- The deployment's hash, and number and hash of each case's last entry (null without one).
select c.id, p.algorithm, l.n, l.hash
from unnest(%(case_ids)s::uuid[]) as c (id)
left join timeline_policy p on true
left join lateral (
    select n, hash from case_entry where case_id = c.id order by n desc limit 1
) l on true;

-- name: add_entries --
-- More lines.
insert into case_entry (case_id, n, at, kind, actor, data, salt, algorithm, payload_hash, previous, hash)
select case_id, n, at, kind, actor, data, decode(salt, 'base64'), algorithm, decode(payload_hash, 'base64'),
    decode(previous, 'base64'), decode(hash, 'base64')
from json_to_recordset(%(entries)s::json) as r (
    case_id uuid, n integer, at timestamptz, kind text, actor text, data jsonb, salt text, algorithm text,
    payload_hash text, previous text, hash text
);

-- name: has_entry --
-- Whether such a line is there.
select 1 from case_entry where case_id = %(case_id)s and kind = %(kind)s and data @> %(data)s limit 1;

-- name: read_entries --
-- The timeline in order.
select n, at, kind, actor, data, salt, previous, hash, algorithm, payload_hash, erased_at
from case_entry where case_id = %(case_id)s order by n;

-- name: erase_entry --
-- Words and salt are gone; their hash stays, so that the chain holds.
update case_entry set data = %(data)s, salt = null, payload_hash = %(payload_hash)s, erased_at = %(now)s
where case_id = %(case_id)s and n = %(n)s;

-- name: set_algorithm --
-- The hash of lines from here on.
update timeline_policy set algorithm = %(algorithm)s;
