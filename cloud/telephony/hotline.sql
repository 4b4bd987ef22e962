-- name: gateway_of_device --
-- The gateway that a device speaks through: the one that names it, else its home's; those that are online first.
select g.id from gateway g
where g.retired_at is null and (g.birth -> 'devices' @> jsonb_build_array(jsonb_build_object('device', %(device_id)s::text))
    or g.home_id = %(home_id)s::uuid)
order by g.birth -> 'devices' @> jsonb_build_array(jsonb_build_object('device', %(device_id)s::text)) desc nulls last,
    g.online desc nulls last, g.id limit 1;

-- name: last_hotline --
-- The last order that wrote the hotline into a device.
select id, args, status, error, created_at, finished_at from command
where device_id = %(device_id)s and op = 'order' and args ->> 'name' = 'sos_numbers'
order by created_at desc limit 1;

-- name: proving_call --
-- The first call from a number since a time.
select id, begun_at from phone_call
where direction = 'incoming' and begun_at >= %(since)s and regexp_replace(other_number, '[^0-9+]', '', 'g') = any (%(numbers)s)
order by begun_at limit 1;
