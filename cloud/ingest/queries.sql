-- name: hear_gateways --
-- Gateways spoke: note when, hold their rows (one message of a gateway at a time) in their order, say what they are.
with held as materialized (
    select id from gateway where id = any(%(ids)s::text[]) order by id for no key update
)
update gateway g set last_seen_at = greatest(g.last_seen_at, r.at)
from held join unnest(%(ids)s::text[], %(ats)s::timestamptz[]) as r (id, at) on r.id = held.id
where g.id = held.id
returning g.id, g.kind, g.home_id, g.area_code, g.org_id;

-- name: place_devices --
-- For whom each device worked at a time, and whether it might be tested at another.
select r.n, i.*
from json_to_recordset(%(asked)s::json) as r (n integer, device_id text, at timestamptz, received_at timestamptz)
cross join lateral (
    select d.key, d.registered, i.home_id, i.room, h.area_code, h.org_id, s.resident_id,
        exists (
            select 1 from test_window w
            where w.device_key = d.key and w.opens_at <= r.received_at and w.ends_at > r.received_at
        ) as test_window
    from device d
    left join installation i on i.device_key = d.key and i.valid @> r.at
    left join home h on h.id = i.home_id
    left join bed_stay s on s.bed_key = i.bed_key and s.valid @> r.at
    where d.id = r.device_id limit 1
) i;

-- name: residents_of_home --
-- Who lived in a home at a time; two are enough to know that it is not one.
select distinct s.resident_id from bed_stay s join bed b on b.key = s.bed_key
where b.home_id = %(home_id)s and s.valid @> %(at)s::timestamptz
limit 2;

-- name: resident_states --
-- Each resident's state at a time.
select r.n, s.state from json_to_recordset(%(asked)s::json) as r (n integer, resident_id uuid, at timestamptz)
cross join lateral (
    select state from resident_state t where t.resident_id = r.resident_id and t.valid @> r.at limit 1
) s;

-- name: keep_events --
-- Messages, each once; what is stored under its number already is not returned.
insert into event (
    gateway_id, run, seq, id, kind, phase, device_key, occurred_at, device_at, received_at, stored_at, payload, problems
)
select * from json_to_recordset(%(events)s::json) as r (
    gateway_id text, run text, seq bigint, id uuid, kind text, phase text, device_key bigint, occurred_at timestamptz,
    device_at timestamptz, received_at timestamptz, stored_at timestamptz, payload jsonb, problems text[]
)
on conflict do nothing
returning gateway_id;

-- name: event_numbered --
-- What is stored under a number.
select id, phase from event where gateway_id = %(gateway_id)s and run = %(run)s and seq = %(seq)s;

-- name: phases_of --
-- The other messages of each gateway's activation.
select r.gateway_id, e.phase, e.run, e.seq
from json_to_recordset(%(asked)s::json) as r (gateway_id text, id uuid, run text, seq bigint)
cross join lateral (
    select phase, run, seq from event e
    where e.gateway_id = r.gateway_id and e.id = r.id and not (e.run = r.run and e.seq = r.seq)
    offset 0
) e;

-- name: boot_at --
-- When a gateway without a clock started, as far as is known.
select boot_at from boot_clock where gateway_id = %(gateway_id)s and boot = %(boot)s;

-- name: learn_boot --
-- A message that counts from boot cannot have been sent before it was measured: boot was no later than this.
insert into boot_clock (gateway_id, boot, boot_at, changed_at) values (%(gateway_id)s, %(boot)s, %(boot_at)s, %(now)s)
on conflict (gateway_id, boot) do update
set boot_at = excluded.boot_at, changed_at = excluded.changed_at
where excluded.boot_at < boot_clock.boot_at;

