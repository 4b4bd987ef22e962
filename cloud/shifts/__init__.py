"""Shifts, and what one tells the next."""
