-- Users are found by how their name sounds, as elders are; null until somebody has looked for users.
alter table staff add column sound text;
create index staff_without_sound on staff (id) where sound is null;
