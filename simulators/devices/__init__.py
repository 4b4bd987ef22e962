"""Devices, one file each, written from `firmware_specs/devices/*.md`: what happens to the person -> bytes."""
