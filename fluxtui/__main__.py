"""`python -m fluxtui`."""

from __future__ import annotations

import sys

from fluxtui.cli import main

sys.exit(main())
