-- The outbox: rows are written by those who cause them, taken by senders under a lock, settled by reports.

-- name: queue --
-- A message, unless this step was queued for this recipient and channel before; what is not given is the case's.
insert into notification (id, case_id, resident_id, area_code, org_id, step_key, template, params, language, priority,
    channel, recipient_kind, recipient_id, next_at, expires_at, queued_at)
select %(id)s, %(case_id)s, coalesce(%(resident_id)s, c.resident_id), coalesce(%(area_code)s, c.area_code, ''),
    coalesce(%(org_id)s, c.org_id), %(step_key)s, %(template)s, %(params)s, %(language)s, %(priority)s, %(channel)s,
    %(recipient_kind)s, %(recipient_id)s, %(next_at)s, %(expires_at)s, %(now)s
from (select 1) as one left join cases c on c.id = %(case_id)s
on conflict (case_id, step_key, recipient_kind, recipient_id, channel) do nothing
returning id;

-- name: notify --
-- Wake the senders when this transaction commits.
select pg_notify('carebed_notifications', '');

-- name: rests_on_something --
-- Whether this step reaches this recipient by a call or SMS too.
select 1 from notification where case_id is not distinct from %(case_id)s and step_key = %(step_key)s
    and recipient_kind = %(recipient_kind)s and recipient_id = %(recipient_id)s and channel in ('voice', 'sms');

-- name: withdraw --
-- What a case still waits to send is not needed any more; what is being sent is marked, and never sent again.
update notification set withdrawn = %(reason)s,
    state = case state when 'queued' then 'suppressed' else state end,
    reason = case state when 'queued' then %(reason)s else reason end,
    next_at = case state when 'queued' then null else next_at end,
    finished_at = case state when 'queued' then %(now)s else finished_at end
where case_id = %(case_id)s and state in ('queued', 'sending') and channel <> 'webhook'
    and case %(prefix)s when '' then priority <= 2 else starts_with(step_key, %(prefix)s) end
returning id;

-- name: take_due --
-- The most urgent row that is due, locked: to send, to find the outcome of, or to ask a receipt for.
select * from notification
where state in ('queued', 'sending', 'sent') and next_at is not null and next_at <= %(now)s
    and priority <= %(up_to)s and (state <> 'queued' or expires_at > %(now)s)
order by priority, next_at limit 1 for update skip locked;

-- name: find --
-- One notification.
select * from notification where id = %(id)s;

-- name: lock --
-- One notification, locked.
select * from notification where id = %(id)s for update;

-- name: begin_attempt --
-- A worker has it: committed before anything is sent.
with attempt as (
    insert into notification_attempt (notification_id, n, provider, started_at)
    values (%(id)s, %(n)s, %(provider)s, %(now)s)
)
update notification set state = 'sending', attempts = %(n)s, provider = %(provider)s, next_at = %(lease)s,
    sent_at = %(now)s, reason = '', template = %(template)s, params = %(params)s
where id = %(id)s;

-- name: end_attempt --
-- What the provider answered to an attempt.
update notification_attempt set ended_at = %(now)s, result = %(result)s, detail = %(detail)s,
    ref = coalesce(%(ref)s, ref)
where notification_id = %(id)s and n = %(n)s;

-- name: last_ref --
-- The provider's number of the last attempt that got one.
select ref from notification_attempt where notification_id = %(id)s and provider = %(provider)s and ref is not null
order by n desc limit 1;

-- name: settle --
-- A new state of a row that its worker still holds: nobody else has begun another attempt.
update notification set state = %(state)s, reason = %(reason)s, outcome = %(outcome)s, next_at = %(next_at)s,
    finished_at = %(finished_at)s
where id = %(id)s and attempts = %(attempts)s and state = any(%(among)s)
returning id;

-- name: postpone --
-- Look at it again later.
update notification set next_at = %(next_at)s, reason = %(reason)s where id = %(id)s;

-- name: add_news --
-- Something for the timeline of the case.
insert into notification_news (notification_id, case_id, at, kind, data)
values (%(id)s, %(case_id)s, %(at)s, %(kind)s, %(data)s);

-- name: news_cases --
-- Cases with something to tell.
select case_id from notification_news where case_id is not null group by case_id order by min(id) limit %(limit)s;

-- name: take_news --
-- What a case has to tell, in order, forgotten with this transaction.
with told as (delete from notification_news where case_id = %(case_id)s returning id, at, kind, data)
select at, kind, data from told order by id;

-- name: forget_news --
-- What belongs to no case is on no timeline.
delete from notification_news where case_id is null;

