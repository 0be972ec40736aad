"""Access to a Kubernetes API: the only place that speaks HTTP to a cluster."""
