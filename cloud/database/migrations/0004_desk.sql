-- The desk: every state of a case, escalation and duty as data, responders. SQL never calls now().

alter table cases
    add constraint cases_state check (state in ('open', 'claimed', 'contacting', 'dispatched', 'on_scene',
        'resolved', 'followed_up', 'closed', 'handed_over', 'merged')),
    -- It takes new alarms.
    add column live boolean not null generated always as
        (state in ('open', 'claimed', 'contacting', 'dispatched', 'on_scene', 'handed_over')) stored,
    -- Somebody has it.
    add column held boolean not null generated always as
        (state in ('claimed', 'contacting', 'dispatched', 'on_scene')) stored,
    -- The stage's own limit; stage_due_at is this or what work and calls have moved it to.
    add column stage_limit_at timestamptz,
    add column supervisor_warned_at timestamptz,
    add column handed_from_name text,
    add column handed_to_id uuid references staff,
    add column handed_to_name text,
    add column merged_into uuid references cases,
    add column service_order boolean not null default false,
    add column followed_up_at timestamptz,
    -- How often it was taken back: the next round of its escalation is faster.
    add column returns integer not null default 0,
    -- The running round of its escalation: since when and for which priority, null when somebody has it.
    add column escalation_round integer not null default 0,
    add column escalation_since timestamptz,
    add column escalation_priority smallint,
    add column escalation_level integer not null default 0;

drop index cases_one_open;
create unique index cases_one_open on cases (subject_kind, subject_id, class) where live;
create index cases_seat on cases (seat_id) where held;

-- What happens to a case that nobody takes. Versions are kept; the newest one counts unless it is retired.
create table escalation_policy (
    id uuid not null,
    version integer not null,
    name text not null,
    priority smallint not null check (priority in (1, 2)),
    -- Whose: everybody's, a district's (prefix), one organisation's, one resident's.
    area_code text not null default '',
    org_id uuid references org,
    resident_id uuid references resident,
    -- The repeated steps come again so long after the last one; null: never.
    repeat_every_s integer check (repeat_every_s >= 30),
    -- Delays of a case that was taken back are multiplied by this.
    again_factor double precision not null default 0.5 check (again_factor > 0 and again_factor <= 1),
    changed_at timestamptz not null,
    changed_by text not null,
    retired boolean not null default false,
    primary key (id, version)
);

create table escalation_step (
    policy_id uuid not null,
    version integer not null,
    position integer not null,
    delay_s integer not null check (delay_s between 0 and 86400),
    target text not null check (target in
        ('all_seats', 'supervisor_screen', 'supervisors', 'duty_manager', 'contacts', 'responders')),
    channels text[] not null default '{}',
    repeats boolean not null default false,
    primary key (policy_id, version, position),
    foreign key (policy_id, version) references escalation_policy (id, version)
);

insert into escalation_policy (id, version, name, priority, repeat_every_s, changed_at, changed_by) values
    ('00000000-0000-7000-8000-0000000e0001', 1, '生命紧急', 1, 120, '2026-01-01T00:00:00Z', 'system'),
    ('00000000-0000-7000-8000-0000000e0002', 1, '紧急', 2, 600, '2026-01-01T00:00:00Z', 'system');
insert into escalation_step (policy_id, version, position, delay_s, target, channels, repeats) values
    ('00000000-0000-7000-8000-0000000e0001', 1, 1, 30, 'all_seats', '{}', true),
    ('00000000-0000-7000-8000-0000000e0001', 1, 2, 30, 'supervisor_screen', '{}', false),
    ('00000000-0000-7000-8000-0000000e0001', 1, 3, 60, 'supervisors', '{voice,sms}', true),
    ('00000000-0000-7000-8000-0000000e0001', 1, 4, 120, 'contacts', '{voice,sms}', false),
    ('00000000-0000-7000-8000-0000000e0001', 1, 5, 120, 'duty_manager', '{voice,sms}', true),
    ('00000000-0000-7000-8000-0000000e0002', 1, 1, 120, 'supervisor_screen', '{}', false),
    ('00000000-0000-7000-8000-0000000e0002', 1, 2, 120, 'supervisors', '{voice,sms}', true);

