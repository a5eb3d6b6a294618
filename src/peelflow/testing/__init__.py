"""Hypothesis strategies for rules and what happens under them. Needs the extra `testing`."""

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
