"""What can be wrong with a chart or its values, and what a worker may lack; light, so that a parent can import it."""

from __future__ import annotations

import orjson

from engine.errors import Malformed, Terminal


class ChartError(Malformed):
    """A chart that cannot be read or used; `chart` and `path` say where, as far as known."""

    def __init__(self, message: str, *, chart: str = "", path: str = "", fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.chart = chart
        self.path = path


class ValuesError(Malformed):
    """Values that do not fit the chart, or a flag that gives none."""


class NeedsChart(Terminal):
    """The worker does not have the chart that a job names by its digest; send it again with the archive."""


class NeedsLookup(Terminal):
    """A template looks up an object that the job does not bring; the message is the key in JSON."""

    @classmethod
    def of(cls, *key: str) -> NeedsLookup:
        """For one object: apiVersion, kind, namespace, name."""
        return cls(orjson.dumps(key).decode())

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What is looked up."""
        api_version, kind, namespace, name = orjson.loads(self.message)
        return api_version, kind, namespace, name
