-- What is looked for by equality has an index that knows equality; without them every event of a city read all of it.

create index installation_device on installation (device_key);
create index bed_stay_bed on bed_stay (bed_key);
create index reading_last_kind on reading_last (kind_id, device_key);
