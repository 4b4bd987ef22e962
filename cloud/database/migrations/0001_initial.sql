-- The first schema. SQL never calls now(): every time comes from the program's clock.
-- Rows that belong to someone carry area_code (GB/T 2260 and its street codes) and org_id.
-- Exclusion over a key uses int4range(key, key, '[]'): no extension is needed.
-- The table `reading` is made by cloud/telemetry, as a hypertable or as partitions.

create table area (
    code text primary key check (code ~ '^[0-9]{2,12}$'),
    name text not null,
    parent_code text references area,
    version text not null default '2025'
);

create table org (
    id uuid primary key,
    name text not null unique,
    created_at timestamptz not null
);

-- People: once each; resident, contact and staff are roles.
create table person (
    id uuid primary key,
    name text not null,
    sex text not null default 'unknown' check (sex in ('female', 'male', 'unknown')),
    birth_date date,
    id_number_cipher bytea,
    id_number_hmac bytea,
    merged_into uuid references person,
    created_at timestamptz not null,
    check ((id_number_cipher is null) = (id_number_hmac is null))
);
create unique index person_id_number on person (id_number_hmac) where merged_into is null;

create table person_phone (
    person_id uuid not null references person,
    phone text not null,
    label text not null default '',
    primary key (person_id, phone)
);
create index person_phone_phone on person_phone (phone);

create table home (
    id uuid primary key,
    area_code text not null references area,
    org_id uuid not null references org,
    street text not null default '',
    compound text not null default '',
    building text not null default '',
    unit text not null default '',
    room text not null default '',
    gate_lat double precision,
    gate_lon double precision,
    access_note text not null default '',
    door_code_cipher bytea,
    door_code_hmac bytea,
    safe_radius_m double precision,
    verified_at timestamptz,
    created_at timestamptz not null,
    check ((door_code_cipher is null) = (door_code_hmac is null))
);
create index home_area on home (area_code);

create table bed (
    key integer primary key generated always as identity,
    id uuid not null unique,
    home_id uuid not null references home,
    label text not null default ''
);
create index bed_home on bed (home_id);

create table resident (
    id uuid primary key,
    person_id uuid not null references person,
    area_code text not null references area,
    org_id uuid not null references org,
    profile jsonb not null default '{}',
    needs jsonb not null default '{}',
    risks jsonb not null default '[]',
    limits jsonb not null default '{}',
    consents jsonb not null default '{}',
    created_at timestamptz not null
);
create index resident_person on resident (person_id);

create table resident_state (
    resident_id uuid not null references resident,
    state text not null check (state in ('active', 'hospital', 'away', 'suspended', 'moved', 'deceased')),
    valid tstzrange not null,
    place jsonb,
    primary key (resident_id, valid)
);

create table bed_stay (
    bed_key integer not null references bed (key),
    resident_id uuid not null references resident,
    valid tstzrange not null,
    exclude using gist (int4range(bed_key, bed_key, '[]') with &&, valid with &&)
);
create index bed_stay_resident on bed_stay (resident_id);

create table contact (
    resident_id uuid not null references resident,
    person_id uuid not null references person,
    position integer not null,
    relation text not null default '',
    has_key boolean not null default false,
    distance_note text not null default '',
    primary key (resident_id, person_id)
);

-- Gateways, devices and where they are installed.
create table gateway (
    id text primary key check (id ~ '^[a-z0-9-]{1,64}$'),
    kind text not null default 'home' check (kind in ('home', 'protocol')),
    home_id uuid references home,
    area_code text not null references area,
    org_id uuid not null references org,
    secret_bcrypt text not null,
    secret_pbkdf2 text not null,
    network jsonb not null default '{}',
    run text,
    run_started_at timestamptz,
    boot text,
    birth jsonb,
    birth_at timestamptz,
    online boolean,
    online_changed_at timestamptz,
    last_seen_at timestamptz,
    created_at timestamptz not null,
    retired_at timestamptz,
    check ((kind = 'home') = (home_id is not null))
);
create index gateway_home on gateway (home_id);

create table device (
    key integer primary key generated always as identity,
    id text not null unique check (id ~ '^[a-z0-9-]{1,64}$'),
    family text not null default 'unknown',
    model text not null default '',
    registered boolean not null default true,
    state jsonb not null default '{}',
    state_at timestamptz,
    last_seen_at timestamptz,
    created_at timestamptz not null
);

