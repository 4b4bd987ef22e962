-- Administration: each change names the revision it saw, so that two admins never overwrite one another;
-- rows of imported files are known again. SQL never calls now().

alter table area add column revision integer not null default 1;
alter table org add column revision integer not null default 1;
alter table home add column revision integer not null default 1;
alter table bed add column revision integer not null default 1;
alter table resident add column revision integer not null default 1;
alter table gateway add column revision integer not null default 1;
alter table device add column revision integer not null default 1;
alter table staff add column revision integer not null default 1;

-- What a row of a file said, as an HMAC: the same row again changes nothing.
create table import_row (
    fingerprint bytea primary key,
    resident_id uuid not null references resident,
    imported_at timestamptz not null,
    imported_by text not null
);

create index person_name on person (name) where merged_into is null;
