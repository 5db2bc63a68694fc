"""The lexemes of the synthetic world and the relations between their senses.

A lexeme is named by its English form, with a suffix after a dot for homographs (``guard.v``). Lexemes with the same
sense are synonyms. The forms of lexemes differ between languages; the relations between them do not.
"""

from __future__ import annotations

from collections.abc import Mapping

TOPICS = ("farm", "sea", "town", "kitchen", "school", "castle")

AGENTS = {
    "farm": ("farmer", "shepherd"),
    "sea": ("sailor", "captain"),
    "town": ("merchant", "tailor"),
    "kitchen": ("baker", "cook"),
    "school": ("teacher", "student"),
    "castle": ("king", "guard"),
}
#: By topic, things and their kinds.
OBJECTS = {
    "farm": {"cow": "beast", "corn": "food", "plough": "tool"},
    "sea": {"crab": "beast", "boat": "vehicle", "net": "tool"},
    "town": {"dog": "beast", "cart": "vehicle", "coat": "garment"},
    "kitchen": {"bread": "food", "soup": "food", "apron": "garment"},
    "school": {"book": "paper", "letter": "paper", "map": "paper"},
    "castle": {"crown": "garment", "sword": "tool", "coach": "vehicle"},
}
PLACES = {
    "farm": ("field", "barn"),
    "sea": ("harbour", "beach"),
    "town": ("market", "street"),
    "kitchen": ("cellar", "inn"),
    "school": ("library", "hall"),
    "castle": ("tower", "garden"),
}
#: Sequences of actions on a thing; after the last verb, the first one follows again.
SCRIPTS = (
    ("find", "buy", "sell"),
    ("wash", "paint", "show"),
    ("break", "repair", "test"),
    ("steal", "hide", "lose"),
    ("lift", "carry", "drop"),
    ("see", "draw", "describe"),
)
SOCIAL_VERBS = ("help", "meet", "follow", "guard.v")
MOTION_VERB = "go"
COPULA = "be"
ANTONYM_PAIRS = (
    ("big", "small"),
    ("strong", "weak"),
    ("old", "new"),
    ("clean", "dirty"),
    ("happy", "sad"),
    ("rich", "poor"),
)
ADJECTIVES_OF_BOTH = ("big", "small", "strong", "weak", "old", "new")
ADJECTIVES_OF_THINGS = (*ADJECTIVES_OF_BOTH, "clean", "dirty")
ADJECTIVES_OF_PERSONS = (*ADJECTIVES_OF_BOTH, "happy", "sad", "rich", "poor")
MANNERS = ("quickly", "slowly", "gladly")
ORGANISATIONS = ("bank", "college", "club")
DIRECTIONS = ("north", "south")
NUMERALS = {"2": "two", "3": "three", "4": "four", "5": "five", "6": "six"}

_SYNONYM_PAIRS = (
    ("merchant", "trader"),
    ("student", "pupil"),
    ("boat", "ship"),
    ("coat", "jacket"),
    ("letter", "note"),
    ("harbour", "port"),
    ("street", "road"),
    ("buy", "purchase"),
    ("repair", "fix"),
    ("hide", "conceal"),
    ("carry", "bring"),
    ("help", "assist"),
    ("go", "travel"),
    ("big", "large"),
    ("small", "little"),
    *NUMERALS.items(),
)

KIND_OF = {thing: kind for things in OBJECTS.values() for thing, kind in things.items()}
KINDS = tuple(dict.fromkeys(KIND_OF.values()))
PERSON = "person"

_FUNCTION_WORDS = {
    "the": "DET", "a": "DET", "will": "AUX", "not": "PART", "in": "ADP", "at": "ADP", "from": "ADP", "to": "ADP",
    "and": "CCONJ", "but": "CCONJ", "because": "SCONJ", "so": "ADV", "then": "ADV", "also": "ADV",
    "who": "PRON", "what": "PRON", "where": "ADV", "when": "ADV",
}  # fmt: skip
PUNCTUATION = (".", ",", "?")


def _all(by_topic: Mapping[str, tuple[str, ...]]) -> list[str]:
    return [word for words in by_topic.values() for word in words]


_UPOS_OF_BASE = {
    **dict.fromkeys([*_all(AGENTS), *KIND_OF, *_all(PLACES), *KINDS, PERSON, *ORGANISATIONS], "NOUN"),
    **dict.fromkeys([*(verb for script in SCRIPTS for verb in script), *SOCIAL_VERBS, MOTION_VERB], "VERB"),
    **dict.fromkeys([adjective for pair in ANTONYM_PAIRS for adjective in pair], "ADJ"),
    **dict.fromkeys(DIRECTIONS, "ADJ"),
    **dict.fromkeys(MANNERS, "ADV"),
    **dict.fromkeys(NUMERALS, "NUM"),
    COPULA: "AUX",
    **_FUNCTION_WORDS,
    **dict.fromkeys(PUNCTUATION, "PUNCT"),
}
#: The universal part of speech of every lexeme; names are not included.
UPOS_OF = {**_UPOS_OF_BASE, **{second: _UPOS_OF_BASE[first] for first, second in _SYNONYM_PAIRS}}
#: The synonym of a lexeme, in both directions.
SYNONYM_OF = {a: b for pair in _SYNONYM_PAIRS for a, b in (pair, pair[::-1])}
_SENSES = {second: first for first, second in _SYNONYM_PAIRS}
ANTONYM_OF = {a: b for pair in ANTONYM_PAIRS for a, b in (pair, pair[::-1])}
#: The next verb in the script of a verb.
NEXT_VERB = {verb: script[(i + 1) % len(script)] for script in SCRIPTS for i, verb in enumerate(script)}
SCRIPT_OF = {verb: index for index, script in enumerate(SCRIPTS) for verb in script}

_ENGLISH_FORMS = {"be": "is"}


def sense(lexeme: str) -> str:
    """Return the sense of a lexeme, which it shares with its synonym."""
    return _SENSES.get(lexeme, lexeme)


def english_form(lexeme: str) -> str:
    """Return the written form of a lexeme in English."""
    return _ENGLISH_FORMS.get(lexeme, lexeme.split(".v")[0])
