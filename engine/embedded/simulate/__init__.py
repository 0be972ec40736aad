"""The rest of a cluster, simulated: workloads come up (or fail as told), garbage goes, namespaces empty.

`start` runs it on the server's own loop. An annotation `simulate.fluxtui.io/fail` on a workload or on its pod template
makes its pods fail: `image-pull`, `crash-loop` or `never-ready`. Without changes nothing runs.
"""

from __future__ import annotations

from collections.abc import Callable

from engine.clock import Clock
from engine.embedded.facade import Facade
from engine.embedded.simulate.claim import Claims
from engine.embedded.simulate.cluster import CONTROLLER_MANAGER, KUBELET, SCHEDULER, Cluster
from engine.embedded.simulate.daemonset import DaemonSets
from engine.embedded.simulate.deployment import Deployments
from engine.embedded.simulate.garbage import Garbage
from engine.embedded.simulate.job import Jobs
from engine.embedded.simulate.loop import Loop, Simulator
from engine.embedded.simulate.namespace import Namespaces
from engine.embedded.simulate.nodes import create_nodes
from engine.embedded.simulate.objects import FAIL
from engine.embedded.simulate.pod import Pods
from engine.embedded.simulate.replicaset import ReplicaSets
from engine.embedded.simulate.service import Services
from engine.embedded.simulate.statefulset import StatefulSets

__all__ = ["FAIL", "start"]

#: One per kind; the collector comes first so that it knows the graph before anybody deletes.
SIMULATORS: tuple[type[Simulator], ...] = (
    Garbage,
    Namespaces,
    Deployments,
    ReplicaSets,
    StatefulSets,
    DaemonSets,
    Jobs,
    Pods,
    Services,
    Claims,
)


def start(facade: Callable[[str], Facade], clock: Clock) -> Callable[[], None]:
    """Start the simulation; returns what stops it. `facade` gives the API as one field manager.

    Call it on the server's running loop, once what is stored is loaded.
    """
    cluster = Cluster(facade(CONTROLLER_MANAGER), facade(KUBELET), facade(SCHEDULER), clock)
    create_nodes(cluster)
    loop = Loop(cluster, [simulator(cluster) for simulator in SIMULATORS])
    loop.start()
    return loop.stop
