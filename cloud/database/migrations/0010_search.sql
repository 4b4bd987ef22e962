-- Search by how a name sounds: its full pinyin and initials, as words with a space before each.
-- Written with the name; null until a program that knows pinyin has filled it in.
alter table person add column sound text;
create index person_without_sound on person (id) where sound is null and merged_into is null;
