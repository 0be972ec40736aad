"""Where a git server moved a repository to, for requests that carry a login.

git would send the login on to wherever it is redirected. So with a login it follows no redirect, and this finds out
whether the new address is at the same server (`…/repo` → `…/repo.git`, a renamed repository), where the login belongs.
"""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urljoin, urlsplit

from engine import errors
from engine.source import giturl
from engine.source.giturl import Remote

_SUFFIX = "/info/refs"
_MOVED = frozenset({301, 302, 303, 307, 308})


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def moved(remote: Remote, timeout: float) -> Remote | None:
    """The repository's new address at the same server, or None. Blocks for up to `timeout` seconds."""
    context = ssl.create_default_context()
    if remote.credentials.ca:
        context.load_verify_locations(cadata=remote.credentials.ca.decode(errors="replace"))
    opener = urllib.request.build_opener(_Stay, urllib.request.HTTPSHandler(context=context))
    asked = f"{remote.url}{_SUFFIX}?service=git-upload-pack"
    name, _, value = remote.credentials.header().partition(": ")
    # The scheme is http or https: giturl has seen to that.
    request = urllib.request.Request(asked, headers={name: value, "User-Agent": "git/2"})  # noqa: S310
    try:
        opener.open(request, timeout=timeout).close()
    except urllib.error.HTTPError as answer:
        with answer:
            return _same_server(remote, asked, answer.code, answer.headers.get("Location") or "")
    except (OSError, ValueError):
        return None
    return None


def _same_server(remote: Remote, asked: str, status: int, location: str) -> Remote | None:
    to = urlsplit(urljoin(asked, location))
    here = urlsplit(remote.url)
    if status not in _MOVED or (to.scheme, to.netloc) != (here.scheme, here.netloc) or not to.path.endswith(_SUFFIX):
        return None
    try:
        return giturl.remote(f"{to.scheme}://{to.netloc}{to.path.removesuffix(_SUFFIX)}", remote.credentials)
    except errors.EngineError:
        return None
