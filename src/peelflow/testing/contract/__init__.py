"""The kit: the numbered promises of a store, as pytest classes. Needs the extra `testing`."""

from importlib.util import find_spec
from pkgutil import iter_modules

from peelflow.errors import MissingDependency

if find_spec("pytest") is None:
    raise MissingDependency(extra="testing", needs="pytest")

import pytest

pytest.register_assert_rewrite(*(f"{__name__}.{module.name}" for module in iter_modules(__path__)))
