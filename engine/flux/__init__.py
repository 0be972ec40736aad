"""Flux's own rules as pure functions: kinds, conditions, inventories, health, revisions, dependencies."""
