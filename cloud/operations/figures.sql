-- What the worker tells of the whole: counts over indices and small tables.

-- name: gateways --
-- Gateways in use, by whether they are there; null: never heard.
select case when online is null then 'never' when online then 'online' else 'offline' end, count(*)
from gateway where retired_at is null and id <> %(canary)s group by 1

-- name: cases --
-- Cases that live, and since when the oldest of them waits.
select class, state::text, priority, count(*), min(opened_at) from cases where live and not synthetic group by 1, 2, 3

-- name: notifications --
-- What waits to be sent, or to be heard of.
select state, count(*), min(queued_at) from notification where state in ('queued', 'sending') group by 1

-- name: quarantine --
-- What was set aside and is still kept.
select count(*) from quarantine
