"""`fluxtui template NAME CHART`: what `helm template` prints; `--batch`: one render a line, asked and told in JSON."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from engine import errors
from engine.helm import printing
from engine.helm.capabilities import Capabilities
from engine.helm.chart import Chart, Directory, load, load_files
from engine.helm.gotext import encode, valid
from engine.helm.printing import Output, Shown
from engine.helm.render import Options, Release, Rendered, render
from engine.helm.template import Cache
from engine.helm.values.options import ValueOptions, merge_options
from engine.programs.words import Options as Flags
from engine.programs.words import say
from engine.templatecache import TemplateCache

DEFAULT_NAME: Final = "release-name"
DEFAULT_NAMESPACE: Final = "default"
MAX_VALUES_FILE: Final = 16 * 2**20
"""Bytes of one values file."""


def main(flags: Flags) -> int:
    """Render, and print or write; exit code 1 when it fails."""
    if flags.get("batch"):
        return batch(sys.stdin.buffer, sys.stdout.buffer)
    name, chart = name_and_chart(flags.get("what") or ())
    shown = Shown(
        include_crds=bool(flags.get("include_crds")),
        hooks=not flags.get("no_hooks"),
        tests=not flags.get("skip_tests"),
        show_only=tuple(flags.get("show_only") or ()),
    )
    folder = flags.get("output_dir")
    if folder and shown.show_only:
        raise errors.Refused(
            "--show-only chooses what is printed, and --output-dir prints nothing", fix="use one of them"
        )
    cache = TemplateCache()
    rendered = _render(name, chart, flags, cache)
    for warning in rendered.warnings:
        say("⚠️", warning)
    if folder:
        write(folder, name if flags.get("release_name") else "", printing.output_documents(rendered, shown))
    else:
        sys.stdout.buffer.write(encode(printing.template_text(rendered, shown)))
        sys.stdout.buffer.flush()
    cache.save()
    return 0


def name_and_chart(words: Iterable[str]) -> tuple[str, str]:
    """NAME and CHART; a chart alone is rendered as `release-name`, as by helm."""
    match [*words]:
        case [name, chart]:
            return name, chart
        case [chart]:
            return DEFAULT_NAME, chart
    raise errors.Refused("name a release and a chart", fix="as in `fluxtui template podinfo ./charts/podinfo`")


def _render(name: str, chart: str, flags: Flags, cache: Cache | None = None) -> Rendered:
    values = merge_options(value_options(flags), read_file)
    options = Options(
        release=Release(
            name=name,
            namespace=flags.get("namespace") or DEFAULT_NAMESPACE,
            is_install=not flags.get("is_upgrade"),
            is_upgrade=bool(flags.get("is_upgrade")),
        ),
        capabilities=Capabilities.assumed(flags.get("kube_version") or "", flags.get("api_versions") or ()),
        skip_schema_validation=bool(flags.get("skip_schema_validation")),
    )
    return render(chart_at(Path(chart)), values, options, cache=cache)


def chart_at(path: Path) -> Chart:
    """The chart that a person names. As with helm its links may lead anywhere, and each that does is said."""
    if not path.is_dir():
        return load(path)
    directory = Directory(path, outside=True)
    chart = load_files(directory.files())
    for name in directory.left_by:
        say("⚠️", f"{name} is a link that leaves the chart; what it points at is part of the render")
    return chart


def value_options(flags: Flags) -> ValueOptions:
    """The flags that give values."""
    return ValueOptions(
        values_files=tuple(flags.get("values_files") or ()),
        set_json=tuple(flags.get("set_json") or ()),
        set=tuple(flags.get("set") or ()),
        set_string=tuple(flags.get("set_string") or ()),
        set_file=tuple(flags.get("set_file") or ()),
        set_literal=tuple(flags.get("set_literal") or ()),
    )


def read_file(name: str) -> bytes:
    """A file that a flag names, `-` being standard input; nothing is fetched."""
    if name.strip() == "-":
        return sys.stdin.buffer.read()
    if "://" in name:
        raise errors.Unsupported(f"{name} is a URL, and a render fetches nothing", fix="download the file first")
    try:
        path = Path(name)
        if path.stat().st_size > MAX_VALUES_FILE:
            raise errors.LimitExceeded(f"{name} is larger than {MAX_VALUES_FILE} bytes")
        return path.read_bytes()
    except OSError as error:
        raise errors.NotFound(f"cannot read {name}: {error.strerror}") from error


def write(folder: str, release: str, documents: Iterable[Output]) -> None:
    """Write the documents below the folder, all but CRDs below the release's in it, and say which.

    A link in the way is not followed out of it; what was there before is replaced.
    """
    root = Path(folder).resolve()
    texts: dict[Path, list[str]] = {}
    told = []
    for document in documents:
        below = posixpath.join(folder, release) if release and not document.is_crd else folder
        name = f"{below}/{document.path}"
        if not Path(name).resolve().is_relative_to(root):
            raise errors.Refused(f"{name} leads out of {folder} through a link", fix="write into an empty folder")
        texts.setdefault(Path(name), []).append(document.text)
        told.append(f"wrote {name}\n")
    for path, parts in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode("".join(parts)))
    # helm prints what it did not write: an empty line.
    print("".join(told))


# --- batch -----------------------------------------------------------------------------------------------------


def batch(requests: BinaryIO, answers: BinaryIO) -> int:
    """Answer each line in order; what fails is an answer too, so the exit code is 0."""
    cache = TemplateCache()
    for line in requests:
        if line.strip():
            answers.write(orjson.dumps(answer(line, cache)) + b"\n")
            answers.flush()
            cache.save()
    return 0


def answer(line: bytes, cache: Cache) -> dict[str, Any]:
    """One render of a batch: {"ok": true, "manifest": …} or {"ok": false, "error": …}."""
    try:
        request = orjson.loads(line)
        if not isinstance(request, dict) or not request.get("chart"):
            raise errors.Malformed('a line of a batch is an object with at least "chart"')
        return {"ok": True, "manifest": _batched(request, cache)}
    except orjson.JSONDecodeError as error:
        return {"ok": False, "error": f"this line is not JSON: {error}"}
    except errors.EngineError as error:
        return {"ok": False, "error": str(error)}
    except RecursionError:
        return {"ok": False, "error": "the chart or its values are nested too deeply"}


_REQUEST: Final[Mapping[str, type]] = {
    "name": str,
    "chart": str,
    "namespace": str,
    "values_files": list,
    "set": list,
    "include_crds": bool,
    "kube_version": str,
}


_WORDS: Final[Mapping[type, str]] = {str: "a string", list: "a list of strings", bool: "true or false"}


def _batched(request: Mapping[str, Any], cache: Cache) -> str:
    for field, value in request.items():
        wanted = _REQUEST.get(field)
        if wanted is None:
            raise errors.Unsupported(f"a batch has no field {field}", fix=f"known: {', '.join(_REQUEST)}")
        texts = value if isinstance(value, list) else ()
        if value is not None and (not isinstance(value, wanted) or not all(isinstance(text, str) for text in texts)):
            raise errors.Malformed(f"the field {field} of a batch is {_WORDS[wanted]}")
    rendered = _render(request.get("name") or DEFAULT_NAME, request["chart"], request, cache)
    text = printing.template_text(rendered, Shown(include_crds=bool(request.get("include_crds"))))
    return valid(text)
