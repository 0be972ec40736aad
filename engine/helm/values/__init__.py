"""Values: from files and flags, laid over a chart's defaults, checked against its schemas (engines.md C3)."""
