"""Drift of one Kustomization, pure: desired objects against live ones.

The values are engine.model's: DriftReport, ObjectDrift, PathDrift, Writer, Verdict, Change, Effect, EffectLine.
"""

from __future__ import annotations
