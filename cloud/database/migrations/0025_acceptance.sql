-- The technician's checklist of a home, and what a gateway says with an answer.

-- A gateway's own time and clock, told with the answer to a `ping`.
alter table command add column answer jsonb;
create index command_gateway on command (gateway_id, created_at desc);
create index command_device on command (device_id, created_at desc) where device_id is not null;

create table checklist (
    id uuid primary key,
    home_id uuid not null references home,
    started_by_name text not null,
    started_at timestamptz not null,
    -- Until when alarms of the home's devices are tests.
    test_until timestamptz,
    -- Why a step could not be passed, and codes that arrived by SMS, by step.
    reasons jsonb not null default '{}',
    proofs jsonb not null default '{}',
    ended_at timestamptz,
    ended_by_name text,
    outcome text check (outcome in ('finished', 'abandoned')),
    -- Each step as it was at the end.
    steps jsonb,
    check ((ended_at is null) = (outcome is null)),
    check ((steps is null) = (ended_at is null))
);
create unique index checklist_open on checklist (home_id) where ended_at is null;
create index checklist_home on checklist (home_id, started_at desc);
