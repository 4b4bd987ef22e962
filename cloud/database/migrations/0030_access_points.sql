-- The BSSIDs of a home's own Wi-Fi: a watch that hears one is at home.
alter table home add column access_points text[] not null default '{}' check (cardinality(access_points) <= 16);
