"""`python -m peelflow` is the command `peelflow`."""

from __future__ import annotations

import sys

from peelflow.cli import main

sys.exit(main())