-- name: expire --
-- Too old to be sent: never a burst after an outage.
with old as (
    select id from notification
    where expires_at <= %(now)s and state = 'queued'
    order by priority, expires_at limit %(limit)s for update skip locked
)
update notification n set state = case when channel in ('email', 'webhook') then 'dead' else 'expired' end,
    reason = 'too_old', next_at = null, finished_at = %(now)s
from old where n.id = old.id
returning n.*;

-- name: lock_recipient --
-- One sender at a time decides what a recipient's lesser messages are joined to.
select pg_advisory_xact_lock(hashtextextended('notification:' || %(key)s::text, 0));

-- name: last_lesser --
-- When the recipient was last sent a P3 or P4 over this channel.
select max(sent_at) from notification
where recipient_kind = %(recipient_kind)s and recipient_id = %(recipient_id)s and channel = %(channel)s
    and priority >= 3 and state in ('sending', 'sent', 'delivered', 'failed') and sent_at > %(after)s and id <> %(id)s;

-- name: lesser_waiting --
-- Other P3 and P4 that wait for the same recipient and channel.
select * from notification
where recipient_kind = %(recipient_kind)s and recipient_id = %(recipient_id)s and channel = %(channel)s
    and priority >= 3 and state = 'queued' and expires_at > %(now)s and id <> %(id)s
order by queued_at limit 200 for update skip locked;

-- name: join_digest --
-- These go with another one.
update notification set state = 'suppressed', reason = 'digest', digest_id = %(id)s, next_at = null,
    finished_at = %(now)s
where id = any(%(ids)s);

-- name: address_of_person --
-- Address of the channel, opted out, address of calls or SMS, a phone that suits, still there.
select own.address, coalesce(own.opted_out, false), other.address,
    (select f.phone from person_phone f where f.person_id in (p.id, p.merged_into)
     order by (f.phone ~ '^(\+?86)?1[0-9]{10}$') desc, f.phone limit 1),
    true
from person p
left join notification_address own on own.recipient_kind = 'person' and own.recipient_id = p.id
    and own.channel = %(channel)s
left join notification_address other on other.recipient_kind = 'person' and other.recipient_id = p.id
    and other.channel = any(%(others)s) and other.channel <> %(channel)s
where p.id = %(id)s;

-- name: address_of_staff --
-- The same of a member of staff; the last column says whether they still work here.
select own.address, coalesce(own.opted_out, false), other.address, null, s.active
from staff s
left join notification_address own on own.recipient_kind = 'staff' and own.recipient_id = s.id
    and own.channel = %(channel)s
left join notification_address other on other.recipient_kind = 'staff' and other.recipient_id = s.id
    and other.channel = any(%(others)s) and other.channel <> %(channel)s
where s.id = %(id)s;

-- name: set_address --
-- Where somebody is reached over a channel, or that they do not want it.
insert into notification_address (recipient_kind, recipient_id, channel, address, opted_out, changed_at)
values (%(kind)s, %(id)s, %(channel)s, %(address)s, %(opted_out)s, %(now)s)
on conflict (recipient_kind, recipient_id, channel)
do update set address = excluded.address, opted_out = excluded.opted_out, changed_at = excluded.changed_at;

-- name: mourned --
-- Whether all elders whom this person is a contact of (or is), or the one concerned, have died.
with concerned as (
    select resident_id from contact where person_id = %(person_id)s
    union select id from resident where person_id = %(person_id)s
)
select coalesce(bool_and(exists (
    select 1 from resident_state s
    where s.resident_id = c.resident_id and s.state = 'deceased' and s.valid @> %(now)s::timestamptz
)), false)
from concerned c where %(resident_id)s::uuid is null or c.resident_id = %(resident_id)s;

-- name: take_quota --
-- One more of a period; no row where it is used up.
insert into notification_quota as q (provider, period, starts_at, used)
values (%(provider)s, %(period)s, %(starts_at)s, 1)
on conflict (provider, period) do update set starts_at = excluded.starts_at,
    used = case when q.starts_at = excluded.starts_at then q.used + 1 else 1 end
where %(limit)s::integer is null or q.starts_at <> excluded.starts_at or q.used < %(limit)s
returning q.used;

-- name: say_provider --
-- A sender is alive and configured with this provider.
insert into notification_provider (name, channel, position, per_minute, per_day, templates, alive_until)
values (%(name)s, %(channel)s, %(position)s, %(per_minute)s, %(per_day)s, %(templates)s, %(until)s)
on conflict (name) do update set channel = excluded.channel, position = excluded.position,
    per_minute = excluded.per_minute, per_day = excluded.per_day, templates = excluded.templates,
    alive_until = excluded.alive_until;

