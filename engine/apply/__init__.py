"""Applying a build to a cluster as Flux does: stages, take-over, drift, prune, health."""
