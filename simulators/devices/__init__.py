"""Devices as their makers build them, one file each, written from `firmware_specs/devices/*.md`: what happens to the person -> bytes."""