create table installation (
    id uuid primary key,
    device_key integer not null references device (key),
    home_id uuid not null references home,
    bed_key integer references bed (key),
    room text not null default '',
    role text not null default '',
    valid tstzrange not null,
    installed_at timestamptz not null,
    exclude using gist (int4range(device_key, device_key, '[]') with &&, valid with &&)
);
create index installation_home on installation (home_id);
create index installation_bed on installation (bed_key);

create table test_window (
    id uuid primary key,
    device_key integer not null references device (key),
    opens_at timestamptz not null,
    ends_at timestamptz not null,
    opened_by text not null
);
create index test_window_device on test_window (device_key, ends_at);

-- Users, sessions, seats.
create table staff (
    id uuid primary key,
    username text not null unique,
    name text not null,
    role text not null check (role in ('operator', 'supervisor', 'technician', 'responder', 'family', 'official', 'admin')),
    password_hash text not null,
    area_code text not null default '',
    org_id uuid references org,
    active boolean not null default true,
    failed_logins integer not null default 0,
    locked_until timestamptz,
    created_at timestamptz not null
);

create table seat (
    id uuid primary key,
    staff_id uuid not null references staff,
    opened_at timestamptz not null,
    last_seen_at timestamptz not null,
    call_until timestamptz,
    sound boolean not null default false,
    closed_at timestamptz
);
create index seat_open on seat (last_seen_at) where closed_at is null;

create table session (
    token_hash bytea primary key,
    csrf_token text not null,
    staff_id uuid not null references staff,
    seat_id uuid not null references seat,
    created_at timestamptz not null,
    expires_at timestamptz not null
);

create table api_token (
    id uuid primary key,
    name text not null,
    role text not null,
    token_hash bytea not null unique,
    area_code text not null default '',
    org_id uuid references org,
    created_at timestamptz not null,
    expires_at timestamptz
);

create table audit (
    id bigint primary key generated always as identity,
    at timestamptz not null,
    actor text not null,
    action text not null,
    subject text not null,
    detail jsonb not null default '{}'
);

-- Messages.
create table event (
    gateway_id text not null,
    run text not null,
    seq bigint not null,
    id uuid not null,
    kind text not null,
    phase text not null,
    device_key integer references device (key),
    occurred_at timestamptz not null,
    device_at timestamptz,
    received_at timestamptz not null,
    stored_at timestamptz not null,
    payload jsonb not null,
    problems text[] not null default '{}',
    primary key (gateway_id, run, seq)
);
create index event_id on event (id);
create index event_device on event (device_key, occurred_at desc);

-- Where the milliseconds since boot of a gateway without a clock begin; only ever moved to earlier.
create table boot_clock (
    gateway_id text not null,
    boot text not null,
    boot_at timestamptz not null,
    changed_at timestamptz not null,
    primary key (gateway_id, boot)
);

-- The starts of each agent; one that returns after it was replaced may be a copy.
create table gateway_run (
    gateway_id text not null,
    run text not null,
    started_at timestamptz not null,
    first_seen_at timestamptz not null,
    returned_at timestamptz[] not null default '{}',
    primary key (gateway_id, run)
);

-- A gateway's silence counts only while somebody listened: `listening_since` is null while the broker is away.
create table ingest_life (
    one boolean primary key default true check (one),
    listening_since timestamptz,
    alive_at timestamptz not null
);

create table batch_seen (
    gateway_id text not null,
    run text not null,
    seen int8multirange not null,
    changed_at timestamptz not null,
    primary key (gateway_id, run)
);

create table reading_kind (
    id smallint primary key generated always as identity,
    name text not null unique
);

create table reading_last (
    device_key integer not null references device (key),
    kind_id smallint not null references reading_kind,
    measured_at timestamptz not null,
    value double precision not null,
    quality smallint,
    primary key (device_key, kind_id)
);

create table position_fix (
    device_key integer not null references device (key),
    measured_at timestamptz not null,
    received_at timestamptz not null,
    lat double precision not null,
    lon double precision not null,
    accuracy_m real,
    source text not null,
    datum text not null,
    late boolean not null default false,
    primary key (device_key, measured_at)
);

create table quarantine (
    id bigint primary key generated always as identity,
    received_at timestamptz not null,
    topic text not null,
    gateway_id text,
    reason text not null,
    size integer not null,
    sha256 bytea not null,
    raw bytea not null,
    times integer not null default 1,
    last_at timestamptz not null
);
create index quarantine_last on quarantine (last_at);
create unique index quarantine_same on quarantine (topic, sha256);

