-- The feed: rows are numbered by one counter, taken last in the change's transaction.

-- name: append --
-- Take the next number (whoever holds it commits next, so there is never a gap), keep one frame under it, and wake
-- the listeners at commit.
with counted as (
    update feed_counter set seq = seq + 1 returning seq
), kept as (
    insert into feed (seq, at, type, case_id, area_code, org_id, seat_id, data)
    select seq, %(at)s, %(type)s, %(case_id)s, %(area_code)s, %(org_id)s, %(seat_id)s, %(data)s::text::jsonb
    from counted
    returning seq
)
select seq, pg_notify('carebed_feed', seq::text) from kept;

-- name: append_many --
-- Several frames at once, in their order.
with counted as (
    update feed_counter set seq = seq + cardinality(%(types)s::text[]) returning seq
), kept as (
    insert into feed (seq, at, type, case_id, area_code, org_id, data, reader_ids)
    select counted.seq - cardinality(%(types)s::text[]) + t.n, %(at)s, t.type, t.case_id, t.area_code, t.org_id,
        t.data::jsonb, t.readers::uuid[]
    from counted, unnest(%(types)s::text[], %(case_ids)s::uuid[], %(area_codes)s::text[], %(org_ids)s::uuid[],
        %(data)s::text[], %(readers)s::text[]) with ordinality as t(type, case_id, area_code, org_id, data, readers, n)
    returning seq
)
select max(seq), pg_notify('carebed_feed', max(seq)::text) from kept;

-- name: position --
-- The last number given.
select seq from feed_counter;

-- name: oldest --
-- The first frame that is still kept.
select coalesce(min(seq), 0) from feed;

-- name: read_after --
-- Frames after a position that a reader may see, in order.
select seq, type, data::text
from feed
where seq > %(after)s
    and type = any(%(types)s)
    and (seat_id is null or seat_id = %(seat_id)s)
    and (reader_ids is null or %(reader_id)s = any(reader_ids))
    and (type not in ('family', 'dispatch') or reader_ids is not null)
    and (seat_id is not null or reader_ids is not null or (type = 'desk' and area_code = '' and org_id is null)
        or (starts_with(area_code, %(area_code)s) and (%(org_id)s::uuid is null or org_id = %(org_id)s)))
order by seq
limit %(limit)s;

-- name: trim --
-- Forget frames older than a time, except the last thousand: a client that was away longer reads the cases anew.
delete from feed where at < %(before)s and seq <= (select seq - 1000 from feed_counter);

-- name: read_rows --
-- All frames after a position, for a process that filters for many readers.
select seq, type, area_code, org_id, data::text, seat_id, reader_ids, at from feed
where seq > %(after)s order by seq limit %(limit)s;
