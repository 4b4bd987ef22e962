-- name: home_fence --
-- Where a home's gate is, and how far from it its people may go.
select gate_lat, gate_lon, safe_radius_m, safe_ring, compound, building from home where id = %(home_id)s;

-- name: last_fix --
-- The newest position of what the case's people wear, since they wear it: measured on its own, or with an alarm of the case.
select device_id, measured_at, lat, lon, accuracy_m, source, datum from (
    select d.id as device_id, f.measured_at, f.lat, f.lon, f.accuracy_m, f.source, f.datum
    from installation i
    join device d on d.key = i.device_key
    join position_fix f on f.device_key = i.device_key and i.valid @> f.measured_at
    left join bed_stay s on s.bed_key = i.bed_key and s.valid @> %(now)s::timestamptz
    where i.home_id = %(home_id)s and i.valid @> %(now)s::timestamptz and f.measured_at <= %(until)s
        and (%(resident_id)s::uuid is null or s.resident_id = %(resident_id)s or s.resident_id is null)
    union all
    select coalesce(a.device_id, ''), e.occurred_at, (p ->> 'lat')::double precision,
        (p ->> 'lon')::double precision, (p ->> 'accuracy_m')::real, coalesce(p ->> 'source', 'unknown'),
        coalesce(p ->> 'datum', 'wgs84')
    from alarm a
    join event e on e.id = a.event_id
    cross join lateral (select e.payload -> 'position') as found (p)
    where a.case_id = %(case_id)s::uuid and jsonb_typeof(p -> 'lat') = 'number' and jsonb_typeof(p -> 'lon') = 'number'
) as fixes
order by measured_at desc limit 1;
