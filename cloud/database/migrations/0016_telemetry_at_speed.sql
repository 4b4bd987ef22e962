-- Telemetry at the speed of COPY: last values wait in packs, rows that change often have room on their page.

-- What many readings may become last values of, as the writer packs it; moved and deleted by the ingestor.
create table last_waiting (
    id bigint primary key generated always as identity,
    readings bytea not null
);
alter table last_waiting alter column readings set storage external;

alter table reading_last set (fillfactor = 70);
alter table batch_seen set (fillfactor = 70);

-- Whoever remembers gateways and installations hears of every change.
create function tell_places() returns trigger language plpgsql as $$
begin
    perform pg_notify('carebed_places', '');
    return null;
end $$;
create trigger installation_told after insert or update or delete on installation
    for each statement execute function tell_places();
create trigger gateway_told after insert or delete or update of kind, home_id, retired_at on gateway
    for each statement execute function tell_places();
