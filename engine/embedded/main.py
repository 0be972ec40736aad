"""The embedded API server as a program of its own."""

from __future__ import annotations

import asyncio
import errno
import gc
import signal
import sys
from pathlib import Path

from engine.embedded.kubeconfig import check_kubeconfig, remove_kubeconfig
from engine.embedded.server import EmbeddedServer
from engine.errors import EngineError

#: Objects in the store live long: the collector need not look at them again and again.
_GC_THRESHOLDS = (50_000, 50, 50)


def run(data: Path | None, port: int, kubeconfig: Path | None) -> int:
    """Serve until SIGTERM or SIGINT; the exit code.

    Prints the URL, and where the kubeconfig is, on one line once it is ready.
    """
    gc.set_threshold(*_GC_THRESHOLDS)
    return asyncio.run(_run(data, port, kubeconfig))


async def _run(data: Path | None, port: int, kubeconfig: Path | None) -> int:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = EmbeddedServer(data, port)
    try:
        if kubeconfig is not None:
            check_kubeconfig(kubeconfig)
        await server.start()
    except (EngineError, OSError) as error:
        print(f"fluxtui apiserver: {_sentence(error, port)}", file=sys.stderr)
        return 1
    try:
        if kubeconfig is not None:
            server.write_kubeconfig(kubeconfig)
        gc.collect()
        gc.freeze()
        shown = f"serving {server.url}" + (f", kubeconfig {kubeconfig}" if kubeconfig is not None else "")
        print(shown, flush=True)
        await stopping.wait()
    finally:
        await server.stop()
        if kubeconfig is not None:
            remove_kubeconfig(kubeconfig, server.token)
    return 0


def _sentence(error: EngineError | OSError, port: int) -> str:
    if isinstance(error, EngineError):
        return str(error)
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is taken; choose another with --port"
    return f"{error.filename or 'the server'}: {error.strerror}"
