-- name: insert_photo --
-- One photograph; the same one again is not kept twice.
insert into dispatch_photo (id, dispatch_id, case_id, taken_at, media_type, size, sha256, content)
values (%(id)s, %(dispatch_id)s, %(case_id)s, %(now)s, %(media_type)s, %(size)s, %(sha256)s, %(content)s)
on conflict (dispatch_id, sha256) do nothing
returning id;

-- name: count_photos --
-- How many there are of a dispatch.
select count(*) from dispatch_photo where dispatch_id = %(dispatch_id)s;

-- name: photos_of_case --
-- What was photographed for a case, oldest first, without the pictures themselves.
select p.id, p.dispatch_id, p.taken_at, p.media_type, p.size, d.name as taken_by
from dispatch_photo p join dispatch d on d.id = p.dispatch_id
where p.case_id = %(case_id)s order by p.taken_at, p.id;

-- name: find_photo --
-- One photograph with its picture.
select id, case_id, media_type, content from dispatch_photo where id = %(id)s;

-- name: trim_photos --
-- Photographs are kept for half a year.
delete from dispatch_photo where taken_at < %(before)s;