-- To the gateways: written in the transaction, published by a worker, deleted when published.
create table ack_queue (
    id bigint primary key generated always as identity,
    gateway_id text not null,
    run text not null,
    stage text not null default 'stored',
    event_id uuid,
    event_seq bigint,
    batch_seq bigint,
    check ((event_id is null) <> (batch_seq is null))
);

create table command (
    id uuid primary key,
    gateway_id text not null,
    op text not null,
    device_id text,
    args jsonb not null default '{}',
    issued_by text not null,
    created_at timestamptz not null,
    expires_at timestamptz not null,
    next_publish_at timestamptz,
    status text not null default 'queued',
    error text,
    finished_at timestamptz
);
create index command_due on command (next_publish_at) where next_publish_at is not null;

-- Alarms and cases.
create table cases (
    id uuid primary key,
    number bigint not null generated always as identity unique,
    subject_kind text not null check (subject_kind in ('home', 'gateway', 'area', 'system')),
    subject_id text not null,
    class text not null check (class in ('care', 'technical', 'test')),
    state text not null,
    priority smallint not null check (priority between 1 and 4),
    kinds text[] not null default '{}',
    rings integer not null default 1,
    resident_id uuid references resident,
    home_id uuid references home,
    area_code text not null,
    org_id uuid,
    frozen jsonb not null default '{}',
    place jsonb not null default '{}',
    fire_suspected boolean not null default false,
    late boolean not null default false,
    alarm_count integer not null default 0,
    repeats integer not null default 0,
    event_ids uuid[] not null default '{}',
    -- A member of staff, or a token of a program.
    owner_id uuid,
    owner_name text,
    seat_id uuid references seat,
    opened_at timestamptz not null,
    -- Since when nobody has it: opened, given back, or become a matter of life.
    waiting_since timestamptz not null,
    occurred_at timestamptz not null,
    claimed_at timestamptz,
    stage_due_at timestamptz,
    warned_at timestamptz,
    resolved_at timestamptz,
    closed_at timestamptz,
    disposition text,
    follows_id uuid references cases,
    version integer not null default 1
);
create unique index cases_one_open on cases (subject_kind, subject_id, class) where state in ('open', 'claimed');
create index cases_live on cases (state, priority, opened_at) where state <> 'closed';
create index cases_resident on cases (resident_id, opened_at desc);

create table alarm (
    id uuid primary key,
    case_id uuid not null references cases,
    event_id uuid,
    kind text not null,
    class text not null,
    priority smallint not null,
    phase text not null,
    gateway_id text,
    device_key integer references device (key),
    device_id text,
    home_id uuid references home,
    resident_id uuid references resident,
    room text not null default '',
    occurred_at timestamptz not null,
    device_at timestamptz,
    received_at timestamptz not null,
    stored_at timestamptz not null,
    late boolean not null default false,
    reasons text[] not null default '{}',
    inputs jsonb not null default '{}',
    rule_version text not null,
    repeats integer not null default 1,
    last_at timestamptz not null,
    cleared_at timestamptz
);
create unique index alarm_event on alarm (gateway_id, event_id, kind) where event_id is not null;
create index alarm_case on alarm (case_id);
create index alarm_device on alarm (device_id, kind, last_at desc);
create index alarm_home on alarm (home_id, occurred_at) where home_id is not null;

-- An event that repeats an alarm joins it: every event id finds its alarm.
create table alarm_event_link (
    gateway_id text not null,
    event_id uuid not null,
    alarm_id uuid not null references alarm,
    primary key (gateway_id, event_id)
);
create index alarm_event_link_alarm on alarm_event_link (alarm_id);

-- A suspected fall waits for `raised` or `cancelled`; the cloud raises it when neither comes.
create table suspicion (
    gateway_id text not null,
    event_id uuid not null,
    draft jsonb not null,
    due_at timestamptz not null,
    primary key (gateway_id, event_id)
);
create index suspicion_due on suspicion (due_at);

create table case_entry (
    case_id uuid not null references cases,
    n integer not null,
    at timestamptz not null,
    kind text not null,
    actor text not null,
    data jsonb not null default '{}',
    salt bytea not null,
    algorithm text not null default 'sha256',
    previous bytea not null,
    hash bytea not null,
    primary key (case_id, n)
);

-- The feed: one gap-free counter, taken last in each transaction.
create table feed_counter (
    one boolean primary key default true check (one),
    seq bigint not null
);
insert into feed_counter (seq) values (0);

create table feed (
    seq bigint primary key,
    at timestamptz not null,
    type text not null,
    case_id uuid,
    area_code text not null default '',
    org_id uuid,
    data jsonb not null
);
