-- A new case asks for the last one of its subject: by an index, however many years of cases there are.
create index cases_subject on cases (subject_kind, subject_id, class, number desc);
