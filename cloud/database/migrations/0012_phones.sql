-- Phones: whose family somebody is, frames for named readers, photographs from where help went.

-- An account of the role `family` sees these elders and nobody else. It belongs to one of the elder's contacts.
create table family_access (
    id uuid primary key,
    staff_id uuid not null references staff,
    resident_id uuid not null references resident,
    person_id uuid not null references person,
    relation text not null,
    valid tstzrange not null,
    -- The elder's consent: in what form it was given, and who wrote it down.
    consent text not null check (consent <> ''),
    consented_at timestamptz not null,
    recorded_by text not null
);
create index family_access_staff on family_access (staff_id);
create index family_access_resident on family_access (resident_id);
create unique index family_access_running on family_access (staff_id, resident_id) where upper_inf(valid);

-- A frame for these readers alone: somebody's family, a responder.
alter table feed add column reader_ids uuid[];

-- Who looked at what, by what was looked at.
create index audit_subject on audit (subject, at desc);

create table dispatch_photo (
    id uuid primary key,
    dispatch_id uuid not null references dispatch,
    case_id uuid not null references cases,
    taken_at timestamptz not null,
    media_type text not null check (media_type in ('image/jpeg', 'image/png', 'image/webp')),
    size integer not null check (size between 1 and 5242880),
    sha256 bytea not null,
    content bytea not null,
    unique (dispatch_id, sha256)
);
create index dispatch_photo_case on dispatch_photo (case_id, taken_at);
create index dispatch_photo_age on dispatch_photo (taken_at);
