"""One controller per Flux controller, one reconciler per kind."""
