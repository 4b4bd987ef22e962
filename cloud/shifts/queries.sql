-- name: add_note --
-- What somebody leaves for the next shift.
insert into shift_note (id, at, author_id, author_name, area_code, org_id, text)
values (%(id)s, %(now)s, %(author_id)s, %(author_name)s, %(area_code)s, %(org_id)s, %(text)s);

-- name: list_notes --
-- Notes of everybody whose area and organisation overlap with the reader's, newest first.
select id, at, author_name, text
from shift_note
where (starts_with(area_code, %(area_code)s) or starts_with(%(area_code)s, area_code))
    and (%(org_id)s::uuid is null or org_id is null or org_id = %(org_id)s)
    and (%(before)s::uuid is null or id < %(before)s)
order by id desc
limit %(limit)s;
