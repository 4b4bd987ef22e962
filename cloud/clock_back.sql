-- What lies ahead of a clock that was set back. Rows that somebody holds have their turn at the next round.

-- name: seats --
-- A seat that was heard ahead of now, or talks for longer than a call can last.
update seat set last_seen_at = case when last_seen_at > %(now)s then %(now)s else last_seen_at end,
    call_until = case when call_until > %(now)s::timestamptz + %(call_limit)s then %(now)s::timestamptz + %(call_limit)s else call_until end
where closed_at is null and (last_seen_at > %(ahead)s or call_until > %(ahead)s::timestamptz + %(call_limit)s);

-- name: cases --
-- A case that waits, or is held, since a moment ahead of now, or in a stage of which more is left than it lasts; the
-- steps of its escalation come as long after now as they were to come after its beginning.
with found as (
    select id, escalation_since - %(now)s::timestamptz as early, %(now)s::timestamptz + case state
        when 'on_scene' then %(on_scene_limit)s when 'handed_over' then %(handed_over_limit)s
        else %(claimed_limit)s end as last
    from cases
    where live and (greatest(waiting_since, escalation_since, claimed_at, warned_at, supervisor_warned_at) > %(ahead)s
        or stage_limit_at > %(ahead)s::timestamptz + %(on_scene_limit)s and state <> 'dispatched')
    order by id for no key update skip locked
), steps as (
    update escalation_due d set next_at = greatest(d.next_at - found.early, %(now)s) from found
    where d.case_id = found.id and d.done_at is null and found.early > interval '0'
)
update cases c set
    waiting_since = least(waiting_since, %(now)s),
    escalation_since = case when escalation_since > %(now)s then %(now)s else escalation_since end,
    claimed_at = case when claimed_at > %(now)s then %(now)s else claimed_at end,
    warned_at = case when warned_at > %(now)s then %(now)s else warned_at end,
    supervisor_warned_at = case when supervisor_warned_at > %(now)s then %(now)s else supervisor_warned_at end,
    stage_limit_at = case when state <> 'dispatched' and stage_limit_at > last then last else stage_limit_at end,
    stage_due_at = case when state <> 'dispatched' and stage_due_at > last then last else stage_due_at end
from found where c.id = found.id;

-- name: cycles --
-- A step that comes again later than its policy says.
update escalation_due d set next_at = %(now)s
from escalation_policy p
where p.id = d.policy_id and p.version = d.policy_version and d.cycle > 1 and d.done_at is null
    and d.next_at > %(ahead)s::timestamptz + make_interval(secs => greatest(p.repeat_every_s, 30));

-- name: notifications --
-- A message that was queued or handed over ahead of now: it is as old as it would be.
update notification set
    next_at = least(next_at, %(now)s::timestamptz + case when sent_at is null then next_at - queued_at else %(lease)s end),
    expires_at = case when queued_at > %(now)s then expires_at - (queued_at - %(now)s::timestamptz) else expires_at end,
    queued_at = least(queued_at, %(now)s),
    sent_at = case when sent_at > %(now)s then %(now)s else sent_at end
where id in (
    select id from notification
    where state in ('queued', 'sending', 'sent') and next_at is not null and greatest(queued_at, sent_at) > %(ahead)s
    order by id for update skip locked
);

-- name: dispatches --
-- Somebody who was asked ahead of now has as long to answer, and to be there, as ever.
update dispatch set answer_due_at = answer_due_at - (offered_at - %(now)s::timestamptz),
    promised_at = promised_at - (offered_at - %(now)s::timestamptz), offered_at = %(now)s
where state = 'offered' and offered_at > %(ahead)s;

-- name: commands --
-- An order to a gateway goes out now, and runs no longer than it was to.
update command set next_publish_at = %(now)s, expires_at = expires_at - (created_at - %(now)s::timestamptz), created_at = %(now)s
where id in (
    select id from command where next_publish_at is not null and created_at > %(ahead)s order by id for update skip locked
);

-- name: suspicions --
-- A suspected fall is waited for no longer than ever.
update suspicion set due_at = %(now)s::timestamptz + %(suspicion)s where due_at > %(ahead)s::timestamptz + %(suspicion)s;

-- name: gateways --
-- A gateway that was heard ahead of now is silent from now on unless it speaks.
update gateway set last_seen_at = %(now)s
where id in (select id from gateway where last_seen_at > %(ahead)s order by id for no key update skip locked);

-- name: readers --
-- A reader listens since now.
update reader_life set listening_since = %(now)s where listening_since > %(ahead)s;

-- name: programs --
-- A program lived now, and has to say so again.
update program_life set alive_at = %(now)s where alive_at > %(ahead)s;
