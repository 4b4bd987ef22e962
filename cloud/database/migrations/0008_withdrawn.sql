-- What was being sent when nobody needed it any more: its answer still counts, but it is not sent again.

-- Why it is not needed: a fixed word such as taken, accepted, recalled.
alter table notification add column withdrawn text;

-- Who did not answer within the minute may still press 1 in the call that rings.
create index dispatch_missed on dispatch (offered_at) where state = 'no_answer';
