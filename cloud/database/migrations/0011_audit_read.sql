-- The audit trail is read by time.
create index audit_at on audit (at);
