-- Whoever reads from the broker says for itself that it lives: there may be several of a kind.
create table reader_life (
    program text not null,
    member text not null,
    listening_since timestamptz,
    alive_at timestamptz not null,
    primary key (program, member)
);

-- Of each kind together: since when somebody who lived within the last 30 s has listened, and the last word.
-- `ingest_life` is what ingestors of an earlier version write during an upgrade.
create view reading_life as
select program, min(listening_since) filter (where alive_at >= newest - interval '30 seconds') as listening_since,
    newest as alive_at
from (
    select program, listening_since, alive_at, max(alive_at) over (partition by program) as newest
    from (
        select program, listening_since, alive_at from reader_life
        union all
        select 'ingest', listening_since, alive_at from ingest_life
    ) said
) known
group by program, newest;

-- Acknowledgements of events go first: found without sorting what waits.
create index ack_queue_events on ack_queue (id) where event_id is not null;
