"""`fluxtui get`: objects as the flux CLI lists them (flux.md B.4), and events."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from engine import errors, project, yaml
from engine.flux import kinds
from engine.flux.kinds import FluxKind
from engine.flux.revision import short
from engine.kube.client import Client
from engine.kube.resources import EVENTS
from engine.kube.types import Object, ResourceType
from engine.model import Event, Resource, State
from engine.programs.common import Options, asynchronously, client, namespace, table


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for, taken apart."""

    kinds: tuple[FluxKind, ...]
    events: bool
    name: str
    namespace: str
    output: str
    several: bool


def main(options: Options) -> int:
    """Exit 0; 1 when a named object or every object of a named kind is missing."""
    return asynchronously(lambda: _run(options))


async def _run(options: Options) -> int:
    wanted = parse(options["what"], options)
    async with client(options) as api:
        if wanted.events:
            return await _events(api, wanted)
        found = [(kind, await _objects(api, kind, wanted)) for kind in wanted.kinds]
    if wanted.output in ("json", "yaml"):
        return _manifests([obj for _, objects in found for obj in objects], wanted)
    tables = [_table(kind, objects, wanted) for kind, objects in found if objects]
    if tables:
        print("\n\n".join(tables))
        return 0
    if wanted.several:
        return 0
    raise errors.NotFound(_nothing(wanted), fix="-A looks in all namespaces" if wanted.namespace else "")


def parse(words: Sequence[str], options: Options) -> Wanted:
    """`sources git [NAME]`, `ks [NAME]`, `all`, `sources`, `events`: the flux CLI's grammar, and shorter forms."""
    place = "" if options.get("all_namespaces") else namespace(options)
    output = options.get("output") or ""

    def wanted(found: Iterable[FluxKind], name: str = "", *, events: bool = False, several: bool = True) -> Wanted:
        return Wanted(tuple(found), events, name, place, output, several)

    first = words[0].lower()
    rest = [*words[1:]]
    if first == "events":
        return wanted((), rest[0] if rest else "", events=True)
    if first == "all":
        return wanted(kinds.KINDS)
    group = kinds.CLI_GROUPS.get(first)
    if group and (not rest or rest == ["all"]):
        return wanted(kind for kind in kinds.KINDS if kind.cli.startswith(f"{group} "))
    for length in (2, 1):
        kind = kinds.find(" ".join(words[:length]))
        if kind is not None and len(words) <= length + 1:
            return wanted((kind,), words[length] if len(words) > length else "", several=False)
    known = ", ".join(kind.cli for kind in kinds.KINDS)
    raise errors.Refused(f'"{" ".join(words)}" names no kind of Flux', fix=f"one of: all, sources, events, {known}")


async def _objects(api: Client, kind: FluxKind, wanted: Wanted) -> list[Object]:
    try:
        res = await api.discovery.resource(kind.group, "", kind.kind)
    except errors.NoKindMatch:
        if wanted.several:
            return []
        raise
    if wanted.name:
        return [await _one(api, res, wanted)]
    found = [obj async for page in api.list(res, wanted.namespace) for obj in page.items]
    return sorted(found, key=lambda obj: (obj["metadata"].get("namespace") or "", obj["metadata"]["name"]))


async def _one(api: Client, res: ResourceType, wanted: Wanted) -> Object:
    try:
        return await api.get(res, wanted.namespace or "default", wanted.name)
    except errors.NotFound:
        raise errors.NotFound(
            f"{res.kind} object '{wanted.name}' not found in \"{wanted.namespace}\" namespace"
        ) from None


def _table(kind: FluxKind, objects: list[Object], wanted: Wanted) -> str:
    everywhere = not wanted.namespace
    resources = [project.resource("", obj) for obj in objects]
    extra = ("Source", "Path", "Age") if wanted.output == "wide" else ()
    header = (
        *(("Namespace",) if everywhere else ()),
        "Name",
        *(("Revision",) if kind.artifact or kind in _WITH_REVISION else ()),
        *(("Suspended",) if kind.suspendable else ()),
        "Ready",
        "Message",
        *extra,
    )
    return table(header, [_row(kind, resource, wanted, header) for resource in resources])


_WITH_REVISION = (kinds.KUSTOMIZATION, kinds.HELM_RELEASE)


def _row(kind: FluxKind, resource: Resource, wanted: Wanted, header: Sequence[str]) -> list[str]:
    name = resource.ref.name
    cells = {
        "Namespace": resource.ref.namespace,
        "Name": f"{kind.kind.lower()}/{name}" if wanted.several else name,
        "Revision": resource.revision if kind is kinds.HELM_RELEASE else short(resource.revision),
        "Suspended": str(resource.suspended),
        "Ready": _ready(resource),
        "Message": short(resource.message),
        "Source": f"{resource.source.kind}/{resource.source.name}" if resource.source else resource.url,
        "Path": resource.path,
        "Age": _age(resource.created),
    }
    return [cells[column] for column in header]


def _ready(resource: Resource) -> str:
    status = next((c.status for c in resource.conditions if c.type == "Ready"), "")
    return status or ("True" if resource.state is State.READY else "False")


def _age(since: datetime | None) -> str:
    if since is None:
        return ""
    seconds = max(0, int((datetime.now(UTC) - since).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def _manifests(objects: list[Object], wanted: Wanted) -> int:
    for obj in objects:
        obj["metadata"].pop("managedFields", None)
    value = objects[0] if wanted.name and len(objects) == 1 else {"apiVersion": "v1", "kind": "List", "items": objects}
    if wanted.output == "json":
        sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
    else:
        sys.stdout.write(yaml.dump(value))
    return 0


def _nothing(wanted: Wanted) -> str:
    kind = wanted.kinds[0].kind
    return (
        f'no {kind} objects found in "{wanted.namespace}" namespace' if wanted.namespace else f"no {kind} objects found"
    )


async def _events(api: Client, wanted: Wanted) -> int:
    """Events about Flux objects, oldest first; NAME is `Kind/name` or a name."""
    found: list[Event] = []
    for version in sorted({kind.api_version for kind in kinds.KINDS}):
        selector = f"involvedObject.apiVersion={version}"
        async for page in api.list(EVENTS, wanted.namespace, field_selector=selector):
            found += [project.event("", obj) for obj in page.items]
    kind, _, name = wanted.name.rpartition("/")
    chosen = [
        event
        for event in sorted(found, key=lambda event: event.last.timestamp() if event.last else 0.0)
        if (not name or event.ref.name == name) and (not kind or event.ref.kind.lower() == kind.lower())
    ]
    everywhere = not wanted.namespace
    header = (*(("Namespace",) if everywhere else ()), "Last seen", "Type", "Reason", "Object", "Message")
    rows = []
    for event in chosen:
        seen = _age(event.last) + (f" (x{event.count} over {_age(event.first)})" if event.count > 1 else "")
        row = [seen, event.type, event.reason, f"{event.ref.kind}/{event.ref.name}", event.message]
        rows.append([event.ref.namespace, *row] if everywhere else row)
    print(table(header, rows))
    return 0
