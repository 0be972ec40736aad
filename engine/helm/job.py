"""A render as it travels to a worker and back, so that a chart from outside runs under the worker's bounds.

A template that calls `lookup` makes the worker answer NeedsLookup; the caller asks the cluster and sends the job again
with what it found, until nothing is missing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Protocol

from engine.errors import LimitExceeded
from engine.helm.capabilities import Capabilities
from engine.helm.chart import CRD, Chart, load_archive
from engine.helm.errors import NeedsChart, NeedsLookup
from engine.helm.gotext import decode, encode, valid
from engine.helm.render import Lookup, Options, Release, Rendered, render
from engine.helm.split import Hook, Manifest
from engine.helm.template import Cache, Limits, MemoryCache, TemplateError
from engine.helm.values.files import numbers_as_floats

OPERATION: Final = "template"
_CHARTS: Final = 8
_LOOKUPS: Final = 200
"""Different objects that one render may look up."""

Key = tuple[str, str, str, str]
"""apiVersion, kind, namespace, name."""
AskCluster = Callable[[Key], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Job:
    """What to render. `values` are a release's own; their numbers are floats, as from JSON."""

    digest: str
    release: Release
    values: Mapping[str, Any] = field(default_factory=dict)
    kube_version: str = ""
    api_versions: Sequence[str] = ()
    """Everything that the cluster serves; none: Helm's assumption."""
    skip_schema_validation: bool = False
    seconds: float = Limits().seconds
    """What the templates may take together."""
    looks_up: bool = False
    """Without it `lookup` finds nothing."""
    found: Sequence[tuple[Key, Mapping[str, Any]]] = ()

    def as_json(self) -> dict[str, Any]:
        """As it travels."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Job:
        """Back from `as_json`."""
        values = numbers_as_floats(dict(document["values"]))
        known = {name: document[name] for name in cls.__slots__ if name in document}
        return cls(**{**known, "release": Release(**document["release"]), "values": values})

    def options(self, lookup: Lookup) -> Options:
        """How to render it."""
        capabilities = Capabilities.assumed(self.kube_version)
        if self.api_versions:
            capabilities = Capabilities(capabilities.kube_version, tuple(self.api_versions))
        return Options(
            release=self.release,
            capabilities=capabilities,
            lookup=lookup,
            skip_schema_validation=self.skip_schema_validation,
            limits=Limits(seconds=self.seconds),
        )


class _Lookups:
    """`lookup` from what a job brings; the first object that it lacks ends the render."""

    def __init__(self, job: Job) -> None:
        self._enabled = job.looks_up
        self._found = {tuple(key): dict(content) for key, content in job.found}
        self.missing: tuple[str, ...] | None = None

    def __call__(self, *key: str) -> dict[str, Any]:
        if not self._enabled:
            return {}
        if key not in self._found:
            self.missing = key
            raise NeedsLookup.of(*key)
        return self._found[key]


@dataclass(frozen=True, slots=True)
class Result:
    """What came of it."""

    manifests: tuple[Manifest, ...]
    hooks: tuple[Hook, ...]
    crds: tuple[CRD, ...]
    notes: str
    warnings: tuple[str, ...]

    @classmethod
    def of(cls, rendered: Rendered) -> dict[str, Any]:
        """A render as JSON; bytes that are not UTF-8 become U+FFFD."""
        return {
            "manifests": [{**asdict(each), "content": valid(each.content)} for each in rendered.manifests],
            "hooks": [{**asdict(each), "manifest": valid(each.manifest)} for each in rendered.hooks],
            "crds": [{**asdict(each), "data": valid(decode(each.data))} for each in rendered.crds],
            "notes": valid(rendered.notes),
            "warnings": list(rendered.warnings),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Result:
        """Back from `of`."""
        return cls(
            tuple(Manifest(**each) for each in document["manifests"]),
            tuple(map(_hook, document["hooks"])),
            tuple(CRD(each["name"], each["filename"], encode(each["data"])) for each in document["crds"]),
            document["notes"],
            tuple(document["warnings"]),
        )


def _hook(document: Mapping[str, Any]) -> Hook:
    fields: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
    }
    return Hook(**fields)


class Renderer:
    """The worker's side: charts by digest and compiled templates, kept for the next render."""

    def __init__(self, cache: Cache | None = None) -> None:
        self._charts: OrderedDict[str, Chart] = OrderedDict()
        self._cache: Cache = MemoryCache() if cache is None else cache

    def run(self, arguments: Mapping[str, Any], payload: bytes) -> dict[str, Any]:
        """Render a job; NeedsChart, NeedsLookup, and whatever is wrong with chart or values."""
        job = Job.from_json(arguments)
        lookups = _Lookups(job)
        try:
            return Result.of(
                render(self._chart(job.digest, payload), job.values, job.options(lookups), cache=self._cache)
            )
        except TemplateError:
            if lookups.missing is not None:
                raise NeedsLookup.of(*lookups.missing) from None
            raise

    def _chart(self, digest: str, payload: bytes) -> Chart:
        if payload:
            self._charts[digest] = load_archive(payload)
        elif digest not in self._charts:
            raise NeedsChart(f"the chart {digest} is not here")
        self._charts.move_to_end(digest)
        while len(self._charts) > _CHARTS:
            self._charts.popitem(last=False)
        return self._charts[digest]


class Workers(Protocol):
    """What of `engine.worker.Pool` a render needs."""

    async def call(
        self, operation: str, arguments: Mapping[str, Any], payload: bytes = b"", *, deadline: float = 60.0
    ) -> Any:
        """Run an operation in a child."""


async def render_in(
    workers: Workers, archive: bytes, job: Job, *, ask: AskCluster | None = None, deadline: float = 60.0
) -> Result:
    """Render a chart archive in a worker; `ask` answers `lookup` ({} for what is not there).

    The templates have a little less than the `deadline`: a worker that is ended cannot say which one it was in.
    """
    document = {**job.as_json(), "looks_up": ask is not None, "seconds": deadline * 0.9}
    found: list[tuple[Key, Mapping[str, Any]]] = []
    payload = b""
    while True:
        try:
            return Result.from_json(await workers.call(OPERATION, document, payload, deadline=deadline))
        except NeedsChart:
            if payload:
                raise
            payload = archive
        except NeedsLookup as needs:
            if ask is None or len(found) >= _LOOKUPS:
                raise LimitExceeded(f"the chart looks up more than {_LOOKUPS} objects") from needs
            found.append((needs.key, await ask(needs.key)))
            document["found"] = found
            payload = b""
