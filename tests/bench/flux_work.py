"""`../shared/measure/flux_bench.py` on Kustomizations that name no service account: impersonation is not ours yet.

Both engines get the same work: `python -m tests.bench.flux_work run --engine …`.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from tests.shared import SHARED


def main() -> None:
    """Run it with its own arguments."""
    sys.path.insert(0, str(SHARED / "measure"))
    flux_bench: Any = importlib.import_module("flux_bench")
    given = flux_bench.Kustomizations.object

    def without_account(load: Any, index: Any) -> Any:
        found = given(load, index)
        del found["spec"]["serviceAccountName"]
        return found

    flux_bench.Kustomizations.object = without_account
    flux_bench.main()


if __name__ == "__main__":
    main()
