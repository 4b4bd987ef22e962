-- Failed sign-ins by the address they came from.

-- name: take --
-- Count an attempt before its password is looked at; a window that is over begins anew.
insert into sign_in_source (source, since, failures) values (%(source)s, %(now)s, 1)
on conflict (source) do update set
    since = case when sign_in_source.since <= %(before)s then excluded.since else sign_in_source.since end,
    failures = case when sign_in_source.since <= %(before)s then 1 else sign_in_source.failures + 1 end
returning since, failures;

-- name: forgive --
-- The attempt was no guess.
update sign_in_source set failures = greatest(failures - 1, 0) where source = %(source)s;

-- name: trim --
-- Windows that are over.
delete from sign_in_source where since <= %(before)s;
