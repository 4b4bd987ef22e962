-- What each home's gateway was told of its home: the desired configuration, published retained.

create table gateway_config (
    gateway_id text primary key references gateway,
    -- Grows with every change, also over a restored backup: at least the second of the change since 1970.
    version bigint not null,
    content jsonb not null,
    changed_at timestamptz not null,
    published_at timestamptz
);
create index gateway_config_waiting on gateway_config (changed_at) where published_at is null;
