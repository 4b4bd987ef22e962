"""Telephones at the desk: extensions of seats, calls, who calls, and the drivers of telephone systems."""
