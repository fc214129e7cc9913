"""Why a pair fits, in plain English, from the numbers that made its score."""

from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import islice
from typing import Final

from matching.availability import hours_by_day, overlap_hours
from matching.fit import NAMES, Component, Fit, Name, Person, Side, same_industry
from matching.text import words

AT_MOST: Final = 4
"""The most reasons that one pair is given."""

_SKILLS_NAMED: Final = 5
_WORDS_NAMED: Final = 3
# Shorter words are mostly articles and the like.
_WORD_LENGTH: Final = 5
# Texts on different subjects have something in common as well.
_CLOSE: Final = 0.3

_DAYS: Final = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_FORMATS: Final[Mapping[str, str]] = {
    "IN_PERSON": "in person",
    "PHONE": "by phone",
    "VIDEO": "by video",
    "MESSAGING": "by messages",
}

LANGUAGE_NAMES: Final[Mapping[str, str]] = {
    "ar": "Arabic",
    "bn": "Bengali",
    "bg": "Bulgarian",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fil": "Filipino",
    "fr": "French",
    "ga": "Irish",
    "gu": "Gujarati",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ms": "Malay",
    "nb": "Norwegian Bokmål",
    "nl": "Dutch",
    "nn": "Norwegian Nynorsk",
    "no": "Norwegian",
    "pa": "Punjabi",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "yue": "Cantonese",
    "zh": "Chinese",
}
"""English names of common languages by primary subtag (the IANA Language Subtag Registry)."""


def reasons(mentee: Person, mentor: Person, fit: Fit, reader: Side = Side.MENTEE) -> list[str]:
    """At most four reasons for a pair, told to the `reader`'s side, the weightiest first.

    What counts for both sides is told once and weighs with both contributions; equal weights keep the order
    of `NAMES`. What adds nothing to the score gives no reason, nor does a profile's silence.
    """
    weights = dict.fromkeys(NAMES, 0.0)
    for component in fit.components:
        weights[component.name] += component.contribution
    told = sorted((name for name in NAMES if weights[name] > 0 and _counts(name, fit)), key=lambda name: -weights[name])
    sentences = (_SENTENCES[name](mentee, mentor, reader) for name in told)
    return list(islice(filter(None, sentences), AT_MOST))


def _counts(name: Name, fit: Fit) -> bool:
    """Whether a component is high enough to speak of: any that adds something, but texts are never quite apart."""
    return name != "goals" or any(_is_close(component) for component in fit.components)


def _is_close(component: Component) -> bool:
    return component.name == "goals" and component.value >= _CLOSE


def _skills(mentee: Person, mentor: Person, reader: Side) -> str:
    found = sorted(mentee.skills_wanted & mentor.skills_offered)
    if not found:
        return ""
    if reader == Side.MENTEE:
        deed, whole, relation = "offers", len(mentee.skills_wanted), "you look for"
    else:
        deed, whole, relation = "looks for", len(mentor.skills_offered), "you offer"
    return f"{deed} {_portion(len(found), whole)} that {relation}: {_first_few(found)}"


def _languages(mentee: Person, mentor: Person, reader: Side) -> str:
    shared = mentee.languages & mentor.languages
    names = sorted(LANGUAGE_NAMES.get(code, code) for code in shared)
    return f"you both speak {_listed(names)}" if names else ""


def _availability(mentee: Person, mentor: Person, reader: Side) -> str:
    hours = overlap_hours(mentee.week, mentor.week)
    return f"{_counted(hours, 'shared hour')} a week{_day(mentee, mentor, reader)}" if hours else ""


def _day(mentee: Person, mentor: Person, reader: Side) -> str:
    """The day that has most of the shared hours, as the reader's clock shows it; nothing where no day has."""
    offset = (mentee if reader == Side.MENTEE else mentor).utc_offset_minutes
    if offset is None:
        return ""
    by_day = hours_by_day(mentee.week & mentor.week, offset)
    most = max(by_day)
    if 2 * most <= sum(by_day):
        return ""
    day = _DAYS[by_day.index(most)]
    return f", on {day}" if most == sum(by_day) else f", most on {day}"


def _seniority(mentee: Person, mentor: Person, reader: Side) -> str:
    gap = mentor.years_of_experience - mentee.years_of_experience
    direction = "more" if reader == Side.MENTEE else "less"
    # Seniority adds to a score only where the mentor is ahead, so the gap is 1 or more here.
    return f"has {_counted(gap, 'year')} {direction} experience than you"


def _industry(mentee: Person, mentor: Person, reader: Side) -> str:
    same = same_industry(mentee.industry, mentor.industry)
    other = mentor if reader == Side.MENTEE else mentee
    return f"works in your industry: {other.industry}" if same else ""


def _goals(mentee: Person, mentor: Person, reader: Side) -> str:
    if not mentee.goals or not mentor.about:
        return ""
    told = (
        "their experience is close to your goals" if reader == Side.MENTEE else "their goals are close to what you do"
    )
    about = set(words(mentor.about).split())
    shared = [
        word for word in dict.fromkeys(words(mentee.goals).split()) if word in about and len(word) >= _WORD_LENGTH
    ]
    # The longest words say most; they are named in the order in which the mentee wrote them.
    named = sorted(sorted(shared, key=len, reverse=True)[:_WORDS_NAMED], key=shared.index)
    return f"{told}: {', '.join(named)}" if named else told


def _format(mentee: Person, mentor: Person, reader: Side) -> str:
    shared = sorted(_FORMATS.get(name, name) for name in mentee.formats & mentor.formats)
    return f"you both like to meet {_listed(shared, 'or')}" if shared else ""


_SENTENCES: Final[Mapping[Name, Callable[[Person, Person, Side], str]]] = {
    "skills": _skills,
    "languages": _languages,
    "availability": _availability,
    "seniority": _seniority,
    "industry": _industry,
    "goals": _goals,
    "format": _format,
}


def _portion(part: int, whole: int) -> str:
    if part < whole:
        return f"{part} of the {whole} skills"
    return {1: "the one skill", 2: "both skills"}.get(whole, f"all {whole} skills")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _first_few(names: Sequence[str]) -> str:
    more = len(names) - _SKILLS_NAMED
    # "and 1 more" would be no shorter than the name itself.
    return ", ".join(names) if more <= 1 else f"{', '.join(names[:_SKILLS_NAMED])} and {more} more"


def _listed(names: Collection[str], word: str = "and") -> str:
    *others, last = names
    return f"{', '.join(others)} {word} {last}" if others else last
