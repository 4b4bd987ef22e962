-- Supervision: groups of one cause, shelves, what is learned of devices, the canary, signs of life of our own.

-- A home that nobody lives in: the canary's. Its test cases are shown to no seat and count in no figure.
alter table home add column synthetic boolean not null default false;

-- `cause` is what a technical case can be grouped by (place and cause); `group_id` is the line that stands for
-- it; `children` and `high_risk` are counted on that line.
alter table cases
    add column cause text,
    add column group_id uuid references cases,
    add column children integer not null default 0,
    add column high_risk integer not null default 0,
    add column synthetic boolean not null default false,
    add column shelved_until timestamptz,
    add column shelved_at timestamptz,
    add column shelved_by text,
    add column shelf_reason text,
    add check (class = 'technical' or (cause is null and group_id is null and shelved_until is null)),
    add check ((shelved_until is null) = (shelf_reason is null));
create index cases_cause on cases (cause, opened_at) where cause is not null and state = 'open' and group_id is null;
create index cases_group on cases (group_id) where group_id is not null;
create index cases_shelved on cases (shelved_until) where shelved_until is not null;
create index alarm_stored on alarm (stored_at);

-- Whether more alarms come than the seats can look at; `since` null: no.
create table flood (
    one boolean primary key default true check (one),
    since timestamptz
);
insert into flood (since) values (null);

-- How often a device speaks, learned; `offline_at` while it is missed.
create table device_life (
    device_key integer primary key references device (key),
    last_at timestamptz not null,
    -- The usual pause between two signs of life, in seconds; null until there were two.
    interval_s double precision,
    signs integer not null default 1,
    battery boolean not null default false,
    -- When it counts as silent unless it speaks before.
    due_at timestamptz not null,
    offline_at timestamptz,
    -- A low battery that its own readings tell.
    low_at timestamptz
);
create index device_life_due on device_life (due_at) where offline_at is null;

-- The worker's and the canary's signs of life (the ingestor's is in ingest_life).
create table program_life (
    program text primary key,
    alive_at timestamptz not null
);

-- What went over the whole road: pressed by a gateway, seen by a client of the feed.
create table canary_run (
    id uuid primary key,
    pressed_at timestamptz not null,
    seen_at timestamptz,
    took_ms integer,
    ok boolean not null,
    reason text not null default ''
);
create index canary_run_pressed on canary_run (pressed_at desc);

-- Whether the road is good; `red_since` null: it is.
create table canary_state (
    one boolean primary key default true check (one),
    red_since timestamptz,
    reason text not null default ''
);
insert into canary_state (red_since) values (null);
