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
    min(r.quality)
from span
join reading r on r.device_key = span.device_key
    and r.measured_at >= lower(span.valid) and r.measured_at < upper(span.valid)
where r.kind_id = (select id from reading_kind where name = %(kind)s)
    and r.measured_at >= %(from)s and r.measured_at < %(to)s
group by floor(extract(epoch from r.measured_at - %(from)s::timestamptz) / %(interval_s)s::double precision)
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
