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

-- name: wait_for_piece --
-- A piece of the readings that comes later.
insert into history_waiting (name, part_of, since) values (%s, %s, %s) on conflict do nothing

-- name: pieces --
-- What is still waited for, the newest first.
select name, part_of, since from history_waiting order by since desc, name desc

-- name: give_up_pieces --
-- They will not come.
delete from history_waiting

-- name: take_piece --
-- It comes with this transaction.
delete from history_waiting where name = %(name)s returning name
