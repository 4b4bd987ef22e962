-- Wall screens: tokens of no person that only show the wall, until somebody takes them back.

alter table api_token
    add column revoked_at timestamptz,
    add column last_seen_at timestamptz,
    add column created_by text not null default '';
