"""A controller's message as one short clause: what failed (object, reason). The full text stays in the describe pane.

Each rule is a pattern over the first line of the message and what becomes of it; the first that matches wins. What a
rule calls `rest` is shortened by the same rules, so that "kustomize build failed: accumulating resources: …" peels off
layer by layer. The texts are those of flux.md 3, 4 and 6. Patterns are ours; the text is bounded before they see it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from fluxtui.view.ages import brief_duration

_LIMIT: Final = 600
_LAYERS: Final = 8

Rule = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _subject(text: str) -> str:
    """`Deployment/ns/name` as `Deployment name`: the namespace is told in full in the describe pane."""
    parts = text.strip().split("/")
    return f"{parts[0]} {parts[-1]}" if len(parts) > 1 else text.strip()


def _unhealthy(match: re.Match[str]) -> str:
    subjects = [_subject(found) for found in re.findall(r"([^\s\[,]+) status: '", match["list"])]
    verb = "failed" if match["how"].startswith("failed early") else "not ready"
    if not subjects:
        return f"health: {match['list']}"
    more = f" +{len(subjects) - 1}" if len(subjects) > 1 else ""
    return f"health: {subjects[0]} {verb}{more}"


def _dry_run(match: re.Match[str]) -> str:
    return f"{_subject(match['subject'])}: {_api(match['why'])}"


def _api(text: str) -> str:
    """An API server's sentence without the preamble that repeats the object."""
    found = re.match(r'(?:admission webhook "[^"]{1,200}" denied the request: |\S+ "[^"]{1,253}" is invalid: )', text)
    return text[found.end() :] if found else text


def _missing_file(match: re.Match[str]) -> str:
    parts = match["path"].rstrip("/").split("/")
    return f"no such file {'/'.join(parts[-2:])}"


def _rule(pattern: str, clause: str | Callable[[re.Match[str]], str]) -> Rule:
    return re.compile(pattern), clause


