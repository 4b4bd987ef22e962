-- What was being sent when nobody needed it any more: its answer still counts, but it is not sent again.

-- Why it is not needed: a fixed word such as taken, accepted, recalled.
alter table notification add column withdrawn text;
