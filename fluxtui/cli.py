"""The command line: argument parsing only. Nothing here imports Textual, and programs are imported when they run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NoReturn

USAGE_ERROR = 2
FAILED = 1

EPILOG = """\
without a command: the console, on the cluster of your kubeconfig
without a cluster: fluxtui demo

exit codes: 0 ok, 1 failed (diff: there are differences), 2 usage (diff: failed)"""


class _Parser(argparse.ArgumentParser):
    """Usage errors in one or two sentences."""

    def error(self, message: str) -> NoReturn:
        """What is wrong, and where the help is."""
        sys.stderr.write(f"✗ {message}; see `{self.prog} --help`\n")
        raise SystemExit(USAGE_ERROR)


def parser(only: str = "") -> argparse.ArgumentParser:
    """The grammar: of one command, or of all when `only` names none (the help, flags before the command, a typo)."""
    root = _Parser(
        prog="fluxtui",
        description="A terminal console for GitOps with Flux.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="store_true", help="print the version")
    _cluster_flags(root)
    _console_flags(root)
    commands = root.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)
    for name in [only] if only in _COMMANDS else _COMMANDS:
        _COMMANDS[name](commands)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, run, and turn every foreseen error into a sentence and an exit code."""
    words = sys.argv[1:] if argv is None else argv
    options = vars(parser(*words[:1]).parse_args(words))
    if options.pop("version"):
        print(_version())
        return 0
    program = options.pop("program", "") or "console"
    failed = options.pop("failed", FAILED)
    from engine.errors import EngineError

    try:
        if program == "console":
            return _console(options)
        from engine.programs import run

        return run(program, options)
    except EngineError as error:
        sys.stderr.write(f"✗ {error}\n")
        return int(failed)
    except BrokenPipeError:
        # `fluxtui get … | head`: the reader has what it wanted.
        sys.stderr.close()
        return 0


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("fluxtui")
    except PackageNotFoundError:
        return "from a checkout that is not installed"


def _console(options: dict[str, Any]) -> int:
    """The console; its first frame is out before its half a second of imports."""
    terminal = sys.stdout if sys.stdout.isatty() and not options.get("headless") else None
    if terminal and not options.get("demo"):
        terminal.write(_FIRST_FRAME)
        terminal.flush()
    try:
        from fluxtui.start import console

        return console(options)
    finally:
        if terminal:
            terminal.write(_MAIN_SCREEN)
            terminal.flush()


_FIRST_FRAME = "\x1b[?1049h\x1b[H\x1b[2J\x1b[?25l fluxtui  starting…"
"""The alternate screen with the header's beginning."""
_MAIN_SCREEN = "\x1b[?1049l\x1b[?25h"
"""Back to the shell, also when it failed before the console could."""


# --- flags ------------------------------------------------------------------------------------------------


def _cluster_flags(to: argparse.ArgumentParser, *, namespaced: bool = True, inherit: bool = False) -> None:
    """Kubectl's flags; subcommands take them too and keep what was given before."""
    default = argparse.SUPPRESS if inherit else None
    group = to.add_argument_group("cluster")
    group.add_argument("--kubeconfig", metavar="FILE", default=default, help="instead of $KUBECONFIG or ~/.kube/config")
    group.add_argument("--context", metavar="NAME", default=default, help="the kubeconfig's context")
    if namespaced:
        group.add_argument("-n", "--namespace", metavar="NS", default=default, help="one namespace only")
    group.add_argument("--as", dest="as_user", metavar="USER", default=default, help="act as somebody else")
    group.add_argument("--as-group", dest="as_groups", metavar="GROUP", action="append", default=default)
    read_only = argparse.SUPPRESS if inherit else False
    group.add_argument("--read-only", action="store_true", default=read_only, help="refuse every act")


def _console_flags(to: argparse.ArgumentParser) -> None:
    group = to.add_argument_group("console")
    group.add_argument("--theme", metavar="NAME", help="dark, light, contrast or ansi")
    group.add_argument("--log", metavar="FILE", help="the log file; default: in the XDG state folder")
    group.add_argument("--mouse", action="store_true", help="use the mouse also over SSH")
    group.add_argument("--ascii", action="store_true", help="letters instead of glyphs")


def _get(to: Any) -> None:
    get = to.add_parser("get", help="list objects or events", description=_GET)
    get.set_defaults(program="get")
    get.add_argument(
        "what", nargs="+", metavar="KIND [NAME]", help="sources, kustomizations, helmreleases, events, all…"
    )
    get.add_argument("-A", "--all-namespaces", action="store_true")
    get.add_argument("-o", "--output", choices=("wide", "json", "yaml"))
    _cluster_flags(get, inherit=True)


