"""Why a pair fits, in plain English, from the numbers that made its score."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from matching.availability import overlap_hours
from matching.fit import NAMES, Fit, Name, Person, Side, same_industry

AT_MOST: Final = 4
"""The most reasons that one pair is given."""

_SKILLS_NAMED: Final = 5

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
    told = sorted((name for name in NAMES if weights[name] > 0), key=lambda name: -weights[name])
    sentences = (_SENTENCES[name](mentee, mentor, reader) for name in told)
    return [sentence for sentence in sentences if sentence][:AT_MOST]


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
    return f"{_counted(hours, 'shared hour')} a week" if hours else ""


def _seniority(mentee: Person, mentor: Person, reader: Side) -> str:
    gap = mentor.years_of_experience - mentee.years_of_experience
    direction = "more" if reader == Side.MENTEE else "less"
    # Seniority adds to a score only where the mentor is ahead, so the gap is 1 or more here.
    return f"has {_counted(gap, 'year')} {direction} experience than you"


def _industry(mentee: Person, mentor: Person, reader: Side) -> str:
    same = same_industry(mentee.industry, mentor.industry)
    other = mentor if reader == Side.MENTEE else mentee
    return f"works in your industry: {other.industry}" if same else ""


_SENTENCES: Final[Mapping[Name, Callable[[Person, Person, Side], str]]] = {
    "skills": _skills,
    "languages": _languages,
    "availability": _availability,
    "seniority": _seniority,
    "industry": _industry,
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


def _listed(names: Collection[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
