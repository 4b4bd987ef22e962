-- name: newest --
-- The newest version of each protocol.
select distinct on (key) key, version, name_zh, name_en, steps, phrases, changed_at, changed_by
from protocol order by key, version desc;

-- name: versions --
-- Every version of a protocol, newest first.
select key, version, name_zh, name_en, steps, phrases, changed_at, changed_by
from protocol where key = %(key)s order by version desc;

-- name: in_force --
-- The version of a protocol that was the newest at a moment.
select key, version, name_zh, name_en, steps, phrases, changed_at, changed_by
from protocol where key = %(key)s and (changed_at <= %(at)s or version = 1)
order by version desc limit 1;

-- name: lock_protocols --
-- One editor at a time.
select pg_advisory_xact_lock(7_311);

-- name: insert_version --
-- One more version.
insert into protocol (key, version, name_zh, name_en, steps, phrases, changed_at, changed_by)
values (%(key)s, %(version)s, %(name_zh)s, %(name_en)s, %(steps)s, %(phrases)s, %(now)s, %(by)s);
