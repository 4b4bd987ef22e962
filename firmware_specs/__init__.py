"""What a device maker, a gateway and the cloud must agree on. Needs msgspec and the standard library only."""
