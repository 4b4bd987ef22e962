"""The technician's page: devices, signal, battery, frames as they come, test mode. For the home's network."""
