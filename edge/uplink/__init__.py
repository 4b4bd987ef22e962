"""Outbox -> MQTT: resends until the cloud has stored; link.py is the connection, one file a lane."""
