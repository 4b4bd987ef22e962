-- name: list_staff --
-- Users whose area and organisation a reader covers; `sound` is "" or what a name's sound begins with.
select id, username, name, role, area_code, org_id, active, created_at, locked_until, revision from staff
where starts_with(area_code, %(area_code)s) and (%(org_id)s::uuid is null or org_id = %(org_id)s)
    and (%(text)s = '' or strpos(name, %(text)s) > 0 or strpos(username, lower(%(text)s)) > 0
        or (%(sound)s <> '' and strpos(sound, ' ' || %(sound)s) > 0)
        or (%(digits)s <> '' and exists (select from notification_address a where a.recipient_kind = 'staff'
            and a.recipient_id = staff.id and strpos(a.address, %(digits)s) > 0)))
    and (%(role)s::text is null or role = %(role)s)
    and (%(after)s::uuid is null or id > %(after)s)
order by id limit %(limit)s;

-- name: find_member --
-- One user.
select id, username, name, role, area_code, org_id, active, created_at, locked_until, revision from staff where id = %(id)s;

-- name: change_staff --
-- Name, role, area, organisation and whether the user may sign in.
update staff set name = %(name)s, sound = case when name = %(name)s then sound end, role = %(role)s, area_code = %(area_code)s, org_id = %(org_id)s,
    active = %(active)s, revision = revision + 1
where id = %(id)s and revision = %(revision)s returning revision;

-- name: end_sessions --
-- Sign a user out everywhere.
delete from session where staff_id = %(id)s returning seat_id;

-- name: close_seats --
-- Their seats are closed for good; who is gone holds nothing by a call any more.
update seat set closed_at = %(now)s, call_until = case when %(gone)s then null else call_until end where id = any(%(ids)s) and closed_at is null;
