"""What is sent to people and systems: an outbox in the database, senders, one file a channel."""
