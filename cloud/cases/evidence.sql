-- name: case_of_number --
-- The case that people call by a number.
select id from cases where number = %(number)s;
