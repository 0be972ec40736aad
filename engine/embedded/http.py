"""HTTP: who asks, what the path means, and errors as the API server words them."""

from __future__ import annotations

import asyncio
import hmac
import logging
from collections.abc import Callable

from aiohttp import web

from engine.embedded import decode, discovery, handlers, health, openapi_docs, status
from engine.embedded.core import Core
from engine.embedded.encode import json_bytes, value_bytes
from engine.embedded.negotiate import DISCOVERY_V2, Form, negotiate, wants_aggregated
from engine.embedded.requestinfo import RequestInfo, parse_path

log = logging.getLogger(__name__)

_JSON = Form()
_IMPERSONATE = "impersonate-"
_TEXT = "text/plain"


class Http:
    """The aiohttp application over a core."""

    def __init__(self, core: Core, token: str) -> None:
        self._core = core
        self._token = token
        self._address = ""
        self._stopping = asyncio.Event()
        self._openapi = openapi_docs.Documents(core.registry)
        self.app = web.Application(client_max_size=decode.MAX_BODY)
        self.app.router.add_route("*", "/{path:.*}", self._handle)

    def listen_on(self, address: str) -> None:
        """host:port, for discovery."""
        self._address = address

    def stop(self) -> None:
        """End all watches."""
        self._stopping.set()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            self._authenticate(request)
            return await self._route(request)
        except status.PlainError as error:
            return web.Response(text=error.message, status=error.status_code, content_type=_TEXT)
        except status.ApiError as error:
            return _error(request, error)
        except web.HTTPRequestEntityTooLarge:
            return _error(request, status.too_large(decode.MAX_BODY))
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception as error:
            # The boundary of a request: one bad request must not end the server; the client gets a 500.
            log.exception("%s %s failed", request.method, request.path)
            return _error(request, status.ApiError(500, "InternalError", f"Internal error: {type(error).__name__}"))

    def _authenticate(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        given = token.strip().encode(errors="surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given, self._token.encode()):
            raise status.unauthorized()
        for header in request.headers:
            if header.lower().startswith(_IMPERSONATE):
                raise status.not_implemented("impersonation")

    async def _route(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.split("?", 1)[0]
        plain = self._plain(path, request)
        if plain is not None:
            return plain
        if path.rstrip("/") in ("/api", "/apis"):
            return self._discover_root(request, core=path.rstrip("/") == "/api")
        info = parse_path(path)
        if info is None:
            raise status.page_not_found()
        if not info.plural:
            return self._discover(request, info)
        resource = self._core.registry.find(info.group, info.version, info.plural)
        if resource is None:
            if info.version not in self._core.registry.versions(info.group):
                raise status.page_not_found()
            raise status.resource_unknown()
        form = handlers.form_of(request)
        return await handlers.serve(handlers.Call(self._core, request, info, resource, form, self._stopping))

    def _plain(self, path: str, request: web.Request) -> web.Response | None:
        """Paths that are no resource."""
        if path.startswith("/openapi/"):
            return self._openapi.answer(path, request)
        if path in health.PATHS:
            text = health.health(path, verbose="verbose" in request.query)
            return web.Response(text=text, content_type=_TEXT, charset="utf-8")
        documents: dict[str, Callable[[], object]] = {
            "/version": lambda: health.VERSION,
            "/version/": lambda: health.VERSION,
            "/": lambda: {"paths": discovery.paths(self._core.registry)},
        }
        make = documents.get(path)
        return None if make is None else _document(make(), _JSON)

    def _discover_root(self, request: web.Request, *, core: bool) -> web.Response:
        accept = request.headers.get("Accept", "")
        if wants_aggregated(accept):
            return self._aggregated(request, core=core)
        form = negotiate(accept)
        if core:
            return _document(discovery.api_versions(self._address), form)
        return _document(discovery.group_list(self._core.registry), form)

    def _discover(self, request: web.Request, info: RequestInfo) -> web.Response:
        registry = self._core.registry
        form = negotiate(request.headers.get("Accept", ""))
        if info.group not in registry.groups() or (info.version and info.version not in registry.versions(info.group)):
            raise status.page_not_found()
        if not info.version:
            return _document(discovery.group(registry, info.group), form)
        return _document(discovery.resource_list(registry, info.group, info.version), form)

    def _aggregated(self, request: web.Request, *, core: bool) -> web.Response:
        document = discovery.aggregated(self._core.registry, core=core)
        tag = discovery.etag(document)
        headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": "public"}
        if request.headers.get("If-None-Match") == tag:
            return web.Response(status=304, headers=headers)
        headers["Content-Type"] = DISCOVERY_V2
        return web.Response(body=json_bytes(document), headers=headers)


def _document(value: object, form: Form) -> web.Response:
    response = web.Response(body=value_bytes(value, form), content_type=form.media)
    response.headers["Cache-Control"] = "no-cache, private"
    return response


def _error(request: web.Request, error: status.ApiError) -> web.Response:
    try:
        form = Form(negotiate(request.headers.get("Accept", "")).media)
    except status.ApiError:
        form = _JSON
    response = web.Response(body=value_bytes(error.status, form), status=error.code, content_type=form.media)
    response.headers["Cache-Control"] = "no-cache, private"
    response.headers.update(error.headers)
    return response
