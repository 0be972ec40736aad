"""What a person can do to an object: one file per act, each with its effect, its write and how its result is told.

An act is written once (design.md 3.6): an answer that never came is settled by reading, not by writing again.
"""
