-- The audit trail as supervisors read it.

-- name: list_audit --
-- Newest first, with who it was and what it was about; of a reader's area are the acts of its own people and
-- programs, and everybody's looks at its cases, elders, homes and gateways. What a screen looks at again and
-- again is one line for a person and a subject: when first and last, how often; the words are the newest's. What
-- an id stands for is looked up for the lines that are shown only.
with named as (
    select a.id, a.at, a.actor, a.action, a.subject, a.detail,
        coalesce(u.name, t.name) as actor_name, u.username, coalesce(u.role, t.role) as actor_role,
        coalesce(u.area_code, t.area_code) as actor_area, coalesce(u.org_id, t.org_id) as actor_org,
        case when a.subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then a.subject::uuid end as subject_id,
        case when a.detail ->> 'case_id' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
            then (a.detail ->> 'case_id')::uuid end as about_case
    from audit a
    left join staff u on a.actor = 'staff:' || u.id::text
    left join api_token t on a.actor = 'token:' || t.id::text
    where a.at >= %(start)s and a.at < %(end)s and (%(before)s::bigint is null or a.id < %(before)s)
        and (%(action)s::text is null or a.action = %(action)s)
), seen as (
    select n.id, n.at, n.actor, coalesce(n.actor_name, n.actor) as actor_name, coalesce(n.actor_role, '') as actor_role,
        n.action, n.subject, n.subject_id, c.id as case_id, c.number as case_number, coalesce(p.name, '') as resident_name, n.detail,
        n.action = any(%(folded)s::text[]) as folds
    from named n
    left join cases c on c.id = coalesce(n.about_case, n.subject_id)
    left join resident r on r.id = n.subject_id
    left join person p on p.id = r.person_id
    left join home h on h.id = n.subject_id
    left join gateway g on g.id = n.subject
    where (%(actor)s::text is null or %(actor)s in (n.actor, n.actor_name, n.username))
        and (%(subject)s::text is null or %(subject)s in (n.subject, c.number::text, p.name))
        and ((%(area_code)s = '' and %(org_id)s::uuid is null)
            or (n.actor_area is not null and starts_with(n.actor_area, %(area_code)s)
                and (%(org_id)s is null or n.actor_org = %(org_id)s))
            or (starts_with(coalesce(c.area_code, r.area_code, h.area_code, g.area_code, '-'), %(area_code)s)
                and (%(org_id)s is null or coalesce(c.org_id, r.org_id, h.org_id, g.org_id) = %(org_id)s)))
    order by n.id desc
    limit %(scanned)s
), begun as (
    select *, not folds or at - lag(at) over same > %(pause)s as begins
    from seen window same as (partition by actor, action, subject order by id)
), lines as (
    select *, count(*) filter (where begins) over (partition by actor, action, subject order by id) as line
    from begun
), folded as (
    select max(id) as id, max(at) as at, min(at) as first_at, count(*) as times, min(id) as first_id, actor,
        min(actor_name) as actor_name, min(actor_role) as actor_role, action, subject, subject_id,
        min(case_id::text)::uuid as case_id, min(case_number) as case_number, min(resident_name) as resident_name,
        (array_agg(detail order by id desc))[1] as detail
    from lines
    group by actor, action, subject, subject_id, line
)
select id, at, first_at, times, first_id, actor, actor_name, actor_role, action, subject, coalesce(
    nullif(resident_name, ''),
    (select name from staff where id = subject_id),
    (select name from dispatch where id = subject_id),
    (select concat_ws(' ', nullif(street, ''), nullif(compound, ''), nullif(building, ''), nullif(unit, ''),
            nullif(room, ''), (select nullif(label, '') from bed where id = subject_id))
        from home where id = coalesce((select home_id from bed where id = subject_id),
            (select home_id from checklist where id = subject_id), subject_id)),
    (select name from org where id = subject_id),
    (select name from zone where id = subject_id),
    (select name from api_token where id = subject_id),
    (select name from escalation_policy where id = subject_id order by version desc limit 1),
    (select name from duty_schedule where id = subject_id order by version desc limit 1),
    (select name_zh from protocol where key = subject and action = 'protocol_set' order by version desc limit 1),
    (select name from area where code = subject), ''), case_id, case_number, resident_name, detail
from folded
order by id desc;
