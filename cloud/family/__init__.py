"""What an elder's family may know."""
