"""A bed without a bed: people, homes, devices that speak the real protocols, stories with expectations, and a town for the demo."""