-- name: quarantine --
-- A message that could not be understood; the same again is counted.
insert into quarantine (received_at, topic, gateway_id, reason, size, sha256, raw, last_at)
values (%(at)s, %(topic)s, %(gateway_id)s, %(reason)s, %(size)s, %(sha256)s, %(raw)s, %(at)s)
on conflict (topic, sha256) do update
set times = quarantine.times + 1, last_at = excluded.last_at, reason = excluded.reason;

-- name: find_gateway --
-- What is known of a gateway's present run.
select run, run_started_at, last_seen_at from gateway where id = %(id)s;

-- name: known_run --
-- Whether a run was seen before, and when it returned.
select returned_at from gateway_run where gateway_id = %(id)s and run = %(run)s;

-- name: add_run --
-- A start of the agent that is new here.
insert into gateway_run (gateway_id, run, started_at, first_seen_at)
values (%(id)s, %(run)s, %(started_at)s, %(at)s)
on conflict do nothing;

-- name: run_returned --
-- A run that was replaced speaks again; the last ten times are kept.
update gateway_run set returned_at = (array_prepend(%(at)s::timestamptz, returned_at))[1:10]
where gateway_id = %(id)s and run = %(run)s;

-- name: take_birth --
-- What this run of the agent is and serves.
update gateway set
    run = %(run)s, run_started_at = %(started_at)s, boot = %(boot)s, birth = %(birth)s::text::jsonb,
    birth_at = %(at)s, network = %(network)s::text::jsonb
where id = %(id)s;

-- name: note_heartbeats --
-- Gateways speak, and whether that was all: the present run of one that is online, of which nothing else waits.
-- One whose row is held by another message is left out.
with free as (
    select g.id, b.at, b.alone and g.online and g.run = b.run as enough from gateway g
    join unnest(%(ids)s::text[], %(runs)s::text[], %(ats)s::timestamptz[], %(alone)s::boolean[])
        as b (id, run, at, alone) on b.id = g.id
    order by g.id for no key update of g skip locked
)
update gateway g set last_seen_at = greatest(g.last_seen_at, free.at) from free where g.id = free.id
returning g.id, coalesce(free.enough, false);

-- name: set_online --
-- Whether a gateway is there; nothing is returned when that was known. One that is out of use is missed by nobody.
update gateway set online = %(online)s, online_changed_at = %(at)s
where id = %(id)s and online is distinct from %(online)s
returning retired_at is null or %(online)s;

-- name: take_device_state --
-- What a gateway knows of a device that is its to speak for; an older message changes nothing.
update device d set
    state = %(state)s::text::jsonb, state_at = %(at)s::timestamptz,
    last_seen_at = greatest(d.last_seen_at, %(last_seen)s::timestamptz)
from gateway g
where d.id = %(device_id)s and g.id = %(gateway_id)s and (d.state_at is null or d.state_at <= %(at)s)
    and (g.kind = 'protocol' or not exists (
        select 1 from installation i
        where i.device_key = d.key and i.valid @> %(now)s::timestamptz and i.home_id <> g.home_id
    ));

-- name: reader_alive --
-- A reader lives; whether, and since when, it hears the broker.
insert into reader_life as l (program, member, listening_since, alive_at)
values (%(program)s, %(member)s, case when %(listening)s then %(now)s::timestamptz end, %(now)s)
on conflict (program, member) do update set
    listening_since = case when %(listening)s then
        case when l.alive_at >= %(fresh)s then coalesce(l.listening_since, %(now)s) else %(now)s end
    end,
    alive_at = %(now)s;

-- name: forget_readers --
-- Others of a kind that have not been heard of for long, or are of the days before it became a group, or one.
delete from reader_life where program = %(program)s and member <> %(member)s and (alive_at < %(before)s
    or alive_at < %(fresh)s and (member = '') <> (%(member)s = ''));

-- name: reader_left --
-- One that has ended as it should is not missed while others of its kind live.
delete from reader_life l where program = %(program)s and member = %(member)s and exists (
    select from reader_life o where o.program = l.program and o.member <> l.member and o.alive_at >= %(fresh)s);
