"""Plays a recording's steps on a stack and says what came out otherwise."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from engine import errors
from engine.flux import conditions
from engine.kube.types import Object, PatchType, ResourceType
from tests.goldens import recording
from tests.goldens.recording import Recording
from tests.goldens.stack import FLUX, NAMESPACES, Stack
from tests.source.repo import Repo

PATIENCE = 60.0
QUIET = 0.35
UNDER_WAY = 2.0
"""Seconds without a change after which a pass that is still under way is one that waits, and is looked at as it is."""
CONTROLLERS = ("source-controller", "kustomize-controller")
CLOSED = "127.0.0.1:1"


@dataclass
class Allowed:
    """What may come out otherwise in one scenario, each with its reason."""

    messages: bool = False
    """Texts come from Go's libraries."""
    events: bool = False
    """Matters of time."""
    paths: tuple[str, ...] = ()
    """Ends of paths that are not compared."""
    reason: str = ""


@dataclass
class Differences:
    """What was found, as text for a person."""

    found: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()

    def compare(self, what: str, ours: Any, theirs: Any) -> None:
        if ours != theirs and not what.endswith(self.allowed or ("\0",)):
            self.found.append(f"{what}\n  ours   {ours}\n  theirs {theirs}")

    def deep(self, what: str, ours: Any, theirs: Any) -> None:
        """Name the leaves that differ."""
        if isinstance(ours, dict) and isinstance(theirs, dict):
            for key in sorted({*ours, *theirs}, key=str):
                self.deep(f"{what}.{key}", ours.get(key), theirs.get(key))
        elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
            for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
                self.deep(f"{what}[{index}]", one, other)
        else:
            self.compare(what, ours, theirs)


