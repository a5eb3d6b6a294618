"""The headings and words that forces' trackers use, from which a map is drafted.

Only a draft reads these: what an import means stands in the map that somebody has looked at. Where
a heading or a word is not here, or may mean several things, the draft says `unsure`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from peelflow.model.rules import Level, Lifecycle
from peelflow.trackers.headings import normal_form

HEADING_WORDS: Mapping[str, tuple[str, ...]] = {
    "record": (
        *("hmicfrs ref", "hmicfrs reference", "our ref", "force ref", "unique ref", "reference"),
        *("unique reference", "hmicfrs unique reference", "hmicfrs unique ref", "hmicfrs id"),
        *("ref", "ref no", "ref number", "unique id", "portal ref", "portal id", "urn", "id"),
        *("rec no", "rec ref", "recommendation no", "recommendation number", "item no", "number"),
        *("no", "item", "#"),
    ),
    "report": (
        *("report", "report title", "report name", "inspection report", "hmicfrs report"),
        *("inspection", "inspection title", "inspection name", "thematic", "publication"),
        *("source report", "source document", "origin", "source"),
    ),
    "issued": (
        *("date issued", "issued", "issue date", "date published", "published", "publication date"),
        *("date of publication", "date of report", "report date", "date of issue", "date raised"),
        *("published on", "issued on", "date received", "received", "raised", "start date"),
    ),
    "category": (
        *("type", "category", "rec / afi", "rec/afi", "afi / rec", "afi/rec", "record type"),
        *("recommendation type", "classification", "kind", "rec or afi", "cause / rec / afi"),
    ),
    "level": (
        *("level", "hmicfrs level", "portal level", "rec level", "lvl", "closure level"),
        *("grading", "grade", "tier"),
    ),
    "title": (
        *("recommendation / afi text", "recommendation text", "recommendation / afi", "wording"),
        *("recommendation wording", "full text", "text", "description", "recommendation"),
        *("area for improvement", "what it asks for", "requirement", "finding", "summary", "title"),
        *("details", "detail", "recommendation details", "issue"),
    ),
    "question": (
        *("peel q", "peel question", "peel question no", "question", "peel", "peel area"),
        *("core question", "question no", "q", "q no", "question number"),
    ),
    "owner": (
        *("owner", "lead", "business lead", "action owner", "rec owner", "lead officer"),
        *("strategic lead", "responsible officer", "responsible owner", "responsible person"),
        *("responsible", "accountable", "sro", "assigned to", "chief officer lead", "senior lead"),
        *("tactical lead", "delivery lead", "accountable owner", "named lead", "force lead"),
    ),
    "due": (
        *("due", "due date", "date due", "target date", "deadline", "target", "by when"),
        *("target completion date", "completion due", "expected completion", "due by"),
        *("planned completion", "timescale", "target completion", "estimated completion date"),
    ),
    "state": (
        *("status", "current status", "state", "stage", "rec status", "position"),
        *("current position", "portal status", "progress status", "progress", "open / closed"),
        *("open/closed",),
    ),
    "since": (
        *("date closed", "closed", "closed date", "closure date", "date of closure", "closed on"),
        *("date completed", "completed", "completed on", "completion date", "date complete"),
        *("date discharged", "status date", "date of status", "date of last change"),
    ),
    "force": ("lead force", "owning force", "force", "police force", "force name"),
    "joint_with": (
        *("joint with", "partner force", "partner forces", "joint force", "joint forces"),
        *("other force", "other forces", "shared with", "forces", "forces involved"),
    ),
    "theme": (
        *("theme", "themes", "thematic area", "strand", "portfolio", "business area", "topic"),
        *("area", "workstream"),
    ),
    "parent": (
        *("parent", "parent ref", "cause of concern ref", "coc ref", "linked to"),
        *("linked cause of concern", "belongs to"),
    ),
    "due_words": ("deadline as worded", "timescale as worded", "deadline words"),
}
"""For each thing that is read, the headings it may have, the likeliest first."""
_WHOLE_HEADINGS = frozenset({"force", "forces", "police force", "force name"})
"""What says nothing within a longer heading: `Force lead` is no force."""
CATEGORY_WORDS: Mapping[str, str] = {
    **dict.fromkeys(
        ("afi", "afis", "area for improvement", "areas for improvement", "a.f.i."), "afi"
    ),
    **dict.fromkeys(
        ("rec", "recs", "rec.", "recommendation", "recommendations", "hmicfrs recommendation"),
        "recommendation",
    ),
    **dict.fromkeys(
        ("cause of concern", "causes of concern", "coc", "c of c", "cause for concern"),
        "cause_of_concern",
    ),
    **dict.fromkeys(
        ("super-complaint", "super complaint", "super-complaint recommendation"),
        "super_complaint_recommendation",
    ),
}
_LEVEL = re.compile(
    r"(hmicfrs )?(l|lvl|level)?(?:[.:-]| |[.:-] )?([1-4]|one|two|three|four|i{1,3}|iv)"
)
_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "i": 1, "ii": 2, "iii": 3, "iv": 4}
_NO_LEVEL = frozenset({"n/a", "na", "none", "no level", "not applicable", "-", "nil", "pre-levels"})
_NO_LEVEL_EITHER = frozenset(
    {"before levels", "pre levels", "closed before levels", "not levelled", "unlevelled"}
)
_QUESTION = re.compile(r"(?:peel )?(?:q|question)[ .:-]?\s*([1-9][0-9]?(?:\.[1-9][0-9]?)*)")
_PLAIN_QUESTION = re.compile(r"[1-9][0-9]?(\.[1-9][0-9]?)*")
EMPTY_WORDS = frozenset({"n/a", "na", "none", "nil", "-", "--", "not applicable"})
"""What says that there is nothing, where a person or a question is asked for."""
TOTAL_WORDS = frozenset(
    {"total", "totals", "grand total", "overall total", "sub total", "subtotal", "sub-total", "sum"}
)
"""What begins a row of sums."""
MOST_QUESTION = 12

_IDEAS: Mapping[str, tuple[str, ...]] = {
    "not begun": (
        *("not started", "not yet started", "not commenced", "not begun", "new", "to do"),
        *("to be started", "awaiting allocation", "to be allocated", "unallocated", "received"),
    ),
    "begun": (
        *("in progress", "ongoing", "on going", "on-going", "underway", "under way", "started"),
        *("work in progress", "wip", "active", "progressing", "on track", "in hand", "live"),
        *("being progressed", "work ongoing", "work under way", "in train", "commenced"),
    ),
    "awaits the force": (
        *("awaiting sign off", "awaiting sign-off", "pending sign off", "pending sign-off"),
        *("awaiting closure", "pending closure", "awaiting approval", "ready to close"),
        *("proposed for closure", "awaiting cc sign off", "awaiting letter", "awaiting evidence"),
        *("for sign off", "for sign-off", "with chief constable", "awaiting cc letter"),
        *("ready for sign off", "ready for closure", "awaiting force sign off", "for closure"),
    ),
    "awaits the inspectorate": (
        *("with hmicfrs", "with hmic", "submitted to hmicfrs", "awaiting hmicfrs", "submitted"),
        *("awaiting verification", "awaiting hmicfrs verification", "self-certified"),
        *("self certified", "with inspectorate", "awaiting inspection", "sent to hmicfrs"),
        *("pending hmicfrs", "for verification", "awaiting hmicfrs sign off"),
    ),
    "ended": (
        *("closed", "closed by hmicfrs", "closed on portal", "verified", "archived"),
        *("closed - verified", "closed and verified", "verified and closed", "closed - archived"),
    ),
    "ended by the force": (
        *("closed by force", "closed by the force", "force closed", "closed - force"),
        *("closed by cc", "closed by chief constable", "signed off", "signed off by cc"),
        *("signed off by chief constable", "closed internally", "closed (force)"),
    ),
    "discharged": ("discharged", "discharged by hmicfrs"),
    "actions done": ("actions complete", "actions completed", "all actions complete"),
    "superseded": ("superseded", "replaced"),
    "not applicable": ("no longer applicable", "no longer relevant", "not applicable"),
    "no action": ("not accepted", "rejected", "no action", "not accepted - no action"),
}
_STATES: Mapping[str, tuple[str, ...]] = {
    "not begun": ("open",),
    "begun": ("in_progress", "managed"),
    "awaits the force": ("in_progress", "managed"),
    "awaits the inspectorate": ("self_certified",),
    "ended": ("closed", "archived"),
    "ended by the force": ("self_certified", "closed"),
    "discharged": ("discharged", "closed"),
    "actions done": ("actions_complete",),
    "superseded": ("superseded",),
    "not applicable": ("not_applicable",),
    "no action": ("no_action",),
}
"""For each idea the states that it may be, of which a lifecycle has one at most."""
_PARTS = re.compile(r" [-\u2013\u2014] |[/;,:()]+")
_IDEA_OF = {word: idea for idea, words in _IDEAS.items() for word in words}
IDEA_NOTES: Mapping[str, str] = {
    "awaits the force": "not signed off, so not yet certified or closed: still at work",
    "ended by the force": "as far as the force itself may go on this level",
}
"""What a draft says beside a state that it takes a word for, where somebody may wonder."""


def heading_strength(target: str, heading: str) -> int:
    """Return how much a heading is one that a target is read from; 0 where it is none.

    Args:
        target: A target.
        heading: The heading, in any form.
    """
    text = re.sub(r"[:*?]+$", "", normal_form(heading)).strip()
    plain = re.sub(r"[^\w#/]+", " ", text).strip()
    phrases = HEADING_WORDS[target]
    for rank, phrase in enumerate(phrases):
        if phrase in {text, plain}:
            return 300 - rank
    padded = f" {re.sub(r'[^a-z0-9#]+', ' ', text)} "
    inside = (
        len(phrase)
        for phrase in phrases
        if len(phrase) > len("no")
        and phrase not in _WHOLE_HEADINGS
        and f" {re.sub(r'[^a-z0-9#]+', ' ', phrase)} " in padded
    )
    longest = max(inside, default=0)
    return 100 + longest if longest else 0


def level_of_word(word: str) -> Level | str:
    """Return the level that a word says, or "" where it says none that is known.

    Args:
        word: A word, in any form.
    """
    text = normal_form(word)
    if text in _NO_LEVEL or text in _NO_LEVEL_EITHER:
        return None
    found = _LEVEL.fullmatch(text)
    return "" if found is None else _NUMBERS.get(found[3]) or int(found[3])


def level_words_like(word: str) -> dict[str, Level]:
    """Return a word for a level and those that say the other levels in the same form.

    Args:
        word: A word that says a level.
    """
    level = level_of_word(word)
    if level is None or not word.rstrip().endswith(str(level)):
        return {}
    start = word.rstrip()[:-1]
    return {f"{start}{other}": other for other in range(1, 5)} if start else {}


def question_of_word(word: str) -> str:
    """Return the number of the question that a word says, or "" where it says none.

    Args:
        word: A word, in any form.
    """
    text = normal_form(word)
    if _PLAIN_QUESTION.fullmatch(text):
        return text
    found = _QUESTION.fullmatch(text)
    return found[1] if found else ""


def question_words_like(word: str) -> dict[str, str]:
    """Return a word for a question and those that say the others in the same form.

    Args:
        word: A word that says a question.
    """
    number = question_of_word(word)
    start = word.strip().removesuffix(number)
    if not start or "." in number:
        return {}
    return {f"{start}{other}": str(other) for other in range(1, MOST_QUESTION + 1)}


def idea_of_word(word: str) -> str:
    """Return what a word for a state means in general, or "" where it may be several things.

    A word of several parts, such as `Submitted - awaiting verification`, means what each part does.

    Args:
        word: A word, in any form.
    """
    text = normal_form(word)
    if text in _IDEA_OF:
        return _IDEA_OF[text]
    ideas = {_IDEA_OF.get(part.strip(), "") for part in _PARTS.split(text)}
    return ideas.pop() if len(ideas) == 1 else ""


def state_of_word(word: str, rules: Lifecycle) -> str:
    """Return the state of a lifecycle that a word stands for, or "" where that is not known.

    A state's own name or title is its word, whatever the word means elsewhere.

    Args:
        word: A word, in any form.
        rules: The lifecycle.
    """
    text = normal_form(word)
    for name, state in rules.states.items():
        if text in {normal_form(name.replace("_", " ")), name, normal_form(state.title or name)}:
            return name
    idea = idea_of_word(word)
    known = [name for name in _STATES.get(idea, ()) if name in rules.states]
    if idea == "ended by the force":
        known = [name for name in known if name in _entered_by_force(rules)]
    return next(iter(known), "")


def _entered_by_force(rules: Lifecycle) -> set[str]:
    """Return the states that somebody of the force takes a record to."""
    return {
        step.to
        for state in rules.states.values()
        for step in state.transitions
        if any(rules.roles[role].side == "force" for role in step.by if role in rules.roles)
    }
