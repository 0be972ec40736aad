"""YAML as Go's libraries read and print it, which is how Kubernetes, Flux and kustomize see it.

Two resolution profiles say what a plain scalar means (`Profile`); one writer prints what
sigs.k8s.io/yaml prints, byte for byte, because digests and checksums depend on the bytes.
"""

from __future__ import annotations

from engine.yaml.builder import YAMLError
from engine.yaml.limits import Limits
from engine.yaml.reader import load, load_all, load_first
from engine.yaml.resolve import Profile
from engine.yaml.writer import dump, dump_all

__all__ = ["Limits", "Profile", "YAMLError", "dump", "dump_all", "load", "load_all", "load_first"]
