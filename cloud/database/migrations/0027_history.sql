-- Pieces of readings and hours that a database which was restored for the desk first still waits for.
create table history_waiting (
    name text primary key,
    part_of text not null,
    since date not null
);
