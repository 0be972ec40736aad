"""`fluxtui diff kustomization NAME [--path DIR]`: what the next reconcile would change (flux.md B.5).

Exit codes as the flux CLI has them: 0 nothing, 1 something, 2 it could not be compared.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from engine import errors
from engine.clock import Clock
from engine.controllers.drift import DriftMonitor
from engine.flux import kinds
from engine.kube.types import Object
from engine.model import Change, DriftReport, ObjectDrift, PathDrift, Verdict
from engine.programs.build import LocalBuild, key_of, named, read
from engine.programs.common import Options, access, asynchronously, namespace, say
from engine.programs.local import files_of, folder_below, folder_of, is_kustomization, listed, sources_of
from engine.session import Session
from engine.settings import EngineSettings
from engine.snapshot import Link
from engine.tasks import cancel

MARKS: Final = {
    Verdict.DIFFERS: "drifted",
    Verdict.MISSING: "created",
    Verdict.TO_PRUNE: "deleted",
    Verdict.EXCLUDED: "skipped",
    Verdict.NOT_COMPARED: "not compared",
}
WITHIN: Final = 60.0
"""Seconds to reach the cluster and compare."""


def main(options: Options) -> int:
    """Print the drift; narration goes to stderr."""
    return asynchronously(lambda: _run(options))


async def _run(options: Options) -> int:
    named(options)
    if options.get("kustomization_file") and not options.get("path"):
        raise errors.Refused("a Kustomization's file is compared with a directory", fix="add --path DIR")
    if options.get("ignore_not_found") and not options.get("kustomization_file"):
        raise errors.Refused(
            "--ignore-not-found compares a Kustomization that the cluster does not have",
            fix="name its file: --kustomization-file",
        )
    if options.get("recursive") and not options.get("path"):
        raise errors.Refused("--recursive follows the files of a directory", fix="add --path DIR")
    settings = EngineSettings(access=access({**options, "namespace": namespace(options)}), read_only=True)
    session = Session(settings, Clock())
    running = asyncio.create_task(session.run())
    try:
        return await asyncio.wait_for(_compare(session, running, options), WITHIN)
    except TimeoutError:
        raise errors.Unavailable(f"the cluster did not answer within {WITHIN:.0f} s") from None
    finally:
        await cancel(running)


async def _compare(session: Session, running: asyncio.Task[None], options: Options) -> int:
    await _connected(session, running)
    assert session.drift is not None
    if options.get("progress_bar") != "false" and sys.stderr.isatty():
        say("◎", "comparing")
    place, name = namespace(options), named(options)
    if not options.get("path"):
        return ended(show(await session.drift.report(place, name)))
    return await LocalDiff(session, options).run(_kustomization(session.drift, place, name, options))


def _kustomization(drift: DriftMonitor, place: str, name: str, options: Options) -> Object:
    """The cluster's, or the file's with the cluster's inventory, which says what would be pruned."""
    if not options.get("kustomization_file"):
        return drift.kustomization(place, name)
    obj = read(options, name)
    try:
        status = drift.kustomization(place, name).get("status") or {}
    except errors.NotFound as error:
        if not options.get("ignore_not_found"):
            raise errors.NotFound(error.message, fix="compare it as a new one with --ignore-not-found") from None
        status = {}
    return {**obj, "status": status}


async def _connected(session: Session, running: asyncio.Future[None]) -> None:
    """Wait until the cluster's Kustomizations and sources are known; raises what stands in the way."""
    ready = asyncio.ensure_future(session.synced(kinds.KUSTOMIZATION, kinds.GIT_REPOSITORY))
    hindered = asyncio.ensure_future(_hindered(session))
    try:
        await asyncio.wait((ready, running, hindered), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        if hindered.done():
            raise hindered.result()
    finally:
        ready.cancel()
        hindered.cancel()


class LocalDiff:
    """Compares what local directories make with the cluster: a Kustomization, and with `--recursive` those in it."""

    def __init__(self, session: Session, options: Options) -> None:
        assert session.drift is not None
        assert session.kit is not None
        self._drift = session.drift
        self._options = options
        self._ignored = listed(options.get("ignore_paths"))
        self._sources = sources_of(options)
        self._local = LocalBuild(session.client, options)
        session.kit.builder.strict = bool(options.get("strict_substitute"))

    async def run(self, obj: Object) -> int:
        """The exit code of everything that was compared."""
        folder = folder_of(self._options, "")
        return ended(await self._diff(obj, folder, (key_of(obj),)))

    async def _diff(self, obj: Object, folder: Path, above: tuple[str, ...]) -> bool:
        """Whether a Kustomization on the files of a directory changes anything."""
        files, path = await asyncio.to_thread(files_of, folder, self._ignored)
        local = {**obj, "spec": {**(obj.get("spec") or {}), "path": path}}
        drifted = show(await self._drift.report_of(local, files, f"the files of {folder}"))
        if self._options.get("recursive"):
            for made in await self._local.objects(obj, folder):
                if is_kustomization(made) and key_of(made) != key_of(obj):
                    drifted |= await self._below(made, above)
        return drifted

    async def _below(self, made: Object, above: tuple[str, ...]) -> bool:
        key = key_of(made)
        if key in above:
            raise errors.Malformed(f"Kustomizations make one another: {' -> '.join((*above, key))}")
        try:
            obj = self._drift.kustomization(*key.split("/", 1))
        except errors.NotFound:
            # It is created; what it makes then is all new.
            return False
        if (made.get("spec") or {}).get("kubeConfig"):
            say("⚠️", f"Kustomization/{key} skipped: diff not supported for remote clusters")
            return False
        print(f"📁 Kustomization/{key}")
        return await self._diff(obj, folder_below(self._sources, made), (*above, key))


async def _hindered(session: Session) -> errors.EngineError:
    """Why there is no connection, as soon as that is known: a command line does not wait for better times."""
    changed = asyncio.Event()
    end = session.store.subscribe(changed.set)
    try:
        while True:
            link = session.store.connection
            if link.link is Link.LOGIN:
                return errors.Refused(link.message)
            if link.link is Link.LOST:
                return errors.Unavailable(link.message)
            changed.clear()
            await changed.wait()
    finally:
        end()


def ended(drifted: bool) -> int:
    """The exit code, and what is said of it."""
    if drifted:
        say("⚠️", "identified at least one change, exiting with non-zero exit code")
    return 1 if drifted else 0


def show(report: DriftReport) -> bool:
    """Print the report; whether there is drift. When it was not computed: errors.Terminal, after what is known."""
    for note in report.notes:
        say("►", note)
    for drift in report.objects:
        print(f"► {_subject(drift)} {MARKS[drift.verdict]}")
        for path in drift.paths:
            print(_path(path))
        if drift.note:
            print(f"    {drift.note}")
    if report.problem:
        raise errors.Terminal(report.problem)
    say("✔", f"{report.equal} equal at {report.revision}")
    return report.drifted


def _subject(drift: ObjectDrift) -> str:
    return "/".join(part for part in (drift.kind, drift.namespace, drift.name) if part)


def _path(path: PathDrift) -> str:
    writer = ""
    if path.writer:
        when = f" at {path.writer.time:%Y-%m-%d %H:%M:%SZ}" if path.writer.time else ""
        writer = f"    ({path.writer.manager}{when})"
    wanted = "" if path.change is Change.ADDED else f"\n    - {path.wanted}"
    live = "" if path.change is Change.REMOVED else f"\n    + {path.live}"
    return f"  {path.display}{writer}{wanted}{live}"
