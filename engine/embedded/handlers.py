"""Resource requests over HTTP: a table from (method, what the path names) to what is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from engine.embedded import decode, options, patch, reviews, status
from engine.embedded.core import Core
from engine.embedded.encode import Encoder, value_bytes
from engine.embedded.negotiate import YAML, Form, negotiate
from engine.embedded.registry import Resource
from engine.embedded.requestinfo import RequestInfo, parse_path
from engine.embedded.tables import Tables
from engine.embedded.verbs import apply, delete, read, scale, watch, write
from engine.embedded.verbs.write import Outcome, Target

_PATCH_DETAILS: dict[int, dict[str, Any]] = {422: {}}
PATCH_TYPES = (decode.JSON_PATCH, decode.MERGE_PATCH, decode.STRATEGIC_PATCH, decode.APPLY_YAML)
CUSTOM_PATCH_TYPES = (decode.JSON_PATCH, decode.MERGE_PATCH, decode.APPLY_YAML)


@dataclass(frozen=True, slots=True)
class Call:
    """One request on its way through a handler."""

    core: Core
    request: web.Request
    info: RequestInfo
    resource: Resource
    form: Form
    stopping: asyncio.Event

    @property
    def target(self) -> Target:
        """The object it names."""
        return Target(self.resource, self.info.namespace, self.info.name, self.info.subresource)

    @property
    def encoder(self) -> Encoder:
        """For answers about this resource."""
        include = self.request.query.get("includeObject", "Metadata")
        return Encoder(self.resource, self.form, Tables(self.core.clock, include))

    def write_options(self, kind: str, *, is_apply: bool = False) -> options.WriteOptions:
        """The options of a create, update or patch."""
        agent = self.request.headers.get("User-Agent", "")
        return options.write_options(self.request.query, kind=kind, user_agent=agent, apply=is_apply)

    @property
    def content_type(self) -> str:
        """As the client sent it."""
        return self.request.headers.get("Content-Type", "")


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


async def serve(call: Call) -> web.StreamResponse:
    """Do what the request asks; 405 for a method that the resource does not have."""
    handler = _handler(call)
    if handler is None:
        raise status.method_not_allowed()
    return await handler(call)


def _handler(call: Call) -> Handler | None:
    info, method = call.info, call.request.method
    if info.subresource:
        found = call.resource.subresources.get(info.subresource)
        if found is None:
            raise status.resource_unknown()
        handlers = _SUBRESOURCES.get(info.subresource)
        if handlers is None:
            raise status.not_implemented(f"{call.resource.plural}/{info.subresource}")
        return handlers.get(method)
    verb = _VERBS.get((method, bool(info.name)))
    if verb is None or verb not in call.resource.verbs:
        return None
    if method == "POST" and call.resource.namespaced and not info.namespace:
        return None
    return _HANDLERS[verb]


def _body(call: Call) -> Awaitable[bytes]:
    return call.request.read()


async def _answer(call: Call, outcome: Outcome) -> web.Response:
    """The outcome of a write, once it is on disk."""
    await call.core.store.durable()
    if outcome.obj.get("kind") == "Status":
        body = value_bytes(outcome.obj, call.form)
    else:
        body = call.encoder.object(outcome.obj)
    return respond(body, call.form, outcome.code, outcome.warnings)


def respond(body: bytes, form: Form, code: int = 200, warnings: tuple[str, ...] = ()) -> web.Response:
    """An answer in the client's form, with its warnings."""
    response = web.Response(body=body, status=code, content_type=form.media)
    response.headers["Cache-Control"] = "no-cache, private"
    for warning in warnings:
        text = warning.replace("\\", "\\\\").replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{text}"')
    return response


async def _get(call: Call) -> web.StreamResponse:
    if call.info.watch:
        asked = options.list_options(call.request.query)
        return await _watch(call, replace(asked, watch=True, fields=f"metadata.name={call.info.name}"))
    record = read.get(call.core, call.resource, call.info.namespace, call.info.name)
    return respond(call.encoder.object(record.obj), call.form)


async def _list(call: Call) -> web.StreamResponse:
    asked = options.list_options(call.request.query)
    if asked.watch or call.info.watch:
        return await _watch(call, replace(asked, watch=True))
    page = read.list_page(call.core, call.resource, call.info.namespace, asked)
    return respond(call.encoder.page(page), call.form)


async def _watch(call: Call, asked: options.ListOptions) -> web.StreamResponse:
    if call.form.media == YAML:
        raise status.ApiError(406, "NotAcceptable", "watches are served as JSON only")
    watching = watch.Watch(call.core, call.resource, call.info.namespace, asked, call.encoder)
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
    response.enable_chunked_encoding()
    await response.prepare(call.request)
    frames = watching.frames(call.stopping)
    try:
        async for chunk in frames:
            await response.write(chunk)
        await response.write_eof()
    except ConnectionResetError:
        pass  # the client has hung up, as watchers do
    finally:
        await frames.aclose()
    return response


async def _create(call: Call) -> web.StreamResponse:
    asked = call.write_options("CreateOptions")
    body = decode.decode_object(await _body(call), call.content_type, kind=call.resource.kind)
    if not call.resource.stored:
        return respond(call.encoder.object(reviews.review(call.resource, body.value, call.core.now())), call.form, 201)
    outcome = write.create(call.core, call.resource, call.info.namespace, body.value, asked, duplicates=body.duplicates)
    return await _answer(call, outcome)


async def _update(call: Call) -> web.StreamResponse:
    asked = call.write_options("UpdateOptions")
    body = decode.decode_object(await _body(call), call.content_type, kind=call.resource.kind)
    outcome = write.replace(call.core, call.target, body.value, asked, duplicates=body.duplicates)
    return await _answer(call, outcome)


