"""One file a device protocol: bytes in, items and reply bytes out. START HERE: README.md, catalogue.py."""
