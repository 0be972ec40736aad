"""How git's failures are told: in the words of go-git, which Flux puts into conditions (flux.md 3.1)."""

from __future__ import annotations

import re

from engine import errors
from engine.source.gitprocess import Output
from engine.source.giturl import Reference, Remote

#: What a server's own words may take up in an error.
_MAX_BODY = 1000
_STATUS = re.compile(r"The requested URL returned error: (\d{3})")


class GitError(errors.Retryable):
    """A git operation failed; the message is Flux's text."""


class EmptyRepository(GitError):
    """The remote has no refs at all."""


def failure(output: Output, remote: Remote) -> str:
    """What git said about a remote, in the words that go-git uses for it."""
    get = f'"{remote.url}/info/refs?service=git-upload-pack"'
    said = [_clean(line[8:].strip()) for line in output.err.splitlines() if line.startswith("remote: ")]
    body = "\n".join(said)[:_MAX_BODY] + "\n" if said else ""
    if "Authentication failed" in output.err:
        return f"authentication required: {body}"
    if status := _STATUS.search(output.err):
        code = status[1]
        if code == "403":
            return f"authorization failed: {body}"
        if code.startswith("3"):
            return f"the server redirects ({code}), and a login is not sent on: put the new address into spec.url"
        return f"unexpected client error: unexpected requesting {get} status code: {code}"
    if re.search(r"fatal: repository '.*' not found", output.err):
        return f"repository not found: {body}"
    host = re.sub(r"^https?://([^/?]+).*", r"\1", remote.url)
    if "Could not resolve host" in output.err:
        return f"Get {get}: dial tcp: lookup {host}: no such host"
    if "Failed to connect" in output.err or "Connection refused" in output.err:
        return f"Get {get}: dial tcp {host}: connect: connection refused"
    return last_line(output.err) or f"git ended with code {output.code}"


def redirected(output: Output) -> bool:
    """Whether the server answered with a redirect that git did not follow."""
    status = _STATUS.search(output.err)
    return status is not None and status[1].startswith("3")


def deadline(what: str, remote: Remote) -> GitError:
    """The error of an operation that took longer than it may."""
    get = f'"{remote.url}/info/refs?service=git-upload-pack"'
    return GitError(f"{what} '{remote.url}': Get {get}: context deadline exceeded")


def absent(remote: Remote, reference: Reference) -> str:
    """What is said of a reference that git could not even have."""
    if reference.commit:
        return f"unable to resolve commit object for '{reference.commit}': object not found"
    return f"unable to clone '{remote.url}': couldn't find remote ref \"{reference.full}\""


def last_line(text: str) -> str:
    """The last thing git said, without its prefix, control characters and anything that could be a login."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = re.sub(r"^(fatal|error): ", "", lines[-1]) if lines else ""
    last = re.sub(r"(?<=//)[^/@\s]*@", "***@", last)
    return _clean(last)[:_MAX_BODY]


def _clean(text: str) -> str:
    """Text from a server without control characters."""
    return "".join(char for char in text if char.isprintable())
