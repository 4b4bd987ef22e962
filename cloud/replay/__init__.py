"""Rules played again over what is stored, and compared with what they said then; nothing is written."""
