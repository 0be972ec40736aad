"""Helm 4.2 as a library: a chart's files and values in; manifests, hooks, CRDs and notes out (engines.md C)."""
