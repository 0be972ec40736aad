"""Every function of Helm's templates beside the real helm, in ten thousand expressions of fixed seeds."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.helm_template.differential import compare
from tests.helm_template.generator import Generator, names
from tests.helm_template.oracle import find_helm
from tests.helm_template.shapes import SLOW, called
from tests.helm_template.traps import Traps

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]

_SEEDS = (20261121, 1, 2, 3, 4)
_EACH = 2_000
_ENOUGH = 0.999


def _expressions() -> list[str]:
    return [expression for seed in _SEEDS for expression in Generator(seed).expressions(_EACH)]


def test_the_run_calls_every_function_many_times() -> None:
    counts = Counter(name for expression in _expressions() for name in called(expression))
    assert {name for name in names() if counts[name] < (5 if name in SLOW else 25)} == set()


def test_generated_expressions_print_what_helm_prints() -> None:
    find_helm()
    found = compare(_expressions())
    print(found.report())
    assert found.compared >= 0.995 * _EACH * len(_SEEDS)
    assert found.refused < 0.4 * found.compared
    assert found.share >= _ENOUGH, found.report()


def test_values_are_written_as_helm_writes_them_in_every_language() -> None:
    traps = Traps(20261121)
    found = compare([traps.written() for _ in range(3_500)])
    print(found.report())
    assert found.share >= _ENOUGH, found.report()


def test_texts_are_read_as_helm_reads_them() -> None:
    traps = Traps(20261122)
    makers = (traps.yaml_read, traps.json_read, traps.toml_back)
    found = compare([maker() for maker in makers for _ in range(700)])
    print(found.report())
    assert found.share >= 0.99, found.report()
