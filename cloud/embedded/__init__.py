"""The broker and the database as child processes, from programs that two wheels bring; no system service."""
