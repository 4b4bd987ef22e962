-- name: migrations --
-- The version of the database, step by step.
select name from schema_migration order by number;

-- name: tables --
-- Whether anything is in the database already.
select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p');

-- name: gateways --
-- Who has what the copy lacks.
select id from gateway where retired_at is null order by id;

-- name: begin_feed_anew --
-- A restored counter repeats numbers that screens know with other contents: it jumps over them.
update feed_counter set seq = seq + %(jump)s;

-- name: forget_feed --
-- Its frames are told by the lists that every screen reads anew.
delete from feed;
