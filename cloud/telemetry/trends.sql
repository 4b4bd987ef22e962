-- name: trend --
-- Values of one kind from the devices installed for a resident at the time of the reading, one per interval.
with span as (
    select i.device_key,
        i.valid * s.valid * tstzrange(%(from)s::timestamptz, %(to)s::timestamptz) as valid
    from bed_stay s join installation i on i.bed_key = s.bed_key and i.valid && s.valid
    where s.resident_id = %(resident_id)s
        and s.valid && tstzrange(%(from)s::timestamptz, %(to)s::timestamptz)
        and i.valid && tstzrange(%(from)s::timestamptz, %(to)s::timestamptz)
)
select min(r.measured_at),
    case when %(is_state)s::boolean then (array_agg(r.value order by r.measured_at desc))[1] else avg(r.value) end,
    min(r.quality), min(r.value), max(r.value)
from span
join reading r on r.device_key = span.device_key
    and r.measured_at >= lower(span.valid) and r.measured_at < upper(span.valid)
where r.kind_id = (select id from reading_kind where name = %(kind)s)
    and r.measured_at >= %(from)s and r.measured_at < %(to)s
group by floor(extract(epoch from r.measured_at - %(from)s::timestamptz) / %(interval_s)s::double precision)
order by 1
limit %(points)s;

-- name: trend_of_hours --
-- The same for intervals of an hour or more: whole hours as they were rolled up, the rest from the readings.
with span as materialized (
    select i.device_key, lower(v.valid) as since, upper(v.valid) as until,
        date_bin('1 hour', lower(v.valid) + interval '3599999 milliseconds', '2000-01-01') as hours_from,
        least(date_bin('1 hour', upper(v.valid), '2000-01-01'), %(rolled_until)s::timestamptz) as hours_to
    from bed_stay s join installation i on i.bed_key = s.bed_key and i.valid && s.valid
    cross join lateral (
        select i.valid * s.valid * tstzrange(%(from)s::timestamptz, %(to)s::timestamptz) as valid
    ) v
    where s.resident_id = %(resident_id)s and not isempty(v.valid)
), kind as (select id from reading_kind where name = %(kind)s),
edge as (
    select device_key, since, least(hours_from, until) as until from span
    union all
    select device_key, greatest(hours_to, hours_from), until from span where hours_from < until
), part as (
    select h.first_at as at, h.mean * h.count as total, h.count, h.low, h.high, h.quality, h.last
    from span join reading_hour h on h.device_key = span.device_key
        and h.at >= span.hours_from and h.at < span.hours_to
    where h.kind_id = (select id from kind) and h.at >= %(from)s and h.at < %(to)s
    union all
    select r.measured_at, r.value, 1, r.value, r.value, r.quality, r.value
    from edge join reading r on r.device_key = edge.device_key
        and r.measured_at >= edge.since and r.measured_at < edge.until
    where r.kind_id = (select id from kind) and r.measured_at >= %(from)s and r.measured_at < %(to)s
)
select min(at),
    case when %(is_state)s::boolean then (array_agg(last order by at desc))[1] else sum(total) / sum(count) end,
    min(quality), min(low), max(high)
from part
group by floor(extract(epoch from at - %(from)s::timestamptz) / %(interval_s)s::double precision)
order by 1
limit %(points)s;

-- name: last_of_resident --
-- The newest values from the devices that are installed for a resident now, since they have been.
select k.name, l.value, l.quality, l.measured_at, d.id
from bed_stay s
join installation i on i.bed_key = s.bed_key and i.valid @> %(now)s::timestamptz
join device d on d.key = i.device_key
join reading_last l on l.device_key = i.device_key
    and l.measured_at >= greatest(lower(i.valid), lower(s.valid))
join reading_kind k on k.id = l.kind_id
where s.resident_id = %(resident_id)s and s.valid @> %(now)s::timestamptz
order by k.name, l.measured_at desc
limit 500;

-- name: last_of_beds --
-- The newest value of one kind at each bed of an area, from what is installed there now, and where the home is.
with newest as materialized (
    select distinct on (i.bed_key) i.bed_key, l.value, l.quality, l.measured_at, l.device_key
    from reading_last l
    join installation i on i.device_key = l.device_key and i.valid @> %(now)s::timestamptz
        and l.measured_at >= lower(i.valid)
    where l.kind_id = (select id from reading_kind where name = %(kind)s)
    order by i.bed_key, l.measured_at desc)
