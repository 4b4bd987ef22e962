-- Evidence: words that can be erased, a signed root for each day, the readings of a case, figures over the timeline.

-- A line's words and salt can be erased: the chain needs only H(salt || payload). Lines from before this
-- migration have no payload_hash; theirs is computed from the words.
alter table case_entry
    alter column salt drop not null,
    add column payload_hash bytea,
    add column erased_at timestamptz,
    add check ((salt is null) = (erased_at is not null)),
    add check (salt is not null or payload_hash is not null);
create index case_entry_at on case_entry using brin (at);
create index case_entry_opened on case_entry (at) where n = 1;

-- With which hash new lines are written; each line names its own.
create table timeline_policy (
    one boolean primary key default true check (one),
    algorithm text not null check (algorithm in ('sha256', 'sm3'))
);
insert into timeline_policy (algorithm) values ('sha256');

-- One row for each day (Asia/Shanghai): the root over the last line of every case that changed, signed.
create table case_root (
    day date primary key,
    made_at timestamptz not null,
    algorithm text not null,
    leaves integer not null,
    root bytea not null,
    -- The root of the day before, null for the first day: a day that was taken away shows.
    previous bytea,
    key_id text not null,
    public_key bytea not null,
    signature bytea not null
);

create table case_root_leaf (
    day date not null references case_root,
    case_id uuid not null,
    n integer not null,
    hash bytea not null,
    primary key (day, case_id)
);
create index case_root_leaf_case on case_root_leaf (case_id, day desc);

-- The readings around a case outlive the partitions that they were in. `due_at` null: complete.
create table case_copy (
    case_id uuid primary key references cases,
    starts_at timestamptz not null,
    ends_at timestamptz not null,
    due_at timestamptz,
    copied_at timestamptz
);
create index case_copy_due on case_copy (due_at) where due_at is not null;

create index cases_closed on cases (closed_at) where state = 'closed' and class = 'care';

create table case_reading (
    case_id uuid not null references cases,
    device_id text not null,
    kind text not null,
    measured_at timestamptz not null,
    received_at timestamptz not null,
    value double precision not null,
    quality smallint
);
create index case_reading_case on case_reading (case_id, measured_at);
