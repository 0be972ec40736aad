"""Starts the console: settings from the command line, the demo when asked for, an end that leaves nothing behind."""

from __future__ import annotations

import dataclasses
import importlib  # noqa: F401 - before any thread: importing it in two threads at once crashes CPython
import signal
import sys
import time
from pathlib import Path
from typing import Any

from engine import api
from engine.settings import state_home


def console(options: dict[str, Any]) -> int:
    """Run the console until the person leaves; returns the exit code."""
    if options.get("demo"):
        return _demo(options)
    log = Path(options.get("log") or state_home() / "fluxtui.log")
    access = api.Access(
        kubeconfig=Path(options["kubeconfig"]) if options.get("kubeconfig") else None,
        context=options.get("context") or "",
        namespace=options.get("namespace") or "",
        as_user=options.get("as_user") or "",
        as_groups=tuple(options.get("as_groups") or ()),
    )
    settings = api.EngineSettings(access=access, read_only=bool(options.get("read_only")), log_file=log)
    api.check_access(access)
    return _show(settings, log, options)


def _demo(options: dict[str, Any]) -> int:
    sys.stderr.write("starting the demo: an embedded Kubernetes API, a git server, and Flux's controllers\n")
    demo = api.launch_demo(options)
    try:
        sys.stderr.write(f"  kubectl --kubeconfig {demo.kubeconfig} get kustomizations -A\n")
        log = demo.settings.log_file or demo.data / "engine.log"
        if options.get("headless"):
            return _headless(demo, log)
        settings = dataclasses.replace(demo.settings, read_only=bool(options.get("read_only")))
        return _show(settings, log, options, hint=f"KUBECONFIG={demo.kubeconfig}")
    finally:
        demo.stop()


def _headless(demo: api.DemoProcess, log: Path) -> int:
    """The demo without the console, for scripts."""
    api.log_to(log)
    engine = api.open_engine(demo.settings)
    engine.start()
    stop = [False]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stop.__setitem__(0, True))
    while not stop[0] and not any(problem.fatal for problem in engine.snapshot.problems):
        time.sleep(0.2)
    engine.stop(deadline=5.0)
    return 0 if stop[0] else 1


def _show(settings: api.EngineSettings, log: Path, options: dict[str, Any], hint: str = "") -> int:
    from fluxtui.app import FluxtuiApp
    from fluxtui.settings import wants_mouse

    def connect(context: str) -> api.Engine:
        return api.open_engine(
            dataclasses.replace(settings, access=dataclasses.replace(settings.access, context=context))
        )

    api.log_to(log)
    elsewhere = settings.stance is api.Stance.OBSERVE  # the demo's engine drives one cluster, and no other
    app = FluxtuiApp(
        api.open_engine(settings),
        theme_name=options.get("theme") or "",
        hint=hint,
        log_file=log,
        contexts=api.contexts(settings.access.kubeconfig) if elsewhere else (),
        connect=connect if elsewhere else None,
        ascii_only=bool(options.get("ascii")),
    )
    mouse = bool(options.get("mouse")) or wants_mouse(app.settings)
    return int(app.run(mouse=mouse) or app.return_code or 0)
