-- Answers kept for a request that comes again.

-- name: drop_old --
-- A key may be used again after a day.
delete from kept_answer where actor = %(actor)s and key = %(key)s and began_at <= %(before)s;

-- name: begin --
-- The first of all who come with this key.
insert into kept_answer (actor, key, request_sha256, began_at)
values (%(actor)s, %(key)s, %(request_sha256)s, %(now)s)
on conflict (actor, key) do nothing
returning key;

-- name: find --
-- What another request with this key has come to.
select request_sha256, status, media_type, answer_cipher from kept_answer where actor = %(actor)s and key = %(key)s;

-- name: finish --
-- What it was answered.
update kept_answer set status = %(status)s, media_type = %(media_type)s, answer_cipher = %(answer_cipher)s
where actor = %(actor)s and key = %(key)s;

-- name: forget --
-- It changed nothing: the key is free again.
delete from kept_answer where actor = %(actor)s and key = %(key)s;

-- name: trim --
-- Keys of yesterday.
delete from kept_answer where began_at <= %(before)s;
