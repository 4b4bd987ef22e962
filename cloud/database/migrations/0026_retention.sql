-- How long readings are kept; hours stay five years. The worker asks at each round.
create table retention (
    one boolean primary key default true check (one),
    readings_days integer not null check (readings_days between 7 and 400)
);
insert into retention (readings_days) values (400);
