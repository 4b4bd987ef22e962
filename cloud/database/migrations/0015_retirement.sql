-- Administration: zones in revisions, safe zones of any shape, what is out of use. SQL never calls now().

alter table zone add column revision integer not null default 1;

-- A safe zone that is no circle round the gate: [[lon, lat], ...] in degrees WGS-84, not closed. It goes before the circle.
alter table home add column safe_ring jsonb;

-- A device that is out of use: it is installed nowhere, what it told stays.
alter table device add column retired_at timestamptz;

-- The canary's home, which no list shows.
create index home_synthetic on home (area_code, org_id) where synthetic;