class Replay:
    """One scenario on one stack."""

    def __init__(self, recording_: Recording, stack: Stack, allowed: Allowed) -> None:
        self._recording = recording_
        self._stack = stack
        self._allowed = allowed
        self._host = stack.git_server.base_url.removeprefix("http://")
        self._hosts = {self._host: "<GIT-HOST>", CLOSED: "<CLOSED-HOST>"}
        self._identity: dict[str, tuple[str, str]] = {}
        self.differences = Differences(allowed=allowed.paths)

    async def play(self) -> list[str]:
        """All steps; the differences."""
        for name in self._recording.namespaces:
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            await self._stack.admin.create(NAMESPACES, body, manager="user")
        for step in self._recording.steps:
            await self._step(step)
        await self._stack.clear(self._recording.namespaces)
        return self.differences.found

    async def _step(self, step: Mapping[str, Any]) -> None:
        after = self._recording.after(step)
        before_events = await self._counts()
        await self._remember(after)
        started = {key: obj["metadata"]["resourceVersion"] for key, obj in (await self._flux()).items()}
        for action in step["do"]:
            await self._do(action)
        await self._until(step.get("until") or [], started)
        if step.get("sleep"):
            await asyncio.sleep(float(str(step["sleep"]).removesuffix("s")) / self._stack.speed)
        flux = await self._quiet()
        where = f"step {step['step']}"
        self._compare_flux(where, after, flux)
        await self._compare_objects(where, after)
        if not self._allowed.events:
            await self._compare_events(where, after, before_events)

    # --- doing --------------------------------------------------------------------------------------------

    async def _do(self, action: Mapping[str, Any]) -> None:
        name = next(key for key in action if key in _ACTIONS)
        await _ACTIONS[name](self, action)

    async def _commit(self, action: Mapping[str, Any]) -> None:
        commit = action["commit"]
        repo = self._repo
        sha = await asyncio.to_thread(
            repo.commit,
            self._recording.files(commit),
            branch=commit["branch"],
            message=commit["message"] + "\n",
            parent=commit.get("parent"),
            date=commit["date"],
            executable=tuple(commit.get("executable") or ()),
            symlinks=commit.get("symlinks"),
        )
        assert sha == commit["sha"], "the commit came out otherwise"
        for tag in commit.get("tags") or ():
            options = ["-a", "-m", f"release {tag}"] if commit.get("annotated") else []
            repo.git("tag", *options, tag, sha, date=commit["date"])
        for ref in commit.get("refs") or ():
            repo.git("update-ref", ref, sha)

    async def _apply(self, action: Mapping[str, Any]) -> None:
        for obj in self._objects(action["apply"]):
            await self._expect(
                action, self._stack.admin.apply(await self._res(obj), obj, manager=action["fieldManager"])
            )

    async def _create(self, action: Mapping[str, Any]) -> None:
        for obj in self._objects(action["create"]):
            await self._expect(
                action, self._stack.admin.create(await self._res(obj), obj, manager=action["fieldManager"])
            )

    async def _patch(self, action: Mapping[str, Any]) -> None:
        kind, namespace, name = _ref(action["patch"])
        body = yaml.safe_load(self._filled(yaml.safe_dump(action["body"])))
        how = PatchType.MERGE if action["type"] == "merge" else PatchType.JSON
        work = self._stack.admin.patch(
            await self._find(kind), namespace, name, body, type=how, manager=action["fieldManager"],
            subresource=action.get("subresource", ""),
        )  # fmt: skip
        await self._expect(action, work)

    async def _delete(self, action: Mapping[str, Any]) -> None:
        kind, namespace, name = _ref(action["delete"])
        await self._expect(action, self._stack.admin.delete(await self._find(kind), namespace, name))

    async def _fault(self, action: Mapping[str, Any]) -> None:
        faults, fault = self._stack.git_server.faults, str(action["fault"])
        faults.hang, faults.status = fault == "hang", int(fault) if fault.isdecimal() else 0

    async def _basic_auth(self, action: Mapping[str, Any]) -> None:
        self._stack.git_server.faults.basic_auth = action["gitServerRequiresBasicAuth"]

    async def _empty(self, _: Mapping[str, Any]) -> None:
        assert self._repo

    async def _tag(self, action: Mapping[str, Any]) -> None:
        self._repo.git("tag", "-f", action["tag"], action["sha"])

    async def _lose(self, _: Mapping[str, Any]) -> None:
        for file in self._stack.storage.root.rglob("*.tar.gz"):
            file.unlink()

    async def _kubelet(self, _: Mapping[str, Any]) -> None:
        self._stack.fake_kubelet(self._recording.name)

    async def _restart(self, _: Mapping[str, Any]) -> None:
        await self._stack.restart()

    async def _wait(self, action: Mapping[str, Any]) -> None:
        wait = action["wait"]
        if isinstance(wait, list):
            await self._until(wait, {})
        else:
            await asyncio.sleep(float(str(wait).removesuffix("s")) / self._stack.speed)

    async def _expect(self, action: Mapping[str, Any], work: Any) -> None:
        try:
            await work
        except errors.EngineError:
            if not action.get("refused"):
                raise

    # --- waiting ------------------------------------------------------------------------------------------

    async def _until(self, wanted: list[Mapping[str, Any]], started: Mapping[str, str]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    flux = await self._flux()
                    if all(self._holds(flux, want, started) for want in wanted):
                        return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"never came: {wanted}, but {[o.get('status') for o in flux.values()]}") from None

    def _holds(self, flux: Mapping[str, Object], want: Mapping[str, Any], started: Mapping[str, str]) -> bool:
        obj = flux.get(self._key(want["object"]))
        if want.get("gone") or obj is None:
            return bool(want.get("gone")) and obj is None
        key = self._key(want["object"])
        if want.get("fresh", True) and started.get(key) == obj["metadata"]["resourceVersion"]:
            return False
        status, generation = obj.get("status") or {}, obj["metadata"]["generation"]
        ready = conditions.get(obj, "Ready") or {}
        found = {
            "ready": ready.get("status"),
            "reason": ready.get("reason"),
            "current": ready.get("observedGeneration") == generation,
            "observed": status.get("observedGeneration") == generation,
            "handled": status.get("lastHandledReconcileAt"),
            "applied": status.get("lastAppliedRevision"),
            "attempted": status.get("lastAttemptedRevision"),
            "artifact": (status.get("artifact") or {}).get("revision"),
        }
        if any(found[name] != want[name] for name in found if name in want):
            return False
        if "condition" in want:
            kind, _, value = want["condition"].partition("=")
            if conditions.status(obj, kind) != value:
                return False
        counts = [entry.get("totalReconciliations", 0) for entry in status.get("history") or []]
        return "total" not in want or any(count >= want["total"] for count in counts)

    async def _quiet(self) -> dict[str, Object]:
        """Until nothing of the scenario changed for a while; the Flux objects then: a retry may begin at any time."""
        last, since = None, 0.0
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while True:
            idle = self._stack.idle
            flux = await self._flux()
            now = {key: obj["metadata"]["resourceVersion"] for key, obj in flux.items()}, await self._counts()
            idle = idle and self._stack.idle
            if now != last:
                last, since = now, loop.time()
            elif loop.time() - since > (QUIET if idle else UNDER_WAY):
                return flux
            if loop.time() > deadline:
                return flux
            await asyncio.sleep(0.05)

    # --- comparing ----------------------------------------------------------------------------------------

    def _compare_flux(self, where: str, after: Mapping[str, Any], ours: Mapping[str, Object]) -> None:
        theirs = {}
        for obj in after["flux"]:
            if obj["kind"] in FLUX:
                key = f"{obj['kind']}/{obj['metadata']['namespace']}/{obj['metadata']['name']}"
                theirs[key] = recording.flux_object(obj, {})
        self.differences.compare(f"{where}: Flux objects", sorted(ours), sorted(theirs))
        for key in ours.keys() & theirs.keys():
            found = recording.flux_object(ours[key], self._hosts)
            self.differences.deep(f"{where}: {key}", self._spared(found), self._spared(theirs[key]))

    def _spared(self, obj: dict[str, Any]) -> dict[str, Any]:
        """Without the texts of Ready and Reconciling where these are Go's own."""
        if self._allowed.messages:
            for condition in (obj.get("status") or {}).get("conditions") or []:
                condition.pop("message", None)
        return obj

    async def _compare_objects(self, where: str, after: Mapping[str, Any]) -> None:
        for entry in after.get("objects") or []:
            ref = entry["ref"]
            live = await self._gone(entry) if entry.get("absent") else await self._get(entry)
            what = f"{where}: {ref}"
            self.differences.compare(f"{what} absent", live is None, bool(entry.get("absent")))
            if live is None or entry.get("absent"):
                continue
            theirs = recording.managed_object(entry["object"], {})
            self.differences.deep(what, recording.managed_object(live, self._hosts), theirs)
            known = self._identity.get(ref)
            if known is None:
                continue
            uid, version = live["metadata"]["uid"], live["metadata"]["resourceVersion"]
            self.differences.compare(f"{what} recreated", uid != known[0], bool(entry.get("recreated")))
            if "writtenInThisStep" in entry:
                self.differences.compare(f"{what} written", version != known[1], entry["writtenInThisStep"])

    async def _compare_events(self, where: str, after: Mapping[str, Any], before: Counter[Any]) -> None:
        happened = {key for key, count in (await self._counts()).items() if before.get(key, 0) < count}
        theirs = {recording.recorded_event(entry) for entry in after.get("events") or []}
        ours = {event for event in happened if not self._of_time(event)}
        theirs = {event for event in theirs if not self._of_time(event)}
        if self._allowed.messages:
            ours, theirs = ({(a, b, c) for a, b, c, *_ in side} for side in (ours, theirs))  # type: ignore[assignment]
        self.differences.compare(f"{where}: events only ours", sorted(ours - theirs), [])
        self.differences.compare(f"{where}: events only theirs", sorted(theirs - ours), [])

    def _of_time(self, event: tuple[str, ...]) -> bool:
        """Whether old artifacts were collected is a matter of their age, what retries saw one of when."""
        if "garbage collected" in event[3] and "artifacts" in event[3]:
            return True
        return self._recording.retries and event[0].startswith("GitRepository/")

    async def _counts(self) -> Counter[Any]:
        found: Counter[Any] = Counter()
        for namespace in self._recording.namespaces:
            for event in await self._stack.events(namespace):
                if event.get("reportingComponent") not in CONTROLLERS:
                    continue
                found[recording.event(event, self._hosts)] += event["count"]
        return found

    async def _remember(self, after: Mapping[str, Any]) -> None:
        """uid and resourceVersion of the objects, to tell afterwards whether they were written."""
        self._identity = {}
        for entry in after.get("objects") or []:
            live = await self._get(entry)
            if live is not None:
                self._identity[entry["ref"]] = live["metadata"]["uid"], live["metadata"]["resourceVersion"]

    # --- reading ------------------------------------------------------------------------------------------

    @property
    def _repo(self) -> Repo:
        return Repo(self._stack.git_server.path(self._recording.name))

    def _key(self, ref: str) -> str:
        kind, _, rest = ref.partition("/")
        return ref if "/" in rest else f"{kind}/{self._recording.name}/{rest}"

    async def _flux(self) -> dict[str, Object]:
        found = {}
        for kind, res in FLUX.items():
            for namespace in self._recording.namespaces:
                async for page in self._stack.admin.list(res, namespace):
                    found |= {f"{kind}/{namespace}/{obj['metadata']['name']}": obj for obj in page.items}
        return found

    async def _get(self, entry: Mapping[str, Any]) -> Object | None:
        kind, namespace, name = _ref(entry["ref"])
        version = (entry.get("object") or {}).get("apiVersion", "")
        try:
            return await self._stack.admin.get(await self._find(kind, version), namespace, name)
        except (errors.NotFound, errors.NoKindMatch):
            return None

    async def _gone(self, entry: Mapping[str, Any]) -> Object | None:
        """An object that is to be gone: what is deleted in the background takes its time."""
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while (live := await self._get(entry)) is not None and asyncio.get_running_loop().time() < deadline:
            if not live["metadata"].get("deletionTimestamp"):
                break
            await asyncio.sleep(0.1)
        return live

    async def _find(self, kind: str, api_version: str = "") -> ResourceType:
        if api_version:
            group, _, version = api_version.rpartition("/")
            try:
                return await self._stack.admin.discovery.resource(group, version, kind)
            except errors.NoKindMatch:
                # Just defined, perhaps: discovery asks again only after a while.
                await self._stack.admin.discovery.refresh()
                return await self._stack.admin.discovery.resource(group, version, kind)
        await self._stack.admin.discovery.refresh()
        for res in self._stack.admin.discovery.resources():
            if res.kind == kind:
                return res
        raise errors.NoKindMatch(kind)

    async def _res(self, obj: Object) -> ResourceType:
        return await self._find(obj["kind"], obj["apiVersion"])

    def _objects(self, path: str) -> list[Object]:
        return [obj for obj in yaml.safe_load_all(self._filled(self._recording.text(path))) if obj]

    def _filled(self, text: str) -> str:
        return text.replace("<GIT-HOST>", self._host).replace("<CLOSED-HOST>", CLOSED)


_ACTIONS: dict[str, Any] = {
    "commit": Replay._commit,
    "apply": Replay._apply,
    "create": Replay._create,
    "patch": Replay._patch,
    "delete": Replay._delete,
    "fault": Replay._fault,
    "gitServerRequiresBasicAuth": Replay._basic_auth,
    "emptyRepository": Replay._empty,
    "tag": Replay._tag,
    "removeStoredArtifact": Replay._lose,
    "fakeKubelet": Replay._kubelet,
    "restart": Replay._restart,
    "wait": Replay._wait,
}


def _ref(text: str) -> tuple[str, str, str]:
    kind, _, rest = text.partition("/")
    namespace, slash, name = rest.partition("/")
    return (kind, namespace, name) if slash else (kind, "", namespace)
