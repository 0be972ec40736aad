"""The GitOps Toolkit in Python: speaks Flux's APIs, observes or drives; knows no terminal.

`engine.api` is the only door; everything else in here is behind it.
"""