-- name: forget_providers --
-- What no sender is configured with any more.
delete from notification_provider where name <> all(%(names)s) and alive_until < %(before)s;

-- name: providers_of --
-- Providers of a channel, in order, with what is used of their quotas.
select p.name, p.channel, p.per_minute, p.per_day, p.templates, p.alive_until,
    coalesce(m.used, 0) as minute_used, coalesce(d.used, 0) as day_used
from notification_provider p
left join notification_quota m on m.provider = p.name and m.period = 'minute' and m.starts_at = %(minute)s
left join notification_quota d on d.provider = p.name and d.period = 'day' and d.starts_at = %(day)s
where %(channel)s::text is null or p.channel = %(channel)s
order by p.channel, p.position, p.name;

-- name: notification_of_ref --
-- Which notification a provider's reference belongs to.
select notification_id from notification_attempt where provider = %(provider)s and ref = %(ref)s
order by started_at desc limit 1;

-- name: hold_ref --
-- One transaction at a time decides what a provider's reference belongs to.
select pg_advisory_xact_lock(hashtextextended('receipt:' || %(key)s::text, 0));

-- name: given_to --
-- Whether a provider was ever handed this notification.
select 1 from notification_attempt where notification_id = %(id)s and provider = %(provider)s limit 1;

-- name: keep_receipt --
-- A report as it came.
insert into notification_receipt (provider, notification_id, ref, status, outcome, detail, received_at)
values (%(provider)s, %(notification_id)s, %(ref)s, %(status)s, %(outcome)s, %(detail)s, %(now)s);

-- name: claim_receipts --
-- Reports that came before we knew the reference.
update notification_receipt set notification_id = %(id)s
where provider = %(provider)s and ref = %(ref)s and notification_id is null
returning status, outcome, detail;

-- name: trim_receipts --
-- Reports of the past.
delete from notification_receipt where received_at < %(before)s;

-- name: list --
-- Notifications that the reader may see, newest first.
select * from notification
where (%(states)s::text[] is null or state = any(%(states)s))
    and (%(case_id)s::uuid is null or case_id = %(case_id)s)
    and (%(before)s::uuid is null or id < %(before)s)
    and starts_with(area_code, %(area_code)s) and (%(org_id)s::uuid is null or org_id = %(org_id)s)
order by id desc limit %(limit)s;

-- name: overdue --
-- What was too old to be sent and nobody has seen to, most urgent first.
select n.*, c.number as case_number,
    coalesce(p.name, s.name, n.recipient_id) as recipient_name
from notification n
left join cases c on c.id = n.case_id
left join person p on n.recipient_kind = 'person' and p.id = n.recipient_id::uuid
left join staff s on n.recipient_kind = 'staff' and s.id = n.recipient_id::uuid
where n.state = 'expired' and n.handled_at is null
    and starts_with(n.area_code, %(area_code)s) and (%(org_id)s::uuid is null or n.org_id = %(org_id)s)
    and (%(after)s::uuid is null or (n.priority, n.queued_at, n.id) >
        (select o.priority, o.queued_at, o.id from notification o where o.id = %(after)s))
order by n.priority, n.queued_at, n.id limit %(limit)s;

-- name: attempts_of --
-- The attempts of a notification, in order.
select n, provider, started_at, ended_at, result, detail, ref from notification_attempt
where notification_id = %(id)s order by n;

-- name: handle --
-- Somebody did by hand what the message was for.
update notification set handled_at = %(now)s, handled_by = %(by)s
where id = %(id)s and handled_at is null and state in ('dead', 'expired', 'failed')
returning id;

-- name: retry --
-- Send it after all: somebody decided so.
update notification set state = 'queued', reason = 'retried', next_at = %(now)s, expires_at = %(expires_at)s,
    finished_at = null, handled_at = null, handled_by = null, withdrawn = null
where id = %(id)s and state in ('dead', 'expired', 'failed')
returning id;

-- name: belongs_of_person --
-- Whose a person is: of each elder whom they are a contact of, or are.
select distinct r.area_code, r.org_id from resident r
where r.person_id = %(id)s or r.id in (select resident_id from contact where person_id = %(id)s);

-- name: belongs_of_staff --
-- Whose a member of staff is.
select area_code, org_id from staff where id = %(id)s;

-- name: person_exists --
-- Whether there is such a person.
select 1 from person where id = %(id)s;
