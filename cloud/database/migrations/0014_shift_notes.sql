-- What one shift leaves for the next; never changed.
create table shift_note (
    id uuid primary key,
    at timestamptz not null,
    author_id uuid not null,
    author_name text not null,
    area_code text not null,
    org_id uuid references org,
    text text not null
);
