"""Edit an object as text: what differs between the text that was shown and the one that came back, in one merge patch.

Values that were masked in both texts are equal and stay as they are. The patch carries the resourceVersion of the text
that was shown, so that nobody's change in between is lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from engine import errors, yaml
from engine.acts.base import MANAGER, Act, Receipt, Track, World
from engine.commands import Edit
from engine.flux import kinds
from engine.kube.types import Object, PatchType
from engine.mergepatch import at, leaves, merge_patch
from engine.model import Effect, EffectLine, Resource, State
from engine.safe import line

Path = tuple[str, ...]

_IDENTITY: Final[tuple[Path, ...]] = (
    ("apiVersion",),
    ("kind",),
    *(("metadata", name) for name in ("name", "namespace", "uid", "resourceVersion", "generation")),
)
_MASKED: Final[Path] = ("spec", "postBuild", "substitute")
_FIX: Final = "press e to go on with your text"


class EditAct(Act[Edit]):
    """The person's own change; a parent Kustomization may set it back, and the effect says so."""

    def check(self, command: Edit, world: World) -> None:
        """The text must be an object, the same one, with something changed."""
        world.resource(command.ref)
        _patch(command)

    async def effect(self, command: Edit, world: World) -> AsyncGenerator[Effect, None]:
        """The changed fields; then whether the API server takes them, and what the next pass would make of them."""
        before, patch = _shown(command), _patch(command)
        known = Effect(
            lines=tuple(_line(path, at(before, path), value) for path, value in leaves(patch)),
            changed=1,
            warnings=_set_back(world.resource(command.ref), world),
            basis="from your text",
        )
        yield known
        try:
            tried = await _send(command, world, patch, dry_run=True)
        except errors.EngineError as error:
            yield replace(known, warnings=(f"it will be refused: {line(str(error))}", *known.warnings), complete=True)
            return
        if command.ref.kind != kinds.KUSTOMIZATION.kind or world.effects is None:
            yield replace(known, basis="by dry run as you", complete=True)
            return
        computed = await world.effects.effect(tried)
        yield replace(
            computed,
            lines=(*known.lines, *computed.lines),
            warnings=(*known.warnings, *computed.warnings),
            complete=True,
        )

    async def prepare(self, command: Edit, world: World) -> Receipt:
        """Which fields, and how to know them again; their values are written down nowhere."""
        found = dict(leaves(_patch(command)))
        return {"paths": orjson.dumps(list(found)).decode(), "digest": _digest(list(found.values()))}

    async def send(self, command: Edit, world: World, receipt: Receipt) -> None:
        """One merge patch."""
        try:
            await _send(command, world, _patch(command))
        except errors.Conflict as error:
            raise errors.Refused(
                f"{command.ref} was changed by somebody while you edited it", fix="edit it as it is now (e)"
            ) from error

    async def landed(self, command: Edit, world: World, receipt: Receipt) -> bool:
        """The fields have the values that were meant."""
        live = await world.live(command.ref)
        paths = [tuple(path) for path in orjson.loads(receipt["paths"])]
        return _digest([at(live, path) for path in paths]) == receipt["digest"]

    async def follow(self, command: Edit, world: World, receipt: Receipt, track: Track) -> str:
        """Until the controller has seen the new generation, where there is one that looks."""
        live = await world.live(command.ref)
        generation = int(live["metadata"].get("generation") or 0)
        names = ", ".join(".".join(path) for path in orjson.loads(receipt["paths"]))

        def settled(seen: Resource | None) -> str | errors.EngineError | None:
            if seen is None or seen.deleting:
                return errors.NotFound(f"{command.ref} was deleted meanwhile")
            if seen.generation < generation:
                return None
            return _result(seen, names)

        verdict: str | errors.EngineError = await world.until(command.ref, settled)
        if isinstance(verdict, errors.EngineError):
            raise verdict
        return verdict


def _result(seen: Resource, names: str) -> str | errors.EngineError | None:
    """What became of the edit, once its generation is seen; None while it is worked on."""
    entry = kinds.by_group_kind(seen.ref.group, seen.ref.kind)
    if seen.suspended or entry is None or entry.static:
        return f"edited: {names}"
    looked_at = max((seen.observed_generation, *(condition.observed_generation for condition in seen.conditions)))
    if looked_at < seen.generation or seen.state is State.RECONCILING:
        return None
    if seen.state in (State.FAILING, State.STALLED):
        return errors.Terminal(f"edited: {names}; now {seen.message}")
    return f"edited: {names}"


async def _send(command: Edit, world: World, patch: Mapping[str, Any], *, dry_run: bool = False) -> Object:
    version = at(_shown(command), ("metadata", "resourceVersion"))
    body = {**patch, "metadata": {**(patch.get("metadata") or {}), "resourceVersion": version}}
    ref = command.ref
    return await world.client.patch(
        await world.type_of(ref), ref.namespace, ref.name, body, type=PatchType.MERGE, manager=MANAGER, dry_run=dry_run
    )


def _shown(command: Edit) -> Object:
    shown = yaml.load(command.before)
    if not isinstance(shown, dict):
        raise errors.Refused("the text of this edit is no longer known", fix="press e to start again")
    return shown


def _patch(command: Edit) -> dict[str, Any]:
    """What was changed; errors.Refused when that is nothing, or nothing that may be."""
    try:
        edited = yaml.load(command.after, name="your text")
    except errors.EngineError as error:
        raise errors.Refused(str(error), fix=_FIX) from error
    if not isinstance(edited, dict):
        raise errors.Refused("your text is no object", fix=_FIX)
    before = _shown(command)
    for path in _IDENTITY:
        if at(edited, path) != at(before, path):
            raise errors.Refused(f"an edit may not change {'.'.join(path)}", fix=_FIX)
    patch = merge_patch(before, edited)
    patch.pop("status", None)
    if not patch:
        raise errors.Refused("nothing was changed")
    return patch


def _line(path: Path, old: Any, new: Any) -> EffectLine:
    subject = ".".join(path)
    if path[: len(_MASKED)] == _MASKED:
        return EffectLine("change", line(subject), "removed" if new is None else "another value")
    return EffectLine("change", line(subject), line(f"{_word(old)} → {_word(new)}"))


def _word(value: Any) -> str:
    if value is None:
        return "nothing"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _set_back(resource: Resource, world: World) -> tuple[str, ...]:
    """A warning when the object comes from Git itself."""
    if resource.parent is None:
        return ()
    parent = world.store.resource(resource.parent)
    if parent is not None and parent.suspended:
        return ()
    where = f"{resource.parent.kind} {resource.parent.namespace}/{resource.parent.name}"
    within = f" within {parent.interval / 60:.0f} m" if parent is not None and parent.interval else ""
    return (f"{where} applies this object: what Git says of these fields comes back{within}",)


def _digest(values: list[Any]) -> str:
    return hashlib.blake2b(orjson.dumps(values, option=orjson.OPT_SORT_KEYS), digest_size=16).hexdigest()
