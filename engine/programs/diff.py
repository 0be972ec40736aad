"""`fluxtui diff kustomization NAME [--path DIR]`: what the next reconcile would change; exit 1: something."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from engine import errors
from engine.clock import Clock
from engine.flux import kinds
from engine.model import Change, DriftReport, ObjectDrift, PathDrift, Verdict
from engine.programs.build import files_around, folder_of, named, read
from engine.programs.common import Options, access, asynchronously, namespace, say
from engine.session import Session
from engine.settings import EngineSettings
from engine.snapshot import Link

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
    settings = EngineSettings(access=access({**options, "namespace": namespace(options)}), read_only=True)
    session = Session(settings, Clock())
    running = asyncio.ensure_future(session.run())
    try:
        report = await asyncio.wait_for(_report(session, running, options), WITHIN)
    except TimeoutError:
        raise errors.Unavailable(f"the cluster did not answer within {WITHIN:.0f} s") from None
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    return show(report)


async def _report(session: Session, running: asyncio.Future[None], options: Options) -> DriftReport:
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
    assert session.drift is not None
    place, name = namespace(options), named(options)
    if not options.get("path"):
        return await session.drift.report(place, name)
    obj = read(options, name) if options.get("kustomization_file") else session.drift.kustomization(place, name)
    files, path = await asyncio.to_thread(files_around, folder_of(options, ""))
    local = {**obj, "spec": {**(obj.get("spec") or {}), "path": path}}
    return await session.drift.report_of(local, files, f"the files of {options['path']}")


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


def show(report: DriftReport) -> int:
    """The report as text; its exit code. Raises errors.Terminal when it could not be computed, after what is known."""
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
    if report.drifted:
        say("⚠️", "identified at least one change, exiting with non-zero exit code")
    return 1 if report.drifted else 0


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
