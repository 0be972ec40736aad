"""What can be set about an engine, grouped; unit and reason stand under each field."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from engine.model import Stance


def state_home() -> Path:
    """`$XDG_STATE_HOME/fluxtui`: the log and the journal."""
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "fluxtui"


def data_home() -> Path:
    """`$XDG_DATA_HOME/fluxtui`: the demo's cluster and repository."""
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "fluxtui"


def folder_of(context: str) -> str:
    """A context's name as one folder's name: nothing in it leads elsewhere."""
    return re.sub(r"[^A-Za-z0-9_-]|^\.+", "_", context)[:200] or "_"


@dataclass(frozen=True, slots=True)
class Access:
    """Which cluster, and as whom: kubectl's flags."""

    kubeconfig: Path | None = None
    """None: `$KUBECONFIG`, else ~/.kube/config."""
    context: str = ""
    namespace: str = ""
    """"" = all namespaces that may be read."""
    as_user: str = ""
    as_groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Publishing:
    """How often the console hears of changes."""

    interval: float = 0.1
    """Seconds between snapshots while changes keep coming; after quiet one goes out at once."""
    events: int = 500
    """Events kept; older ones are counted as dropped."""
    operations: int = 100
    """Ended operations kept on the board."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What background work may cost somebody else's cluster (design.md 3.9)."""

    dry_runs_at_once: int = 4
    dry_runs_per_second: float = 5.0
    drift_sweep: float = 600.0
    """Seconds after which a Kustomization's drift is computed again though nothing was seen to change."""


@dataclass(frozen=True, slots=True)
class Driving:
    """The drive stance; only used when somebody said so in full, or on the embedded server."""

    storage: Path | None = None
    """Folder of the artifacts; None: a folder under the data home, per cluster."""
    lease_namespace: str = "flux-system"
    concurrent: int = 4
    """Kustomizations at once; kustomize-controller's `--concurrent`."""
    remote_bases: bool = True
    """Whether remote bases of kustomizations are fetched (not `--no-remote-bases`)."""
    requeue_dependency: float = 30.0
    """Seconds; `--requeue-dependency`."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Everything about one engine."""

    access: Access = field(default_factory=Access)
    stance: Stance = Stance.OBSERVE
    read_only: bool = False
    publishing: Publishing = field(default_factory=Publishing)
    budget: Budget = field(default_factory=Budget)
    driving: Driving = field(default_factory=Driving)
    state: Path = field(default_factory=state_home)
    """Folder of the log and the journal."""
    log_file: Path | None = None
    workers: int = 2
    """Child processes that build."""
    stop_deadline: float = 1.0
    """Seconds that the engine's tasks have to end."""
