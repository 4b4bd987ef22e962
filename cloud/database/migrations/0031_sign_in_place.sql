-- Where a user has signed in before: wrong passwords from elsewhere lock nobody out there.
create table sign_in_place (
    staff_id uuid not null references staff (id),
    source text not null,
    last_at timestamptz not null,
    failures integer not null default 0,
    locked_until timestamptz,
    primary key (staff_id, source)
);
