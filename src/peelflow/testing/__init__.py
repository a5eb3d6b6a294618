"""Hypothesis strategies for rules and what happens under them. Needs the extra `testing`."""

from importlib.util import find_spec

from peelflow.errors import MissingExtra

if find_spec("hypothesis") is None:
    raise MissingExtra(extra="testing", needs="hypothesis")

from peelflow.testing.situations import Situation, acts, contexts, records, situations
from peelflow.testing.strategies import lifecycles, requirements
from peelflow.testing.words import VOCABULARY, holder_of

__all__ = [
    "VOCABULARY",
    "Situation",
    "acts",
    "contexts",
    "holder_of",
    "lifecycles",
    "records",
    "requirements",
    "situations",
]
