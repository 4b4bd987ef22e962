-- Wall screens: tokens whose role is `wall`.

-- name: add --
-- A new screen; only the hash of its token is kept.
insert into api_token (id, name, role, token_hash, area_code, org_id, created_at, created_by)
values (%(id)s, %(name)s, 'wall', %(token_hash)s, %(area_code)s, %(org_id)s, %(now)s, %(created_by)s);

-- name: list --
-- Screens that a reader may see, newest first.
select id, name, area_code, org_id, created_at, last_seen_at, revoked_at from api_token
where role = 'wall' and starts_with(area_code, %(area_code)s) and (%(org_id)s::uuid is null or org_id = %(org_id)s)
order by created_at desc, id limit %(limit)s;

-- name: revoke --
-- From now on the screen shows nothing; an earlier moment stays.
update api_token set revoked_at = coalesce(revoked_at, %(now)s)
where id = %(id)s and role = 'wall' and starts_with(area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or org_id = %(org_id)s)
returning name;

-- name: open --
-- A screen shows itself: who it is, where its token still holds; that it was seen is noted once a minute.
with found as (
    select id, name, area_code, org_id from api_token
    where token_hash = %(token_hash)s and role = 'wall' and revoked_at is null
        and (expires_at is null or expires_at > %(now)s)
), seen as (
    update api_token t set last_seen_at = %(now)s from found
    where t.id = found.id and (t.last_seen_at is null or t.last_seen_at < %(before)s)
)
select id, name, area_code, org_id from found;