RULES: Final[tuple[Rule, ...]] = (
    # success
    _rule(r"Applied revision: \S+$", "Applied"),
    _rule(r"stored artifact(?: for|:) (?:revision|digest)\b.*", "stored"),
    _rule(r"(?:pulled|packaged|new) '[^']+' chart with version '(?P<version>[^']+)'.*", r"chart {version}"),
    _rule(r"Helm (?:install|upgrade) succeeded for release \S+\.(?P<v>v\d+) with chart \S+", r"release {v}"),
    _rule(
        r"Helm test succeeded for release \S+\.(?P<v>v\d+) with chart \S+: (?P<tests>.*)",
        r"release {v}, {tests}",
    ),
    _rule(r"Reconciliation finished in (?P<d>[^,\s]+), .*", lambda m: f"finished in {brief_duration(m['d'])}"),
    _rule(r"stored artifact for commit '(?P<subject>.+)'$", "stored: {subject}"),
    _rule(r"no changes since last reconciliation: .*", "no change"),
    _rule(r"artifact up-to-date with remote revision: .*", "no change"),
    _rule(r"Health check passed in (?P<d>\S+)$", lambda m: f"healthy after {brief_duration(m['d'])}"),
    # progress
    _rule(r"Reconciliation in progress$", "reconciling"),
    _rule(r"Fetching manifests for revision .*", "fetching"),
    _rule(r"Building manifests for revision .*", "building"),
    _rule(r"Detecting drift for revision .*", "applying"),
    _rule(r"Running health checks for revision .*", "waiting for health"),
    _rule(r"building artifact: new (?:upstream )?revision .*", "storing a new revision"),
    _rule(r"Running '(?P<action>\w+)' action with timeout of .*", r"{action} running"),
    # waiting for others
    _rule(r"Dependencies do not meet ready condition.*", "waits for its dependencies"),
    _rule(r"dependency '(?P<dep>[^']+)' (?:is not ready|revision is not up to date).*", r"waits for {dep}"),
    _rule(
        r"(?:unable to get )?'?(?:dependency )?'?(?P<dep>[^'\s]+)' (?:dependency: )?.*not found$",
        r"no dependency {dep}",
    ),
    _rule(r"Source artifact not found, retrying in \S+", "source has no artifact yet"),
    _rule(r"Source is not ready, artifact not found.*", "source artifact is gone"),
    _rule(r"(?P<kind>[A-Z]\w+)\.source\.toolkit\.fluxcd\.io \"(?P<name>[^\"]+)\" not found", r"no {kind} {name}"),
    _rule(r"(?P<kind>[A-Z]\w+) '(?P<name>[^']+)' is not ready: .*", r"source {kind} {name} not ready"),
    # layers that say where
    _rule(r"failed to checkout and determine revision: (?P<rest>.+)", "{rest}"),
    _rule(r"unable to (?:list remote for|clone) '[^']*': (?P<rest>.+)", "{rest}"),
    _rule(r"kustomize build failed: (?P<rest>.+)", r"build: {rest}"),
    _rule(r"accumulating (?:resources|components|namespace)[^:]*: (?P<rest>.+)", "{rest}"),
    _rule(r"accumulation err='(?P<rest>.+?)'?$", "{rest}"),
    _rule(r"post build failed for '(?P<o>[^']+)': (?P<rest>.+)", r"substitution in {o}: {rest}"),
    _rule(r"decryption failed for '(?P<o>[^']+)': (?P<rest>.+)", r"decryption of {o}: {rest}"),
    _rule(r"health check failed after \S+: (?P<rest>.+)", "{rest}"),
    _rule(
        r"Helm (?P<act>install|upgrade|test|uninstall) failed for release \S+ with chart \S+: (?P<rest>.+)",
        r"{act} failed: {rest}",
    ),
    _rule(r"Helm rollback to previous release \S+ with chart \S+ succeeded", "rolled back after a failed upgrade"),
    _rule(r"Reconciliation failed terminally due to configuration error: (?P<rest>.+)", r"configuration: {rest}"),
    _rule(r"failed to configure authentication options: (?P<rest>.+)", r"auth: {rest}"),
    # what failed
    _rule(r"(?P<how>failed early due to stalled resources|timeout waiting for): \[(?P<list>.*?)\]?$", _unhealthy),
    _rule(r"(?P<subject>\S+/\S+) dry-run failed(?: \(\w+\))?: (?P<why>.+)", _dry_run),
    _rule(r"(?P<subject>\S+/\S+) (?:apply|delete) failed: (?P<why>.+)", _dry_run),
    _rule(r"delete failed, errors: (?P<rest>.+)", r"prune: {rest}"),
    _rule(
        r"kustomization path not found: stat \S*?/kustomization-\d+/(?P<path>\S+?):.*",
        r"no path {path} in the source",
    ),
    _rule(r"kustomization path not found: (?P<why>.+)", r"path not found: {why}"),
    _rule(
        r".*?(?:open|evalsymlink failure on|lstat|stat) '?(?P<path>/?[^\s':]+)'?.*no such file or directory.*",
        _missing_file,
    ),
    _rule(r"couldn't find remote ref \"refs/(?:heads|tags)/(?P<ref>[^\"]+)\".*", r"no branch or tag {ref}"),
    _rule(r"(?:unable to clone: )?repository not found.*", "repository not found"),
    _rule(r"authentication required.*", "auth: 401"),
    _rule(r"(?:invalid auth method|authorization failed).*", "auth: refused"),
    _rule(r"failed to get secret '(?P<s>[^']+)': .*not found", r"auth: no Secret {s}"),
    _rule(r".*dial tcp[^:]*: lookup (?P<host>\S+?)(?: on \S+)?: no such host.*", r"no such host {host}"),
    _rule(r".*dial tcp (?P<host>\S+): connect: connection refused.*", r"connection refused by {host}"),
    _rule(r".*(?:context deadline exceeded|i/o timeout|timed out waiting for the condition).*", "timed out"),
    _rule(r".*x509: (?P<why>.+)", r"certificate: {why}"),
    _rule(r"no match found for semver: (?P<c>.+)", r"no tag matches {c}"),
    _rule(r"failed to download archive: .*", "artifact could not be downloaded"),
)  # fmt: skip


@lru_cache(maxsize=8_192)
def clause(message: str) -> str:
    """The message as one short clause; what no rule knows stays as it is, first line only."""
    return _shorten(message[:_LIMIT].split("\n", 1)[0].strip().rstrip("."), _LAYERS)


def _shorten(text: str, layers: int) -> str:
    if layers == 0:
        return text
    for pattern, template in RULES:
        match = pattern.match(text)
        if match is None:
            continue
        if callable(template):
            return template(match)
        groups = match.groupdict()
        if "rest" in groups:
            groups["rest"] = _shorten(groups["rest"].strip(), layers - 1)
        return template.format(**groups)
    return text
