"""A whole build, stage by stage: everything is tried dry before anything of a stage is written (flux.md 4.7)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from engine.apply.changes import Change, ChangeSet
from engine.apply.errors import ApplyError, HealthError
from engine.apply.ssa import Kinds, ObjectApplier, Options, Plan
from engine.apply.wait import HealthWait
from engine.clock import Clock
from engine.errors import EngineError, NoKindMatch
from engine.flux import order
from engine.flux.inventory import ObjectRef, ref_of
from engine.kube.types import Object

_STAGE_TIMEOUT: Final = 60.0
_DEFINITION: Final = "CustomResourceDefinition"
_SERVED_TRIES: Final = 40
_SERVED_POLL: Final = 0.25


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of a run: what happened, and the newest state seen of each object that was asked for."""

    changes: ChangeSet
    seen: dict[ObjectRef, Object]


class StagedApplyError(ApplyError):
    """A stage failed; `finished` holds the changes of the stages before."""

    def __init__(self, error: EngineError, finished: ChangeSet) -> None:
        log = finished.log()
        super().__init__(f"{error.message}\n{log}\n" if log else f"{error.message}\n", status=error.status)
        self.finished = finished


class Stages:
    """Applies builds."""

    def __init__(
        self,
        applier: ObjectApplier,
        health: HealthWait,
        kinds: Kinds,
        *,
        clock: Clock | None = None,
        concurrent: int = 4,
    ) -> None:
        self._applier = applier
        self._kinds = kinds
        self._clock = clock or Clock()
        self._health = health
        self._concurrent = concurrent

    async def apply(self, objects: Iterable[Object], options: Options) -> Applied:
        """Apply normalized, labelled objects; raises StagedApplyError."""
        finished, seen = ChangeSet(), dict[ObjectRef, Object]()
        for stage, members in order.stages(objects):
            try:
                finished.extend(await self._stage(stage, members, options, seen))
            except (ApplyError, HealthError) as error:
                raise StagedApplyError(error, finished) from error
        return Applied(finished, seen)

    async def _stage(
        self, stage: order.Stage, members: Sequence[Object], options: Options, seen: dict[ObjectRef, Object]
    ) -> list[Change]:
        plans = await self._plan(members, options)
        changes: list[Change] = []
        for plan in plans:
            change, live = await self._applier.apply(plan)
            changes.append(change)
            if live is not None and not plan.proven:
                seen[plan.entry.ref] = live
        if stage.waits and not all(plan.proven for plan in plans):
            entries = [plan.entry for plan in plans]
            await self._health.until_current(entries, _STAGE_TIMEOUT, fail_fast=False, seen=seen)
        written = {change.entry.ref for change in changes if change.written}
        await self._served([obj for obj in members if obj["kind"] == _DEFINITION and ref_of(obj) in written])
        return changes

    async def _served(self, definitions: Sequence[Object]) -> None:
        """Wait until discovery lists the kinds just defined: it follows their establishment a moment later."""
        wanted = [kind for definition in definitions for kind in _kinds_of(definition)]
        for _ in range(_SERVED_TRIES if wanted else 0):
            await self._kinds.refresh()
            try:
                for group, version, kind in wanted:
                    await self._kinds.resource(group, version, kind)
            except NoKindMatch:
                await self._clock.sleep(_SERVED_POLL)
            else:
                return

    async def _plan(self, members: Sequence[Object], options: Options) -> list[Plan]:
        """Plan all objects of a stage, some at a time; the first failure in order is the one told."""
        slots = asyncio.Semaphore(self._concurrent)

        async def plan(obj: Object) -> Plan | EngineError:
            async with slots:
                try:
                    return await self._applier.plan(obj, options)
                except ApplyError as error:
                    return error

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(plan(obj)) for obj in members]
        found = [task.result() for task in tasks]
        for result in found:
            if isinstance(result, EngineError):
                raise result
        return [result for result in found if isinstance(result, Plan)]


def _kinds_of(definition: Object) -> list[tuple[str, str, str]]:
    """(group, version, kind) that a CustomResourceDefinition has served."""
    spec = definition.get("spec") or {}
    kind = str((spec.get("names") or {}).get("kind") or "")
    versions = [item for item in spec.get("versions") or [] if item.get("served")]
    return [(str(spec.get("group") or ""), str(item.get("name")), kind) for item in versions]
