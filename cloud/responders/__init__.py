"""Responders: who goes there, from where, and how a dispatch ends."""
