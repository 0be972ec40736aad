"""The gate's last word: which tiers ran, how many tests, what was skipped; non-zero when something is missing."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def tier(case: ET.Element, run: str) -> str:
    """`tests.kube.test_client` → `kube`; tests that need real programs have a tier of their own."""
    parts = (case.get("classname") or "").split(".")
    folder = parts[1] if len(parts) > 2 else "tests"
    return f"real: {folder}" if run == "real" else folder


def name_of(case: ET.Element) -> str:
    """The test's full name."""
    return f"{case.get('classname')}::{case.get('name')}"


def passed(path: Path) -> set[str]:
    """The tests that passed in this run, which may not have happened."""
    if not path.is_file():
        return set()
    cases = ET.parse(path).iter("testcase")  # noqa: S314 - written by our own pytest a moment ago
    return {name_of(case) for case in cases if not any(child.tag in ("failure", "error", "skipped") for child in case)}


def read(results: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """Counts per tier, and the reasons of skips."""
    counts: dict[str, Counter[str]] = {}
    reasons: list[str] = []
    for run in ("test", "real"):
        path = results / f"{run}.xml"
        if not path.is_file():
            continue
        mended = passed(results / f"{run}-again.xml")
        for case in ET.parse(path).iter("testcase"):  # noqa: S314 - written by our own pytest a moment ago
            outcome = "passed"
            for child in case:
                if child.tag in ("failure", "error"):
                    outcome = "flaky" if name_of(case) in mended else "failed"
                    print(f"{outcome}: {name_of(case)}")
                elif child.tag == "skipped":
                    outcome = "skipped"
                    reasons.append(f"{name_of(case)}: {child.get('message') or ''}")
            counts.setdefault(tier(case, run), Counter())[outcome] += 1
    return counts, reasons


def ids(results: Path, run: str, server: str) -> set[str]:
    """The cluster tests of one run that had this API server, by their names without it."""
    path = results / f"{run}.xml"
    if not path.is_file():
        return set()
    found = set()
    for case in ET.parse(path).iter("testcase"):  # noqa: S314 - written by our own pytest a moment ago
        module, name = case.get("classname") or "", case.get("name") or ""
        if module.startswith("tests.cluster.") and server in name.partition("[")[2].rstrip("]").split("-"):
            found.add(f"{module}::{name.replace(server, '*')}")
    return found


def unpaired(results: Path) -> list[str]:
    """Cluster tests that ran on one API server only, but for those named with a reason in exceptions.json."""
    named = json.loads((ROOT / "tests" / "cluster" / "exceptions.json").read_text())
    differ = ids(results, "test", "embedded") ^ ids(results, "real", "real")
    return [f"on one API server only: {name}" for name in sorted(differ) if name not in named]


def main(results: Path) -> int:
    """Print the table; 1 when a tier is missing or recorded cases are."""
    counts, reasons = read(results)
    recorded = (ROOT.parent / "shared" / name for name in ("conformance", "goldens"))
    faults = [f"../shared/{folder.name} is missing" for folder in recorded if not folder.is_dir()]
    if not any(name.startswith("real: ") for name in counts):
        faults.append("no test ran against the real programs")
    faults += unpaired(results)
    faults += [f"skipped in CI: {reason}" for reason in reasons if ".cluster." in reason or "recorded cases" in reason]
    print("\ntier                        passed  failed  skipped  flaky")
    total: Counter[str] = Counter()
    for name in sorted(counts):
        row = counts[name]
        total += row
        print(f"{name:26} {row['passed']:8} {row['failed']:7} {row['skipped']:8} {row['flaky']:6}")
    steps = results / "steps"
    if steps.is_file():
        print("\nstep              result  seconds")
        for line in steps.read_text().splitlines():
            name, result, seconds = line.split()
            print(f"{name:16} {result:>7} {seconds:>8}")
    for fault in faults:
        print(f"MISSING: {fault}")
    print(f"\n{total['passed'] + total['flaky']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if faults or total["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
