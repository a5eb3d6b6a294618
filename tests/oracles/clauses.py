"""Requirements spelt out as every way to meet them, and implication by trying each: the oracle.

It multiplies out what `peelflow.proof` does not, so it is plain, slow, and for small inputs only.
"""

from __future__ import annotations

from itertools import product

from peelflow.model.requirements import AnyOf, PredicateHolds, Requirement
from peelflow.proof.normal_form import Atom, atom_on
from peelflow.proof.satisfiability import Verdict, satisfiable

Ways = tuple[tuple[Atom, ...], ...]
Requirements = tuple[Requirement, ...]


def ways_to_meet(requirements: Requirements, closes: frozenset[str] = frozenset()) -> Ways:
    """Return every conjunction of atoms by which all of some requirements are met."""
    each = [_ways(requirement, closes) for requirement in requirements]
    return tuple(tuple(atom for way in chosen for atom in way) for chosen in product(*each))


def _ways(requirement: Requirement, closes: frozenset[str]) -> Ways:
    if isinstance(requirement, AnyOf):
        return tuple(way for every in requirement.any_of for way in ways_to_meet(every, closes))
    return ((atom_on(requirement, closes),),)


def implied(
    given: Requirements, wanted: Requirements, closes: tuple[frozenset[str], frozenset[str]]
) -> Verdict:
    """Return whether what meets `given` meets `wanted`, by trying every way of both."""
    met, asked = ways_to_meet(given, closes[0]), ways_to_meet(wanted, closes[1])
    models = [
        (*way, *failed) for way in met for failed in product(*asked) if satisfiable(way, failed)
    ]
    if not models:
        return "proved"
    sure = any(not any(isinstance(a, PredicateHolds) for a in model) for model in models)
    return "refuted" if sure else "undetermined"
