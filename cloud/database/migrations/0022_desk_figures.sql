-- What the desk counts each minute is found without looking at every device.

create index device_unregistered on device (key) where not registered;
create index device_life_offline on device_life (device_key) where offline_at is not null;
