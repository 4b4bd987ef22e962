-- name: last_entry --
-- Number and hash of a case's last entry.
select n, hash from case_entry where case_id = %(case_id)s order by n desc limit 1;

-- name: add_entry --
-- One more line.
insert into case_entry (case_id, n, at, kind, actor, data, salt, previous, hash)
values (%(case_id)s, %(n)s, %(at)s, %(kind)s, %(actor)s, %(data)s, %(salt)s, %(previous)s, %(hash)s);

-- name: has_entry --
-- Whether such a line is there.
select 1 from case_entry where case_id = %(case_id)s and kind = %(kind)s and data @> %(data)s limit 1;

-- name: read_entries --
-- The timeline in order.
select n, at, kind, actor, data, salt, previous, hash from case_entry where case_id = %(case_id)s order by n;
