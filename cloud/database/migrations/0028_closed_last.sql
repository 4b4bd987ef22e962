-- The desk lists what was closed last, not what was opened last.
create index cases_closed_last on cases (closed_at desc, number desc) where state = 'closed' and group_id is null;
