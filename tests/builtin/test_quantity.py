"""Quantities in canonical form."""

from __future__ import annotations

from typing import Any

import pytest

from engine.embedded.builtin.quantity import amount, canonical


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("0.5", "500m"),
        (0.5, "500m"),
        (1, "1"),
        ("1024Mi", "1Gi"),
        ("1000Ki", "1000Ki"),
        ("1.5Gi", "1536Mi"),
        ("0.5Ki", "512"),
        ("0.1Gi", "107374182400m"),
        ("100M", "100M"),
        ("2000", "2k"),
        ("1e3", "1e3"),
        ("12E6", "12e6"),
        ("0", "0"),
        ("0Gi", "0"),
        ("-1000m", "-1"),
        ("+5", "5"),
        ("1u", "1u"),
        ("0.0000000001", "1n"),
        ("5Ei", "5Ei"),
        (".5", "500m"),
    ],
)
def test_a_quantity_is_stored_canonically(written: Any, stored: str) -> None:
    assert canonical(written) == stored
    assert canonical(stored) == stored


@pytest.mark.parametrize(
    "text", ["", "abc", "1Q", "1 Gi", "Gi", "--1", "1.2.3", "1e", True, None, "9" * 200, "1e3Ki", "１"]
)
def test_anything_else_is_no_quantity(text: Any) -> None:
    assert canonical(text) is None


def test_amounts_compare_across_suffixes() -> None:
    assert amount("1Gi") == amount("1073741824")
    assert (amount("500m") or 0) < (amount("1") or 0)
