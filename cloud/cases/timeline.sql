-- name: last_entry --
-- The deployment's hash, and number and hash of a case's last entry (null without one).
select p.algorithm, l.n, l.hash
from timeline_policy p
left join lateral (
    select n, hash from case_entry where case_id = %(case_id)s order by n desc limit 1
) l on true;

-- name: add_entry --
-- One more line.
insert into case_entry (case_id, n, at, kind, actor, data, salt, algorithm, payload_hash, previous, hash)
values (%(case_id)s, %(n)s, %(at)s, %(kind)s, %(actor)s, %(data)s, %(salt)s, %(algorithm)s, %(payload_hash)s,
    %(previous)s, %(hash)s);

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