_GET = "KIND as the flux CLI says it (source git, kustomization, helmrelease…), or all, sources, events."


def _act(to: Any, verb: str) -> None:
    act = to.add_parser(verb, help=_ACTS[verb], description=f"{_ACTS[verb][0].upper()}{_ACTS[verb][1:]}.")
    act.set_defaults(program="act", verb=verb)
    act.add_argument("what", nargs="+", metavar="KIND NAME", action=_KindAndName, help="source git|kustomization|…")
    act.add_argument("--timeout", type=float, metavar="SECONDS", default=300.0, help="how long to wait for the result")
    if verb == "reconcile":
        act.add_argument("--with-source", action="store_true", help="the source first")
        act.add_argument("--force", action="store_true", help="HelmRelease: install or upgrade once more")
        act.add_argument("--reset", action="store_true", help="HelmRelease: forget failures")
    if verb == "suspend":
        act.add_argument("--reason", metavar="TEXT", help="kept on the object for the next person")
    _cluster_flags(act, inherit=True)


_ACTS = {
    "reconcile": "ask the controller for a pass and wait for its result",
    "suspend": "stop reconciling an object",
    "resume": "reconcile a suspended object again",
}


class _KindAndName(argparse.Action):
    """KIND may be two words; the name is the last one."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        if len(values) < 2:
            parser.error(f'"{values[0]}" is half of it: name the kind and the object, as in `kustomization apps`')
        setattr(namespace, self.dest, values)


def _rollback(to: Any) -> None:
    roll = to.add_parser("rollback", help="pin a Kustomization's git source to an earlier revision")
    roll.set_defaults(program="act", verb="rollback")
    roll.add_argument("what", nargs="+", metavar="KIND NAME", action=_KindAndName, help="kustomization NAME")
    roll.add_argument("--to", required=True, metavar="REVISION", help="main@sha1:… or sha1:…, from its history")
    roll.add_argument("--timeout", type=float, metavar="SECONDS", default=300.0)
    _cluster_flags(roll, inherit=True)


def _diff(to: Any) -> None:
    diff = to.add_parser("diff", help="what the next reconcile of a Kustomization would change", epilog=_DIFF_CODES)
    diff.set_defaults(program="diff", failed=2)
    diff.add_argument("what", nargs="+", metavar="KIND NAME", action=_KindAndName, help="kustomization NAME")
    diff.add_argument("--path", metavar="DIR", help="build this directory instead of the artifact")
    diff.add_argument("--ignore-not-found", action="store_true", help="with --kustomization-file: it may be a new one")
    diff.add_argument("--progress-bar", nargs="?", const="true", choices=("true", "false"), help="tell of the progress")
    _build_flags(diff)
    _cluster_flags(diff, inherit=True)


_DIFF_CODES = "Exit codes: 0 no differences, 1 differences, 2 it could not be compared."


def _build(to: Any) -> None:
    build = to.add_parser("build", help="the objects that a Kustomization makes of a local directory")
    build.set_defaults(program="build")
    build.add_argument("what", nargs="+", metavar="KIND NAME", action=_KindAndName, help="kustomization NAME")
    build.add_argument("--path", metavar="DIR", help="the directory; default: the Kustomization's path, from here")
    build.add_argument("--dry-run", action="store_true", help="ask no cluster: --kustomization-file is all there is")
    _build_flags(build)
    _cluster_flags(build, inherit=True)


def _build_flags(to: argparse.ArgumentParser) -> None:
    to.add_argument("--kustomization-file", metavar="FILE", help="the Kustomization, instead of the cluster's")
    to.add_argument("--ignore-paths", action="append", metavar="PATTERNS", help="as in .gitignore, by commas")
    to.add_argument("--strict-substitute", action="store_true", help="a variable without value is an error")
    to.add_argument("-r", "--recursive", action="store_true", help="also the Kustomizations among the objects")
    to.add_argument(
        "--local-sources", action="append", metavar="SOURCES", help="for -r: Kind/namespace/name=DIR, by commas"
    )
    to.add_argument("--in-memory-build", action="store_true", help="always so: nothing is written into DIR")


def _kustomize(to: Any) -> None:
    kustomize = to.add_parser("kustomize", help="what kubectl kustomize prints, without kubectl")
    kustomize.set_defaults(program="kustomize")
    kustomize.add_argument("dir", nargs="?", metavar="DIR", help="default: the working directory")
    kustomize.add_argument("--load-restrictor", choices=("LoadRestrictionsRootOnly", "LoadRestrictionsNone"))
    kustomize.add_argument("--reorder", choices=("legacy", "none"), help="default: legacy")
    kustomize.add_argument("-o", "--output", metavar="FILE|DIR", help="write there; a directory gets a file an object")
    kustomize.add_argument("--enable-helm", action="store_true", help="refused: charts are a HelmRelease's")
    kustomize.add_argument("--batch", action="store_true", help="JSON lines in, JSON lines out: see docs")


def _template(to: Any) -> None:
    template = to.add_parser("template", help="what helm template prints, without helm")
    template.set_defaults(program="template")
    template.add_argument("what", nargs="*", metavar="[NAME] CHART", help="a directory or an archive")
    template.add_argument("--batch", action="store_true", help="JSON lines in, JSON lines out: see docs")
    template.add_argument("--output-dir", metavar="DIR", help="a file a template, there")
    template.add_argument("-a", "--api-versions", **_LISTED, metavar="VERSIONS", help="served too, by commas")
    template.add_argument("-s", "--show-only", action="append", metavar="TEMPLATE", help="only what it renders to")
    for flag in ("include-crds", "skip-crds", "is-upgrade", "no-hooks", "skip-tests", "release-name"):
        template.add_argument(f"--{flag}", action="store_true")
    _chart_flags(template)


def _lint(to: Any) -> None:
    lint = to.add_parser("lint", help="what helm lint finds in a chart, without helm")
    lint.set_defaults(program="lint")
    lint.add_argument("what", nargs="+", metavar="CHART", help="directories or archives")
    for flag in ("strict", "quiet", "with-subcharts"):
        lint.add_argument(f"--{flag}", action="store_true")
    _chart_flags(lint)


def _chart_flags(to: argparse.ArgumentParser) -> None:
    """Namespace and values, as helm takes them."""
    to.add_argument("-n", "--namespace", metavar="NS")
    to.add_argument("--kube-version", metavar="VERSION", help="the Kubernetes that charts see")
    to.add_argument("--skip-schema-validation", action="store_true")
    to.add_argument("-f", "--values", dest="values_files", **_LISTED, metavar="FILES")
    for kind in ("", "-string", "-json", "-file", "-literal"):
        to.add_argument(f"--set{kind}", action="append", metavar="KEY=VALUE")


def _listed(text: str) -> list[str]:
    """Several values in one argument, as helm takes them: between commas, or in quotes with commas of their own."""
    import csv

    return next(csv.reader([text]), [])


_LISTED: Final[dict[str, Any]] = {"action": "extend", "type": _listed}


def _engine(to: Any) -> None:
    engine = to.add_parser("engine", help="the engine without the console")
    engine.set_defaults(program="drive")
    engine.add_argument("--drive", action="store_true", required=True, help="be the controllers on this cluster")
    engine.add_argument("--storage", metavar="DIR", help="where artifacts are kept")
    engine.add_argument("--no-remote-bases", action="store_true", help="fetch no remote bases of kustomizations")
    _cluster_flags(engine, inherit=True)


def _demo(to: Any) -> None:
    demo = to.add_parser("demo", help="live GitOps on this machine, for real, without a cluster")
    demo.set_defaults(program="console", demo=True)
    demo.add_argument("--data", metavar="DIR", help="the demo's folder; default: in the XDG data folder")
    demo.add_argument("--reset", action="store_true", help="begin anew")
    demo.add_argument("--calm", action="store_true", help="nothing happens by itself")
    demo.add_argument("--size", type=int, default=1, metavar="N", help="N times as many applications")
    demo.add_argument("--headless", action="store_true", help="without the console, until Ctrl-C")
    demo.add_argument("--theme", metavar="NAME", default=argparse.SUPPRESS)


def _apiserver(to: Any) -> None:
    server = to.add_parser("apiserver", help="the embedded Kubernetes API server, on loopback")
    server.set_defaults(program="apiserver")
    server.add_argument("--data", metavar="DIR", help="keep everything there; default: in memory")
    server.add_argument("--port", type=int, default=0, help="default: a free one")
    server.add_argument("--kubeconfig", dest="write_kubeconfig", metavar="FILE", help="write a kubeconfig for it")


_COMMANDS: Final[dict[str, Callable[[Any], None]]] = {
    "get": _get,
    "reconcile": partial(_act, verb="reconcile"),
    "suspend": partial(_act, verb="suspend"),
    "resume": partial(_act, verb="resume"),
    "rollback": _rollback,
    "diff": _diff,
    "build": _build,
    "kustomize": _kustomize,
    "template": _template,
    "lint": _lint,
    "engine": _engine,
    "demo": _demo,
    "apiserver": _apiserver,
}
"""Each command's grammar, in the order of the help."""
