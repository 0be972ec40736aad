"""Every row is read twice: by libyaml's parser, and by the one in Python that stands in where libyaml is missing."""

from __future__ import annotations

import pytest

from engine.yaml import reader


@pytest.fixture(autouse=True, params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which of the two reads."""
    name: str = request.param
    if name == "python":
        monkeypatch.setattr(reader, "_parser", reader.PythonParser)
    return name
