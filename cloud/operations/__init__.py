"""What whoever runs the cloud needs: figures, readiness, an orderly end, and a doctor."""
