"""Record what the real helm says of each chart of ours: `HELM_BIN=… python tests/helm_chart/record.py [NAME…]`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]
from bundles import GOLDENS, ORACLE, bundles, find_helm, helm, lint_args, record, template_args  # noqa: E402


def main(names: list[str]) -> int:
    program = find_helm()
    if program is None:
        print("no helm: set HELM_BIN", file=sys.stderr)
        return 1
    said = subprocess.run([program, "version", "--short"], capture_output=True, text=True, check=True).stdout
    if not said.startswith(ORACLE):
        print(f"helm {ORACLE} records, not {said.strip()}", file=sys.stderr)
        return 1
    GOLDENS.mkdir(exist_ok=True)
    for bundle in bundles():
        if names and bundle.name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            root = bundle.write(Path(folder) / "chart")
            cases = {case: record(helm(template_args(case), root)) for case in bundle.cases}
            lints = {case: helm(lint_args(case), root) for case in bundle.lints}
        text = json.dumps({"helm": ORACLE, "cases": cases, "lint": lints}, indent=1, ensure_ascii=True)
        (GOLDENS / f"{bundle.name}.json").write_text(text + "\n")
        print(bundle.name, ", ".join("refused" if "error" in answer else "ok" for answer in cases.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
