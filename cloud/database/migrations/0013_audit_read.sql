-- The audit trail is read: by time, and by what was looked at.
create index audit_at on audit (at);
create index audit_subject on audit (subject, id);
