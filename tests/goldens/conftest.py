"""Every scenario runs twice, under the same name: on the embedded API server and on the real one."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine.kube.config import ClusterConfig, load_config
from tests.cluster.realcluster import RealCluster
from tests.goldens.stack import embedded


@pytest.fixture(params=["embedded", pytest.param("real", marks=pytest.mark.real)])
async def api(request: pytest.FixtureRequest) -> AsyncIterator[ClusterConfig]:
    """How to reach an API server that has no kubelet."""
    if request.param == "real":
        cluster: RealCluster = request.getfixturevalue("real_cluster")
        yield load_config([cluster.kubeconfig])
        return
    async with embedded() as config:
        yield config
