"""Hard rules: what may not be between two people of a programme who are paired, as data that matching reads."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from uuid import UUID

    from models.organisation.participation import Participation
    from models.organisation.programme import Programme
    from models.profile import Profile


class HardRule(StrEnum):
    """The hard rules that a programme may have. By the names of its settings."""

    DIFFERENT_TEAM = "DIFFERENT_TEAM"
    NO_LINE_MANAGER = "NO_LINE_MANAGER"
    SHARED_LANGUAGE = "SHARED_LANGUAGE"
    SAME_SITE = "SAME_SITE"

    @property
    def setting(self) -> str:
        """The setting of a programme that asks for it."""
        return self.value.lower()

    @property
    def words(self) -> str:
        """As people are told of it."""
        return WORDS[self]


WORDS = {
    HardRule.DIFFERENT_TEAM: "not the same team",
    HardRule.NO_LINE_MANAGER: "not the line manager",
    HardRule.SHARED_LANGUAGE: "a shared language",
    HardRule.SAME_SITE: "the same site",
}


def rules_over(
    programme: "Programme",
    participations: Sequence["Participation"],
    profiles: "Mapping[UUID, Profile]",
    relax: Collection[HardRule] = (),
) -> Iterator[dict[str, Any]]:
    """The rules of the programme over these people, without those that are relaxed: as `matching.frozen` has them."""

    def of(name: str) -> dict[str, Any]:
        return _by((str(one.profile_id), getattr(one, name).casefold()) for one in participations)

    for rule in HardRule:
        if rule in relax or not getattr(programme, rule.setting):
            continue
        match rule:
            case HardRule.DIFFERENT_TEAM:
                yield _rule("differ", rule.words, of("team"), of("team"))
            case HardRule.NO_LINE_MANAGER:
                yield _rule("differ", rule.words, of("manager"), of("staff_key"))
                yield _rule("differ", "not whom one manages", of("staff_key"), of("manager"))
                yield _rule("differ", "not the same line manager", of("manager"), of("manager"))
            case HardRule.SHARED_LANGUAGE:
                spoken = _by((str(one.id), _spoken(one)) for one in profiles.values())
                yield _rule("share", rule.words, spoken, spoken)
            case HardRule.SAME_SITE:
                sites = {key: [site] for key, site in of("site").items()}
                yield _rule("share", rule.words, sites, sites)


def _spoken(profile: "Profile") -> list[str]:
    return sorted({tag.partition("-")[0].lower() for tag in profile.languages})


def _by(values: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in values if value}


def _rule(kind: str, name: str, mentees: dict[str, Any], mentors: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "name": name, "mentees": mentees, "mentors": mentors}
