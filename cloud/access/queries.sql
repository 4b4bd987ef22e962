-- name: insert_staff --
-- One user of the system.
insert into staff (id, username, name, role, password_hash, area_code, org_id, created_at)
values (%(id)s, %(username)s, %(name)s, %(role)s, %(password_hash)s, %(area_code)s, %(org_id)s, %(now)s)
on conflict (username) do nothing
returning id;

-- name: set_password --
-- A new password ends the lock and every session of the user.
with unlocked as (
    update sign_in_place p set failures = 0, locked_until = null from staff s
    where s.username = %(username)s and p.staff_id = s.id
)
update staff set password_hash = %(password_hash)s, failed_logins = 0, locked_until = null
where username = %(username)s returning id;

-- name: end_sessions_of_staff --
-- Sign a user out everywhere.
delete from session where staff_id = %(staff_id)s returning seat_id;

-- name: take_attempt --
-- Count a sign-in attempt before the password is looked at, so that parallel guesses cannot pass the limit.
update staff set
    failed_logins = case when locked_until is not null then 1 else failed_logins + 1 end,
    locked_until = case when (case when locked_until is not null then 1 else failed_logins + 1 end) >= %(allowed)s
        then %(lock_until)s::timestamptz end
where username = %(username)s and (locked_until is null or locked_until <= %(now)s)
returning id, name, role, area_code, org_id, password_hash, active;

-- name: take_attempt_at_place --
-- The same where the user has signed in before, whatever strangers do elsewhere.
update sign_in_place p set
    failures = case when p.locked_until is not null then 1 else p.failures + 1 end,
    locked_until = case when (case when p.locked_until is not null then 1 else p.failures + 1 end) >= %(allowed)s
        then %(lock_until)s::timestamptz end
from staff s
where s.username = %(username)s and p.staff_id = s.id and p.source = %(source)s and p.last_at > %(known_since)s
    and (p.locked_until is null or p.locked_until <= %(now)s)
returning s.id, s.name, s.role, s.area_code, s.org_id, s.password_hash, s.active;

-- name: find_place_lock --
-- Until when a user name is locked where the user is known.
select p.locked_until from sign_in_place p join staff s on s.id = p.staff_id
where s.username = %(username)s and p.source = %(source)s and p.last_at > %(known_since)s and p.locked_until > %(now)s;

-- name: find_lock --
-- Until when a user name is locked for strangers.
select locked_until from staff where username = %(username)s and locked_until > %(now)s;

-- name: know_place --
-- The password was right there: what failed there is forgotten.
insert into sign_in_place (staff_id, source, last_at) values (%(id)s, %(source)s, %(now)s)
on conflict (staff_id, source) do update set last_at = excluded.last_at, failures = 0, locked_until = null;

-- name: forget_failures --
-- The password was right where the user was not known.
update staff set failed_logins = 0, locked_until = null where id = %(id)s;

-- name: trim_places --
-- Places where nobody has signed in for long.
delete from sign_in_place where last_at <= %(before)s;

-- name: insert_seat --
-- A seat is opened by a sign-in.
insert into seat (id, staff_id, opened_at, last_seen_at) values (%(id)s, %(staff_id)s, %(now)s, %(now)s);

-- name: insert_session --
-- Only the hash of the cookie is kept.
insert into session (token_hash, csrf_token, staff_id, seat_id, created_at, expires_at)
values (%(token_hash)s, %(csrf_token)s, %(staff_id)s, %(seat_id)s, %(now)s, %(expires_at)s);

-- name: find_session --
-- The living session of a cookie, with its user.
select s.staff_id, s.seat_id, s.csrf_token, u.username, u.name, u.role, u.area_code, u.org_id
from session s join staff u on u.id = s.staff_id
where s.token_hash = %(token_hash)s and s.expires_at > %(now)s and u.active;

-- name: delete_session --
-- Signing out ends the session.
delete from session where token_hash = %(token_hash)s;

-- name: delete_expired_sessions --
-- Sessions of one user whose time is over.
delete from session where staff_id = %(staff_id)s and expires_at <= %(now)s returning seat_id;

-- name: close_seats --
-- Close seats for good.
update seat set closed_at = %(now)s where id = any(%(ids)s) and closed_at is null;

-- name: see_seat --
-- A sign of life from a seat.
update seat set last_seen_at = greatest(last_seen_at, %(now)s) where id = %(id)s and closed_at is null;

-- name: set_sound --
-- Whether a seat's sound is armed.
update seat set sound = %(armed)s where id = %(id)s and closed_at is null;

-- name: insert_token --
-- A program's token; only its hash is kept.
insert into api_token (id, name, role, token_hash, area_code, org_id, created_at, expires_at)
values (%(id)s, %(name)s, %(role)s, %(token_hash)s, %(area_code)s, %(org_id)s, %(now)s, %(expires_at)s);

-- name: find_token --
-- The living token of a hash.
select id, name, role, area_code, org_id from api_token
where token_hash = %(token_hash)s and revoked_at is null and (expires_at is null or expires_at > %(now)s);

-- name: insert_look --
-- Who looks at what; who goes on looking at the same is written down again only after a pause.
insert into audit (at, actor, action, subject, detail)
select %(now)s, %(actor)s, %(action)s, %(subject)s, %(detail)s
where not exists (
    select from audit
    where subject = %(subject)s and at > %(since)s and at <= %(now)s
        and actor = %(actor)s and action = %(action)s and detail = %(detail)s
);

-- name: insert_audit --
-- Who looked at or changed what.
insert into audit (at, actor, action, subject, detail)
values (%(now)s, %(actor)s, %(action)s, %(subject)s, %(detail)s);
