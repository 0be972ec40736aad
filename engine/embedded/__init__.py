"""The embedded Kubernetes API server: small, durable, loopback only."""
