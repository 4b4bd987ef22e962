-- What the rules over readings need: what people observed, what is still to be judged, what was raised.

-- What an operator (or a program for one) entered: alertness, oxygen, symptoms, readings by hand.
create table observation (
    id uuid not null,
    resident_id uuid not null references resident,
    kind text not null,
    value double precision not null default 0,
    text text not null default '',
    method text not null,
    measured_at timestamptz not null,
    entered_at timestamptz not null,
    entered_by text not null,
    idempotency_key text,
    primary key (id, kind, text)
);
create index observation_resident on observation (resident_id, entered_at desc);
create unique index observation_once on observation (resident_id, entered_by, idempotency_key, kind, text)
    where idempotency_key is not null;

-- Written with the reading or observation, deleted with the judgement: nothing is lost in between. A row is of
-- a device's reading or of a resident's observation.
create table judging (
    id bigint primary key generated always as identity,
    device_key integer,
    kind_id smallint,
    resident_id uuid,
    measured_at timestamptz not null,
    received_at timestamptz not null,
    value double precision not null default 0,
    tries integer not null default 0,
    next_at timestamptz not null,
    check ((device_key is null) = (resident_id is not null)),
    check ((device_key is null) = (kind_id is null))
);
create index judging_device on judging (device_key);

-- The conditions of a person that were raised: each rings once, and again when it lasts.
create table condition (
    resident_id uuid not null references resident,
    key text not null,
    priority smallint not null,
    raised_at timestamptz not null,
    known smallint not null default 0,
    over boolean not null default false,
    alarm_id uuid references alarm,
    rule_version text not null,
    primary key (resident_id, key)
);

-- What must happen before a time: back in bed, the door shut. `alarm_id` once it was overdue and raised.
create table expectation (
    key text primary key,
    rule text not null,
    device_key integer not null,
    resident_id uuid references resident,
    home_id uuid not null references home,
    began_at timestamptz not null,
    due_at timestamptz not null,
    rule_version text not null,
    alarm_id uuid references alarm
);
create index expectation_due on expectation (due_at) where alarm_id is null;
