"""Flux's CustomResourceDefinitions, as this project ships them: the same fields and rules, in a compact form."""

from __future__ import annotations

from engine.flux.crds.expand import definition, definitions

__all__ = ["definition", "definitions"]