async def _patch(call: Call) -> web.StreamResponse:
    media = decode.media_type(call.content_type)
    if media not in PATCH_TYPES:
        raise status.unsupported_patch()
    if call.resource.custom is not None and media not in CUSTOM_PATCH_TYPES:
        raise status.unsupported_body(CUSTOM_PATCH_TYPES)
    is_apply = media == decode.APPLY_YAML
    asked = call.write_options("PatchOptions", is_apply=is_apply)
    raw = await _body(call)
    if is_apply:
        body = decode.decode_yaml(raw)
        outcome = apply.apply(call.core, call.target, body.value, asked, duplicates=body.duplicates)
    else:
        outcome = write.modify(call.core, call.target, _change(call, media, decode.decode_json(raw)), asked)
    return await _answer(call, outcome)


def _change(call: Call, media: str, body: Any) -> Callable[[dict[str, Any]], Any]:
    ways: dict[str, Callable[[dict[str, Any]], Any]] = {
        decode.JSON_PATCH: lambda live: patch.json_patch(live, body),
        decode.MERGE_PATCH: lambda live: patch.merge_patch(live, body),
        decode.STRATEGIC_PATCH: lambda live: patch.strategic_merge(live, body, call.resource.schema),
    }

    def change(live: dict[str, Any]) -> Any:
        try:
            return ways[media](live)
        except patch.PatchError as error:
            raise status.ApiError(
                error.code, error.reason, error.message, details=_PATCH_DETAILS.get(error.code)
            ) from error

    return change


async def _delete(call: Call) -> web.StreamResponse:
    asked = await _delete_options(call)
    record = read.get(call.core, call.resource, call.info.namespace, call.info.name)
    return await _answer(call, delete.delete(call.core, call.resource, record, asked))


async def _delete_collection(call: Call) -> web.StreamResponse:
    asked = await _delete_options(call)
    page = read.list_page(call.core, call.resource, call.info.namespace, options.list_options(call.request.query))
    for record in page.records:
        present = call.core.store.get(record.storage, record.namespace, record.name)
        if present is not None:
            delete.delete(call.core, call.resource, present, asked)
    await call.core.store.durable()
    return respond(call.encoder.page(page), call.form)


async def _delete_options(call: Call) -> options.DeleteOptions:
    raw = await _body(call)
    body: Any = None
    if raw:
        body = decode.decode_object(raw, call.content_type, kind="DeleteOptions").value
        if not isinstance(body, dict):
            raise status.bad_request("DeleteOptions is not an object")
    return options.delete_options(call.request.query, body)


async def _get_scale(call: Call) -> web.StreamResponse:
    record = read.get(call.core, call.resource, call.info.namespace, call.info.name)
    return _scale(call, scale.read(call.resource, record.obj))


async def _put_scale(call: Call) -> web.StreamResponse:
    asked = call.write_options("UpdateOptions")
    body = decode.decode_object(await _body(call), call.content_type, kind="Scale").value
    outcome = scale.change(call.core, call.target, body, asked, merge=False)
    await call.core.store.durable()
    return _scale(call, outcome.obj)


async def _patch_scale(call: Call) -> web.StreamResponse:
    asked = call.write_options("PatchOptions")
    media = decode.media_type(call.content_type)
    if media not in (decode.MERGE_PATCH, decode.STRATEGIC_PATCH):
        raise status.unsupported_body((decode.MERGE_PATCH, decode.STRATEGIC_PATCH))
    body = decode.decode_json(await _body(call))
    outcome = scale.change(call.core, call.target, body, asked, merge=True)
    await call.core.store.durable()
    return _scale(call, outcome.obj)


def _scale(call: Call, obj: dict[str, Any]) -> web.Response:
    return respond(value_bytes(obj, call.form), call.form)


async def _finalize(call: Call) -> web.StreamResponse:
    asked = call.write_options("UpdateOptions")
    body = decode.decode_object(await _body(call), call.content_type, kind=call.resource.kind).value
    record = read.get(call.core, call.resource, "", call.info.name)
    wanted = (body.get("spec") or {}).get("finalizers") or []
    obj = {**record.obj, "spec": {**(record.obj.get("spec") or {}), "finalizers": wanted}}
    obj["metadata"] = dict(record.obj["metadata"])
    return await _answer(call, write.finalize(call.core, call.resource, record, obj, asked))


_VERBS = {
    ("GET", False): "list",
    ("GET", True): "get",
    ("POST", False): "create",
    ("PUT", True): "update",
    ("PATCH", True): "patch",
    ("DELETE", True): "delete",
    ("DELETE", False): "deletecollection",
}
_HANDLERS: dict[str, Handler] = {
    "list": _list,
    "get": _get,
    "create": _create,
    "update": _update,
    "patch": _patch,
    "delete": _delete,
    "deletecollection": _delete_collection,
}
_SUBRESOURCES: dict[str, dict[str, Handler]] = {
    "status": {"GET": _get, "PUT": _update, "PATCH": _patch},
    "scale": {"GET": _get_scale, "PUT": _put_scale, "PATCH": _patch_scale},
    "finalize": {"PUT": _finalize},
}


def form_of(request: web.Request) -> Form:
    """What the client accepts, or 406."""
    return negotiate(request.headers.get("Accept", ""), watchable=request.method == "GET" and _collection(request))


def _collection(request: web.Request) -> bool:
    """Whether the path names a collection that could be watched."""
    info = parse_path(request.raw_path.split("?", 1)[0])
    return info is not None and bool(info.plural) and not info.name
