-- Alarms that rules raised, and what time makes of them.

-- name: end_alarm --
-- The condition is over.
update alarm set cleared_at = %(at)s where id = %(id)s and cleared_at is null returning kind;

-- name: silent_gateways --
-- Offline alarms of a home's gateway that are old enough and still technical routine.
select a.id, a.case_id, g.home_id from alarm a
join cases c on c.id = a.case_id and c.live
join gateway g on g.id = a.gateway_id and g.home_id is not null and g.online = false
where a.kind = 'gateway_offline' and a.class = 'technical' and a.cleared_at is null and a.priority > 2
    and a.occurred_at <= %(before)s
    -- Only where somebody may be high-risk: the many others would fill the list for ever.
    and exists (
        select 1 from bed b join bed_stay s on s.bed_key = b.key join resident r on r.id = s.resident_id
        where b.home_id = g.home_id and (r.limits ? 'high_risk' or r.profile ?| array['high_risk', 'risk']
            or r.needs ?| array['power', 'power_dependent', 'oxygen', 'ventilator'])
    )
order by a.occurred_at limit %(limit)s;

-- name: raise_alarm_priority --
-- An alarm becomes more urgent, and says why.
update alarm set priority = %(priority)s, reasons = reasons || %(reason)s::text
where id = %(id)s and priority > %(priority)s and cleared_at is null
returning id;

-- name: raise_case_priority --
-- Its case is at least as urgent, and rings.
update cases set priority = least(priority, %(priority)s), rings = rings + 1, version = version + 1
where id = %(id)s;
