-- Telephones at the desk, answers that are kept for a repeated request, and where sign-ins come from.

-- Who tells us of calls and rings for us: a telephone system behind a webhook, or the simulated one.
create table phone_provider (
    id text primary key check (id ~ '^[a-z0-9-]{1,64}$'),
    driver text not null check (driver in ('simulated', 'cti_webhook')),
    secret_cipher bytea not null,
    command_url text,
    -- The code of the town that numbers without one belong to, such as 0546.
    dial_code text not null default '' check (dial_code ~ '^(0[0-9]{2,3})?$'),
    area_code text not null default '',
    org_id uuid references org,
    created_at timestamptz not null,
    check (driver <> 'cti_webhook' or command_url is not null)
);

-- The telephone of a seat. An extension rings at one seat; a closed seat's row counts for nothing.
create table seat_phone (
    seat_id uuid primary key references seat,
    provider_id text not null references phone_provider,
    extension text not null,
    state text not null check (state in ('ready', 'busy', 'wrap_up', 'not_ready', 'logged_out')),
    state_at timestamptz not null,
    unique (provider_id, extension)
);

create table phone_call (
    id uuid primary key,
    number bigint not null generated always as identity unique,
    provider_id text not null references phone_provider,
    -- The provider's name of the call; of ours until it has said its own.
    provider_call text not null,
    direction text not null check (direction in ('incoming', 'outgoing')),
    state text not null check (state in
        ('dialling', 'ringing', 'connected', 'ended', 'no_answer', 'busy', 'failed', 'lost')),
    -- The other side's number, erased after half a year.
    other_number text not null,
    -- Who dialled, or who answered.
    seat_id uuid references seat,
    actor_id uuid,
    actor_name text,
    case_id uuid references cases,
    -- Whom it goes to, as the timeline names them.
    other_name text not null default '',
    area_code text not null default '',
    org_id uuid,
    begun_at timestamptz not null,
    connected_at timestamptz,
    ended_at timestamptz,
    changed_at timestamptz not null,
    unique (provider_id, provider_call)
);
create index phone_call_case on phone_call (case_id) where case_id is not null;
create index phone_call_live on phone_call (changed_at) where state in ('dialling', 'ringing', 'connected');
create index phone_call_named on phone_call (begun_at) where other_number <> '';

-- The seats at which a call rang.
create table phone_call_ring (
    call_id uuid not null references phone_call,
    seat_id uuid not null references seat,
    rung_at timestamptz not null,
    primary key (call_id, seat_id)
);

-- What a provider said, once each, in whatever order it came.
create table phone_call_event (
    provider_id text not null references phone_provider,
    event_id text not null,
    call_id uuid not null references phone_call,
    event text not null,
    claimed_at timestamptz,
    received_at timestamptz not null,
    moved boolean not null,
    primary key (provider_id, event_id)
);
create index phone_call_event_call on phone_call_event (call_id);

-- A frame for one seat only.
alter table feed add column seat_id uuid;

-- What a request with an Idempotency-Key was answered; without a status it is under way.
create table kept_answer (
    actor text not null,
    key text not null,
    request_sha256 bytea not null,
    began_at timestamptz not null,
    status smallint,
    media_type text,
    answer_cipher bytea,
    primary key (actor, key),
    check ((status is null) = (answer_cipher is null))
);
create index kept_answer_began on kept_answer (began_at);

-- Sign-ins that failed, by the address they came from.
create table sign_in_source (
    source text primary key,
    since timestamptz not null,
    failures integer not null
);