select b.id, h.gate_lat, h.gate_lon, n.value, n.quality, n.measured_at, d.id
from newest n
join device d on d.key = n.device_key
join bed b on b.key = n.bed_key
join home h on h.id = b.home_id
where not h.synthetic and starts_with(h.area_code, %(area_code)s)
    and (%(org_id)s::uuid is null or h.org_id = %(org_id)s);

-- name: worn_by_resident --
-- The devices installed for a resident within a time, from when to when, and what they measure of some kinds.
select i.device_key, d.id, d.family, k.id, k.name,
    lower(i.valid * s.valid * tstzrange(%(from)s::timestamptz, %(to)s::timestamptz)),
    upper(i.valid * s.valid * tstzrange(%(from)s::timestamptz, %(to)s::timestamptz))
from bed_stay s
join installation i on i.bed_key = s.bed_key and i.valid && s.valid
join device d on d.key = i.device_key
join reading_last l on l.device_key = i.device_key
join reading_kind k on k.id = l.kind_id
where s.resident_id = %(subject_id)s and k.name = any(%(kinds)s)
    and not isempty(i.valid * s.valid * tstzrange(%(from)s::timestamptz, %(to)s::timestamptz))
order by k.name, d.id, 6;

-- name: worn_by_bed --
-- The devices installed at a bed within a time, whoever lay in it.
select i.device_key, d.id, d.family, k.id, k.name,
    lower(i.valid * tstzrange(%(from)s::timestamptz, %(to)s::timestamptz)),
    upper(i.valid * tstzrange(%(from)s::timestamptz, %(to)s::timestamptz))
from bed b
join installation i on i.bed_key = b.key and i.valid && tstzrange(%(from)s::timestamptz, %(to)s::timestamptz)
join device d on d.key = i.device_key
join reading_last l on l.device_key = i.device_key
join reading_kind k on k.id = l.kind_id
where b.id = %(subject_id)s and k.name = any(%(kinds)s)
order by k.name, d.id, 6;

-- name: state_runs --
-- From when to when states were said without a change, nor a pause longer than %(pause)s.
with said as (
    select r.device_key, r.kind_id, r.measured_at, r.value,
        (r.value is distinct from lag(r.value) over w
            or r.measured_at > lag(r.measured_at) over w + %(pause)s::interval)::int as begins
    from unnest(%(keys)s::int[], %(kind_ids)s::smallint[], %(since)s::timestamptz[], %(until)s::timestamptz[])
        as o (key, kind_id, since, until)
    join reading r on r.device_key = o.key and r.kind_id = o.kind_id
        and r.measured_at >= o.since and r.measured_at < o.until
    window w as (partition by r.device_key, r.kind_id order by r.measured_at)
), runs as (
    select *, sum(begins) over (partition by device_key, kind_id order by measured_at) as run from said
)
select device_key, kind_id, value >= 0.5, min(measured_at), max(measured_at)
from runs group by device_key, kind_id, run, value >= 0.5 order by 1, 2, 4;

-- name: curve --
-- Values by device and kind, one a bucket of absolute time, without those of times that speak of nobody.
select r.device_key, r.kind_id, min(r.measured_at), max(r.measured_at), avg(r.value), min(r.value), max(r.value),
    min(r.quality), count(*)
from unnest(%(keys)s::int[], %(kind_ids)s::smallint[], %(since)s::timestamptz[], %(until)s::timestamptz[])
    as o (key, kind_id, since, until)
join reading r on r.device_key = o.key and r.kind_id = o.kind_id
    and r.measured_at >= o.since and r.measured_at < o.until
where not exists (
    select from unnest(%(blank_keys)s::int[], %(blank_from)s::timestamptz[], %(blank_to)s::timestamptz[])
        as b (key, since, until)
    where b.key = r.device_key and r.measured_at >= b.since and r.measured_at < b.until)
group by r.device_key, r.kind_id, floor(extract(epoch from r.measured_at) / %(bucket_s)s::double precision)
order by 1, 2, 3;
