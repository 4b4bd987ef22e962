"""A bed without a bed: people, homes, devices that speak the real protocols, stories, and a town."""
