"""Why two people are not matched, or not very well: the same numbers and rules, told as sentences."""

from collections.abc import Iterable, Mapping
from typing import Final

from matching.fit import DEFAULT_WEIGHTS, Identity, Name, Person, Side, Weights
from matching.population import Population
from matching.reasons import LANGUAGE_NAMES
from matching.rules import Rule, excluding
from matching.scoring import explain

WEAK: Final = 0.5
"""A component below it is weak: worse than not knowing."""


def why_not(
    population: Population,
    mentee: Identity,
    mentor: Identity,
    rules: Iterable[Rule] = (),
    weights: Weights = DEFAULT_WEIGHTS,
    reader: Side = Side.MENTEE,
) -> list[str]:
    """What keeps this pair apart, told to the `reader`'s side: the rules that forbid it, if any do, else what is weak.

    What costs the score most comes first. Empty for a pair that nothing speaks against. Raises KeyError for
    somebody unknown.
    """
    if mentee == mentor:
        return ["nobody is their own mentor"]
    if names := excluding(rules, mentee, mentor):
        return [f"the rule “{name}” forbids it" for name in names]
    costs: dict[Name, float] = {}
    for part in explain(population, [mentee], [mentor], weights).fit(0).components:
        if part.value < WEAK and part.weight:
            costs[part.name] = costs.get(part.name, 0.0) + part.weight * (1 - part.value)
    ordered = sorted(costs, key=lambda name: -costs[name])
    return [_weakness(name, population[mentee], population[mentor], reader) for name in ordered]


def _weakness(name: Name, mentee: Person, mentor: Person, reader: Side) -> str:
    match name:
        case "skills":
            return _skills(mentee, mentor, reader)
        case "languages":
            return f"you share no language: they speak {_languages(mentor if reader == Side.MENTEE else mentee)}"
        case "availability":
            hours = (mentee.week & mentor.week).bit_count()
            return f"only {hours} shared hour a week" if hours else "no shared hour in the week"
        case "seniority":
            return _seniority(mentor.years_of_experience - mentee.years_of_experience, reader)
        case _:
            return _PLAIN[name][reader]


_PLAIN: Final[Mapping[Name, Mapping[Side, str]]] = {
    "industry": dict.fromkeys(Side, "you work in different industries"),
    "goals": {
        Side.MENTEE: "their experience is far from your goals",
        Side.MENTOR: "their goals are far from your experience",
    },
    "format": dict.fromkeys(Side, "you like to meet in different ways"),
}


def _skills(mentee: Person, mentor: Person, reader: Side) -> str:
    found = len(mentee.skills_wanted & mentor.skills_offered)
    if reader == Side.MENTEE:
        deed, whole, relation = "offers", len(mentee.skills_wanted), "you look for"
    else:
        deed, whole, relation = "looks for", len(mentor.skills_offered), "you offer"
    return f"{deed} {f'only {found} of the {whole}' if found else 'none of the'} skills that {relation}"


def _languages(person: Person) -> str:
    return ", ".join(sorted(LANGUAGE_NAMES.get(code, code) for code in person.languages))


def _seniority(gap: int, reader: Side) -> str:
    mentor_is, mentee = ("they are", "you") if reader == Side.MENTEE else ("you are", "they")
    if gap <= 0:
        return f"{mentor_is} no further on in working life than {mentee}"
    return f"{mentor_is} {'only 1 year' if gap == 1 else f'{gap} years'} ahead"
