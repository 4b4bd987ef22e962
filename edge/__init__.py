"""The agent on the home gateway: bytes -> readings and events -> outbox -> MQTT. Start at wiring.py."""
