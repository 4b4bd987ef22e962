-- Readings by the hour; the table `reading_hour` is made by cloud/telemetry, as `reading` is.

create table rollup (
    one boolean primary key default true check (one),
    until timestamptz not null
);

-- Hours that readings came late for, packed by the writer; made again and deleted by the worker.
create table rollup_waiting (
    id bigint primary key generated always as identity,
    hours bytea not null
);
alter table rollup_waiting alter column hours set storage external;
