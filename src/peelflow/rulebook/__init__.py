"""Rule files: read, structured, checked and loaded."""

from peelflow.rulebook.files import read_file, read_lifecycle
from peelflow.rulebook.load import Rulebook, check, load, national
from peelflow.rulebook.semantic import pin_of, restore, text_of

__all__ = [
    "Rulebook",
    "check",
    "load",
    "national",
    "pin_of",
    "read_file",
    "read_lifecycle",
    "restore",
    "text_of",
]
