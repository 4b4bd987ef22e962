"""Copies of the database, and a cloud that goes on from one."""
