-- name: note_closing --
-- Which readings a case keeps; closed again, it keeps them for longer.
insert into case_copy (case_id, starts_at, ends_at, due_at)
select c.id,
    greatest(least(c.occurred_at, c.opened_at) - %(before)s::interval, %(now)s::timestamptz - %(most)s::interval),
    %(now)s::timestamptz + %(after)s::interval, %(now)s::timestamptz + %(after)s::interval
from cases c where c.id = %(case_id)s and c.class = 'care' and c.home_id is not null
on conflict (case_id) do update set ends_at = excluded.ends_at, due_at = excluded.due_at
returning case_id;

-- name: closed_without --
-- Cases that were closed lately, by whomever, and keep no readings yet.
select c.id from cases c
where c.state = 'closed' and c.class = 'care' and c.home_id is not null and c.closed_at > %(since)s
    and not exists (select 1 from case_copy w where w.case_id = c.id)
order by c.closed_at limit %(limit)s;

-- name: closed_at --
-- When a case was closed.
select closed_at from cases where id = %(case_id)s;

-- name: due_copies --
-- Cases whose hour after the closing is over; of a restored database once its readings are in.
select case_id from case_copy where due_at <= %(now)s and not exists (select from history_waiting)
order by due_at limit %(limit)s;

-- name: lock_copy --
-- One copy, held until the transaction ends.
select starts_at, ends_at from case_copy where case_id = %(case_id)s for update;

-- name: copy_readings --
-- Readings of the devices that were installed for the case's resident, or in its home for everybody: those that are not
-- copied yet, for what was copied may be nowhere else any more.
insert into case_reading (case_id, device_id, kind, measured_at, received_at, value, quality)
select c.id, d.id, k.name, r.measured_at, r.received_at, r.value, r.quality
from cases c
join case_copy w on w.case_id = c.id
join installation i on i.home_id = c.home_id and i.valid && tstzrange(w.starts_at, w.ends_at)
join device d on d.key = i.device_key
join reading r on r.device_key = i.device_key
    and r.measured_at >= greatest(w.starts_at, coalesce(lower(i.valid), w.starts_at))
    and r.measured_at < least(w.ends_at, coalesce(upper(i.valid), w.ends_at))
join reading_kind k on k.id = r.kind_id
where c.id = %(case_id)s and r.measured_at <= %(now)s and not exists (
    select from case_reading o where o.case_id = c.id and o.measured_at = r.measured_at
        and o.device_id = d.id and o.kind = k.name
) and (
    i.bed_key is null or c.resident_id is null or exists (
        select 1 from bed_stay s
        where s.bed_key = i.bed_key and s.resident_id = c.resident_id and s.valid @> r.measured_at
    )
);

-- name: set_copied --
-- When it was copied, and whether it is complete.
update case_copy set copied_at = %(now)s, due_at = case when ends_at <= %(now)s then null else due_at end
where case_id = %(case_id)s;

-- name: read_copy --
-- The readings that a case keeps, by device and kind.
select device_id, kind, measured_at, value, quality from case_reading
where case_id = %(case_id)s order by device_id, kind, measured_at;

-- name: copy_window --
-- From when to when a case keeps readings, and whether all of them are there.
select starts_at, ends_at, due_at is null from case_copy where case_id = %(case_id)s;
