"""What is made of everything the drivers hear. START HERE: steps.py."""
