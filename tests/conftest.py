"""What every folder of tests may ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.realcluster import RealCluster, assets


@pytest.fixture(scope="session")
def real_cluster() -> Iterator[RealCluster]:
    """A real Kubernetes API, one for the whole run: starting it costs more than most tests that need it."""
    assets()
    cluster = RealCluster()
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
