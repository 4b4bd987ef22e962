-- Notifications: an outbox written in the transaction that causes them, sent by any number of workers.

-- One message to one recipient over one channel. A step of a case is queued once for each of them.
create table notification (
    id uuid primary key,
    case_id uuid references cases,
    resident_id uuid references resident,
    area_code text not null default '',
    org_id uuid,
    step_key text not null,
    template text not null,
    params jsonb not null default '{}',
    language text not null default 'zh' check (language in ('zh', 'en')),
    priority smallint not null check (priority between 1 and 4),
    channel text not null check (channel in ('voice', 'sms', 'wechat', 'email', 'webhook')),
    recipient_kind text not null check (recipient_kind in ('person', 'staff', 'endpoint')),
    recipient_id text not null,
    state text not null default 'queued' check (state in
        ('queued', 'sending', 'sent', 'delivered', 'failed', 'dead', 'expired', 'suppressed')),
    -- Why it is where it is: a fixed word such as no_address, busy, deceased.
    reason text not null default '',
    -- What a called person did: accepted, refused, answered, no_answer, busy, unreachable.
    outcome text,
    -- Attempts made; the number of the last one fences a worker that lost its lease.
    attempts integer not null default 0,
    provider text,
    -- queued: when to send. sending: when its worker counts as dead. sent: when to ask for a receipt.
    next_at timestamptz,
    expires_at timestamptz not null,
    -- P3/P4 that were sent as one: the message that carried this one.
    digest_id uuid references notification,
    queued_at timestamptz not null,
    sent_at timestamptz,
    finished_at timestamptz,
    -- An operator did by hand what the message was for.
    handled_at timestamptz,
    handled_by text,
    unique nulls not distinct (case_id, step_key, recipient_kind, recipient_id, channel)
);
create index notification_due on notification (priority, next_at)
    where state in ('queued', 'sending', 'sent') and next_at is not null;
create index notification_expiry on notification (expires_at) where state = 'queued';
create index notification_case on notification (case_id) where case_id is not null;
create index notification_troubled on notification (state, queued_at) where state in ('dead', 'expired', 'failed');
create index notification_recipient on notification (recipient_kind, recipient_id, channel, sent_at)
    where priority >= 3;

-- Each hand-over to a provider: a receipt finds its notification by our id or by the provider's reference.
create table notification_attempt (
    notification_id uuid not null references notification,
    n integer not null,
    provider text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    result text not null default 'unknown' check (result in ('unknown', 'sent', 'refused', 'not_sent')),
    detail text not null default '',
    ref text,
    primary key (notification_id, n)
);
create index notification_attempt_ref on notification_attempt (provider, ref) where ref is not null;

-- What providers reported, as it came; a report that comes before we know its reference waits for it.
create table notification_receipt (
    id bigint primary key generated always as identity,
    provider text not null,
    notification_id uuid references notification,
    ref text,
    status text not null,
    outcome text,
    detail text not null default '',
    received_at timestamptz not null
);
create index notification_receipt_waiting on notification_receipt (provider, ref) where notification_id is null;
create index notification_receipt_at on notification_receipt (received_at);

-- Changes that a case's timeline has still to tell; deleted when told.
create table notification_news (
    id bigint primary key generated always as identity,
    notification_id uuid not null references notification,
    case_id uuid references cases,
    at timestamptz not null,
    kind text not null,
    data jsonb not null default '{}'
);

-- How many were handed to a provider in a minute and a day; begun anew with each period.
create table notification_quota (
    provider text not null,
    period text not null check (period in ('minute', 'day')),
    starts_at timestamptz not null,
    used integer not null default 0,
    primary key (provider, period)
);

-- What the senders are configured with, as they said it themselves and until when that holds.
create table notification_provider (
    name text primary key,
    channel text not null,
    position integer not null,
    per_minute integer,
    per_day integer,
    -- null: every template can be sent; else those with an approved code.
    templates text[],
    alive_until timestamptz not null
);

-- Where somebody is reached; a person's calls and SMS go to person_phone where nothing is written here.
create table notification_address (
    recipient_kind text not null check (recipient_kind in ('person', 'staff')),
    recipient_id uuid not null,
    channel text not null check (channel in ('voice', 'sms', 'wechat', 'email')),
    address text not null,
    opted_out boolean not null default false,
    changed_at timestamptz not null,
    primary key (recipient_kind, recipient_id, channel)
);
