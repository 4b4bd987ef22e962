-- What a gateway must know of its home, or of the homes that it serves; compared with what it was told last.

-- name: refresh_configs --
-- Write down the configuration of every gateway whose homes no longer are as they were told; how many.
with living as (
    select s.resident_id, b.home_id
    from bed_stay s join bed b on b.key = s.bed_key
    where s.valid @> %(now)s::timestamptz and not exists (
        select from resident_state t where t.resident_id = s.resident_id and t.valid @> %(now)s::timestamptz
            and t.state in ('deceased', 'moved'))
),
called as (
    select l.home_id, c.position, p.name, regexp_replace(t.phone, '[^0-9+]', '', 'g') as phone,
        exists (select from living i join resident r on r.id = i.resident_id
            where i.home_id = l.home_id and r.person_id = c.person_id) as inside
    from living l
    join contact c on c.resident_id = l.resident_id
    join person p on p.id = c.person_id
    join person_phone t on t.person_id = p.id
),
numbered as (
    select home_id, name, phone, inside, row_number() over (partition by home_id order by position, name, phone) as n
    from (
        select distinct on (home_id, phone) home_id, position, name, phone, inside from called
        where phone ~ '^\+?[0-9]{3,20}$' order by home_id, phone, position, name
    ) once
),
contacts as (
    select home_id, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
        'name', left(regexp_replace(name, '[\x01-\x1f]', '', 'g'), 64), 'phone', phone,
        'inside', nullif(inside, false))) order by n) as list
    from numbered where n <= 20 group by home_id
),
devices as (
    select i.home_id,
        jsonb_object_agg(d.id, left(regexp_replace(i.room, '[\x01-\x1f]', '', 'g'), 64)) filter (where i.room <> '') as rooms,
        jsonb_object_agg(d.id, left(i.role, 64)) filter (where i.role <> '') as roles
    from installation i join device d on d.key = i.device_key
    where i.valid @> %(now)s::timestamptz group by i.home_id
),
areas as (
    select h.id, jsonb_strip_nulls(jsonb_build_object(
        'safe_zone', case when h.safe_ring is not null
            then jsonb_build_object('lat', coalesce(h.gate_lat, (h.safe_ring->0->>1)::float),
                'lon', coalesce(h.gate_lon, (h.safe_ring->0->>0)::float),
                'radius_m', coalesce(h.safe_radius_m, 1), 'ring', h.safe_ring)
            when h.gate_lat is not null and h.gate_lon is not null and h.safe_radius_m > 0
            then jsonb_build_object('lat', h.gate_lat, 'lon', h.gate_lon, 'radius_m', h.safe_radius_m) end,
        'gate', case when h.gate_lat is not null and h.gate_lon is not null and h.access_points <> '{}'
            then jsonb_build_object('lat', h.gate_lat, 'lon', h.gate_lon) end,
        'access_points', case when h.access_points <> '{}' then to_jsonb(h.access_points) end
    )) as area
    from home h
),
calling as (
    -- A gateway of many homes is told of the homes whose devices it was the last to speak for.
    select r.gateway_id, i.home_id, (array_agg(d.id order by d.id))[1:100] as devices
    from gateway g join gateway_run r on r.gateway_id = g.id join device d on d.state->>'run' = r.run
    join installation i on i.device_key = d.key and i.valid @> %(now)s::timestamptz
    where g.kind = 'protocol' and g.retired_at is null group by r.gateway_id, i.home_id
),
homes as (
    select gateway_id, jsonb_agg(area || jsonb_build_object('devices', devices) order by home_id) as list
    from (
        select c.*, a.area, row_number() over (partition by c.gateway_id order by c.home_id) as n
        from calling c join areas a on a.id = c.home_id where a.area <> '{}'
    ) told where n <= 10000 group by gateway_id
),
wanted as (
    select g.id, a.area || jsonb_strip_nulls(jsonb_build_object(
        'contacts', c.list, 'rooms', v.rooms, 'roles', v.roles,
        'place', nullif(left(regexp_replace(concat(h.compound, h.building, h.unit, h.room), '[\x01-\x1f]', '', 'g'), 64), '')
    )) as content
    from gateway g join home h on h.id = g.home_id join areas a on a.id = h.id
    left join contacts c on c.home_id = h.id
    left join devices v on v.home_id = h.id
    where g.retired_at is null
    union all
    select g.id, jsonb_strip_nulls(jsonb_build_object('homes', s.list))
    from gateway g left join homes s on s.gateway_id = g.id
    where g.kind = 'protocol' and g.retired_at is null
        and (s.list is not null or exists (select from gateway_config k where k.gateway_id = g.id))
)
insert into gateway_config as k (gateway_id, version, content, changed_at)
select w.id, extract(epoch from %(now)s::timestamptz)::bigint, w.content, %(now)s
from wanted w left join gateway_config had on had.gateway_id = w.id
where had.content is distinct from w.content
on conflict (gateway_id) do update set
    version = greatest(k.version + 1, excluded.version), content = excluded.content,
    changed_at = excluded.changed_at, published_at = null

-- name: repeat_configs --
-- A broker may have lost what it kept: some of those published longest ago are published again.
update gateway_config set published_at = null where gateway_id in (
    select gateway_id from gateway_config
    where published_at < %(before)s order by published_at limit %(limit)s for update skip locked)

-- name: unpublished_configs --
-- Configurations that no broker has taken, the oldest first, locked until they are published.
select gateway_id, version, content from gateway_config
where published_at is null order by changed_at, gateway_id limit %(limit)s for update skip locked

-- name: configs_published --
-- The broker keeps these for their gateways.
update gateway_config set published_at = %(now)s where gateway_id = any(%(ids)s)

-- name: lock_configs --
-- True for one worker at a time, until its transaction ends.
select pg_try_advisory_xact_lock(7809911814141391741)
