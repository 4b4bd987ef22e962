-- Whether an elder agreed that this account sees where they are: asked for by itself, never implied.

alter table family_access add column location boolean not null default false;
