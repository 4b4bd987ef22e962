-- The canary: a home that nobody lives in, its presses, and whether the road is good.

-- name: found_area --
-- The area of what is not real.
insert into area (code, name) values (%(area)s, %(name)s) on conflict do nothing;

-- name: found_org --
-- Its organisation.
insert into org (id, name, created_at) values (%(org_id)s, %(name)s, %(now)s) on conflict do nothing;

-- name: found_home --
-- Its home.
insert into home (id, area_code, org_id, compound, created_at, synthetic)
values (%(home_id)s, %(area)s, %(org_id)s, %(name)s, %(now)s, true) on conflict (id) do nothing;

-- name: found_gateway --
-- Its gateway with the present secret; nothing is returned where that is known.
insert into gateway (id, kind, home_id, area_code, org_id, secret_bcrypt, secret_pbkdf2, created_at)
values (%(gateway)s, 'home', %(home_id)s, %(area)s, %(org_id)s, %(bcrypt)s, %(pbkdf2)s, %(now)s)
on conflict (id) do update set secret_bcrypt = excluded.secret_bcrypt, secret_pbkdf2 = excluded.secret_pbkdf2,
    retired_at = null
where gateway.secret_bcrypt <> excluded.secret_bcrypt or gateway.retired_at is not null
returning id;

-- name: found_device --
-- Its button.
insert into device (id, family, created_at) values (%(device)s, 'canary', %(now)s)
on conflict (id) do update set registered = true;

-- name: install_device --
-- Its button is in its home.
insert into installation (id, device_key, home_id, valid, installed_at)
select %(installation_id)s, d.key, %(home_id)s, tstzrange(%(now)s, null), %(now)s from device d
where d.id = %(device)s
    and not exists (select 1 from installation i where i.device_key = d.key and upper_inf(i.valid));

-- name: found_token --
-- What its client of the feed signs in with.
insert into api_token (id, name, role, token_hash, created_at)
values (%(token_id)s, %(name)s, %(role)s, %(token_hash)s, %(now)s)
on conflict (token_hash) do nothing;

-- name: open_window --
-- The one standing test window there is: of a device in a synthetic home, moved on with each press.
insert into test_window (id, device_key, opens_at, ends_at, opened_by)
select %(window_id)s, d.key, %(now)s, %(ends_at)s, 'system'
from device d
join installation i on i.device_key = d.key and i.valid @> %(now)s::timestamptz
join home h on h.id = i.home_id and h.synthetic
where d.id = %(device)s
on conflict (id) do update set ends_at = excluded.ends_at, opens_at = least(test_window.opens_at, excluded.opens_at);

-- name: add_run --
-- One press and what came of it.
insert into canary_run (id, pressed_at, seen_at, took_ms, ok, reason)
values (%(id)s, %(pressed_at)s, %(seen_at)s, %(took_ms)s, %(ok)s, %(reason)s);

-- name: came_late --
-- A press that was given up came after all.
update canary_run set seen_at = %(seen_at)s, took_ms = %(took_ms)s, reason = 'slow' where id = %(id)s;

-- name: lock_state --
-- Whether the road is good, held until the transaction ends.
select red_since from canary_state for update;

-- name: set_state --
-- It became bad or good.
update canary_state set red_since = %(red_since)s, reason = %(reason)s;

-- name: latest --
-- The last press, the state of the road, and when the canary last lived (null: it is switched off).
select r.pressed_at, r.took_ms, s.red_since, s.reason,
    (select alive_at from program_life where program = 'canary')
from canary_state s
left join lateral (select pressed_at, took_ms from canary_run order by pressed_at desc limit 1) r on true;

-- name: own_cases --
-- Its test cases that still live.
select id from cases where home_id = %(home_id)s and class = 'test' and synthetic and live order by id;

-- name: old_cases --
-- Its test cases that are long over.
select id from cases
where home_id = %(home_id)s and class = 'test' and synthetic and not live and closed_at < %(before)s
order by closed_at limit %(limit)s;

-- name: unfollow --
-- Newer ones do not name them any more.
update cases set follows_id = null where follows_id = any(%(ids)s);

-- name: drop_links --
-- Their repeated events.
delete from alarm_event_link where alarm_id in (select id from alarm where case_id = any(%(ids)s));

-- name: drop_alarms --
-- Their alarms.
delete from alarm where case_id = any(%(ids)s);

-- name: drop_entries --
-- Their timelines.
delete from case_entry where case_id = any(%(ids)s);

-- name: drop_cases --
-- Themselves.
delete from cases where id = any(%(ids)s);

-- name: drop_events --
-- Presses of long ago.
delete from event where gateway_id = %(gateway)s and stored_at < %(before)s;

-- name: drop_runs --
-- What came of them.
delete from canary_run where pressed_at < %(before)s;
