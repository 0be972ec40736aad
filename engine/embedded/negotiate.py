"""Which form the client wants the answer in."""

from __future__ import annotations

from dataclasses import dataclass

from engine.embedded import status

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
DISCOVERY_V2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
SERVED = (JSON, YAML, PROTOBUF)
_TRANSFORMS = frozenset({"Table", "PartialObjectMetadata", "PartialObjectMetadataList"})
_MAX_ACCEPT = 4096


@dataclass(frozen=True, slots=True)
class Form:
    """`media` is JSON or YAML; `transform` is "", Table, PartialObjectMetadata or PartialObjectMetadataList."""

    media: str = JSON
    transform: str = ""


@dataclass(frozen=True, slots=True)
class _Range:
    media: str
    params: dict[str, str]


def negotiate(accept: str, *, watchable: bool = False) -> Form:
    """The first acceptable form; protobuf is never written, so a client that takes only that gets 406."""
    ranges = _parse(accept)
    only_protobuf = bool(ranges)
    for wanted in ranges:
        form = _form(wanted)
        if form is not None:
            return form
        only_protobuf = only_protobuf and wanted.media == PROTOBUF
    if not ranges:
        return Form()
    if only_protobuf or any("as" in wanted.params for wanted in ranges):
        raise status.ApiError(406, "NotAcceptable", f"only the following media types are accepted: {', '.join(SERVED)}")
    served = (*SERVED, f"{JSON};stream=watch", f"{PROTOBUF};stream=watch") if watchable else SERVED
    message = f"406: Not Acceptable\n\nAvailable representations: {', '.join(served)}"
    raise status.ApiError(406, "NotAcceptable", message, details={})


def wants_aggregated(accept: str) -> bool:
    """Whether aggregated discovery v2 is what the client likes best; 406 where it takes only an older version."""
    ranges = _parse(accept)
    for wanted in ranges:
        group, version = wanted.params.get("g"), wanted.params.get("v")
        if wanted.params.get("as") == "APIGroupDiscoveryList" and group == "apidiscovery.k8s.io":
            if version == "v2":
                return True
            continue
        if _form(wanted) is not None:
            return False
    negotiate(accept)
    return False


def _form(wanted: _Range) -> Form | None:
    transform = wanted.params.get("as", "")
    if transform and (
        transform not in _TRANSFORMS or wanted.params.get("g") != "meta.k8s.io" or wanted.params.get("v") != "v1"
    ):
        return None
    if wanted.media in (JSON, "*/*", "application/*"):
        return Form(JSON, transform)
    if wanted.media in (YAML, "application/x-yaml"):
        return Form(YAML, transform)
    return None


def _parse(accept: str) -> list[_Range]:
    found: list[_Range] = []
    for part in accept[:_MAX_ACCEPT].split(","):
        media, *params = (piece.strip() for piece in part.split(";"))
        if not media:
            continue
        pairs = dict(param.split("=", 1) for param in params if "=" in param)
        found.append(_Range(media.lower(), pairs))
    return found