-- One step of one round that is still to come or was taken; a step is copied, so that a running round never changes.
create table escalation_due (
    case_id uuid not null references cases,
    round integer not null,
    cycle integer not null,
    step integer not null,
    next_at timestamptz not null,
    target text not null,
    channels text[] not null,
    policy_id uuid not null,
    policy_version integer not null,
    done_at timestamptz,
    -- done, gap (nobody could be reached), stopped (somebody had taken the case), too_late
    outcome text,
    reached integer not null default 0,
    primary key (case_id, round, cycle, step)
);
create index escalation_due_next on escalation_due (next_at) where done_at is null;

-- Who is on duty: versions are kept; the newest one counts unless it is retired.
create table duty_schedule (
    id uuid not null,
    version integer not null,
    name text not null,
    role text not null check (role in ('supervisor', 'duty_manager', 'responder')),
    area_code text not null default '',
    org_id uuid references org,
    changed_at timestamptz not null,
    changed_by text not null,
    retired boolean not null default false,
    primary key (id, version)
);

create table duty_shift (
    schedule_id uuid not null,
    version integer not null,
    position integer not null,
    -- ISO days 1 (Monday) to 7; minutes of the day; the same start and end is a whole day, an earlier end is tomorrow's.
    weekdays integer[] not null,
    starts_minute integer not null check (starts_minute between 0 and 1439),
    ends_minute integer not null check (ends_minute between 0 and 1439),
    day_kind text not null default 'any' check (day_kind in ('any', 'workday', 'day_off')),
    first_day date,
    last_day date,
    staff uuid[] not null,
    primary key (schedule_id, version, position),
    foreign key (schedule_id, version) references duty_schedule (id, version)
);

-- Days that are not what their weekday says: holidays, and Sundays worked instead.
create table holiday (
    day date primary key,
    name text not null default '',
    off boolean not null
);

-- A hole in the chain: somebody that a step relies on cannot be reached.
create table escalation_gap (
    key text not null,
    since timestamptz not null,
    kind text not null,
    area_code text not null default '',
    org_id uuid,
    data jsonb not null default '{}',
    ended_at timestamptz,
    primary key (key, since)
);
create unique index escalation_gap_open on escalation_gap (key) where ended_at is null;

-- Responders: where they work, what they can do, where they are.
create table zone (
    id uuid primary key,
    name text not null,
    area_code text not null,
    org_id uuid references org,
    lat double precision,
    lon double precision,
    promise_s integer not null default 1800 check (promise_s between 60 and 86400),
    created_at timestamptz not null
);

create table responder (
    staff_id uuid primary key references staff,
    zone_id uuid references zone,
    skills text[] not null default '{}',
    speed_kmh double precision not null default 15 check (speed_kmh > 0),
    most_cases integer not null default 1 check (most_cases >= 1),
    available boolean not null default true,
    lat double precision,
    lon double precision,
    position_at timestamptz,
    changed_at timestamptz not null
);

create table dispatch (
    id uuid primary key,
    case_id uuid not null references cases,
    staff_id uuid not null references responder,
    name text not null,
    state text not null default 'offered' check (state in
        ('offered', 'accepted', 'arrived', 'done', 'refused', 'no_answer', 'undone', 'recalled')),
    offered_at timestamptz not null,
    offered_by text not null,
    answer_due_at timestamptz not null,
    -- By when the zone promises an arrival.
    promised_at timestamptz not null,
    answered_at timestamptz,
    eta_at timestamptz,
    arrived_at timestamptz,
    ended_at timestamptz,
    reason text not null default '',
    outcome text not null default '',
    -- Nobody answers: the next one of the list is asked.
    chain boolean not null default true
);
create unique index dispatch_running on dispatch (case_id, staff_id) where state in ('offered', 'accepted', 'arrived');
create index dispatch_case on dispatch (case_id);
create index dispatch_staff on dispatch (staff_id, offered_at desc);
create index dispatch_offered on dispatch (answer_due_at) where state = 'offered';
