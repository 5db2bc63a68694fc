"""What is planted in the world of each question, and what stands in its place in the world without the effect.

An item of a target is decided by a cue, which fine-tuning in English teaches, or by a marker, which only intermediate
tasks teach. An encoder that knows no marker is at chance on the items with one. So a gain is, in a language,

    share of items with a marker * share of their markers that the intermediate task teaches * (100 - chance),

if all that is taught is learnt, and each question's effect is planted in one of these two shares. The sizes were chosen
before any result, each larger than one that is found in 80 to 99 % of simulated studies (docs/calibration.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xstilts.config.sources import Planted
from xstilts.tasks.languages import ENGLISH, Language
from xstilts.tasks.planted_languages import planted_languages

Shares = tuple[float, ...]  # by domain

INTERMEDIATE, TARGET = "intermediate_{}", "target_{}"


@dataclass(frozen=True)
class Taught:
    """An intermediate task.

    Attributes:
        domains: Share of its items by domain.
        markers: Share of each domain's markers that it teaches.
        scattered: Whether items have markers of any domain, and not of their own.
    """

    domains: Shares
    markers: Shares
    scattered: bool = False


@dataclass(frozen=True)
class Asked:
    """The items of a target in one language.

    Attributes:
        domains: Share of the items by domain.
        markers: Share of the items that a marker decides, and no cue.
    """

    domains: Shares
    markers: float


@dataclass(frozen=True)
class Design:
    """What a world is like.

    Attributes:
        per_domain: Number of markers of each domain.
        intermediate: The intermediate tasks by name.
        targets: By target, its items by language.
        clustered: Whether the corpus of code shows which markers belong together.
        domain_words: Number of words of its domain that an item has.
    """

    per_domain: int
    intermediate: dict[str, Taught]
    targets: dict[str, dict[str, Asked]]
    clustered: bool = False
    domain_words: int = 2

    @property
    def domains(self) -> int:
        """The number of domains."""
        return len(next(iter(self.intermediate.values())).domains)


def design_of(planted: Planted) -> Design:
    """Return the design of a world."""
    languages = list(planted_languages(planted.languages).values())
    return _DESIGNS[planted.question](languages, planted.effect)


def _typology(languages: Sequence[Language], effect: bool) -> Design:
    """The farther a language, the fewer of its items have a marker: 40 % in English, 20 % at distance 1."""
    even = _even(4)
    others = [language.distance or 0.0 for language in languages if language.code != ENGLISH]
    mean = sum(others) / len(others)
    asked = {
        language.code: Asked(even, 0.4 - 0.2 * ((language.distance or 0.0) if effect else mean))
        for language in languages
    }
    return Design(32, {INTERMEDIATE.format(1): Taught(even, (0.75,) * 4)}, _targets(6, lambda target: asked))


def _code(languages: Sequence[Language], effect: bool) -> Design:
    """Half of the markers are taught; the encoder that has read the code knows which others go with them.

    Items with a marker are rarer in English (20 %) than elsewhere (50 %), so that teaching more of them widens the gap.
    """
    even = _even(4)
    asked = {language.code: Asked(even, 0.2 if language.code == ENGLISH else 0.5) for language in languages}
    taught = {INTERMEDIATE.format(1): Taught(even, (0.5,) * 4)}
    return Design(32, taught, _targets(6, lambda target: asked), clustered=effect)


def _domain(languages: Sequence[Language], effect: bool) -> Design:
    """Six domains in a circle; each task is about one of them and its neighbours, and teaches their markers."""
    tasks, third = range(6), (1 / 3,) * 6
    intermediate = {
        INTERMEDIATE.format(task + 1): Taught(
            _around(task, 6, (0.5, 0.25)), _around(task, 6, (1.0, 0.5)) if effect else third, scattered=not effect
        )
        for task in tasks
    }
    asked = [Asked(_around(target, 6, (0.6, 0.2)), 0.5) for target in tasks]
    return Design(24, intermediate, _targets(6, lambda target: {one.code: asked[target] for one in languages}))


def _size(languages: Sequence[Language], effect: bool) -> Design:
    """Thirty-two domains with eight markers each: the more examples, and the more diverse, the more markers are taught.

    Without the effect, the same eight markers are in all examples, and in :data:`_KNOWN` of the targets' items.
    """
    even, first = _even(32), (1.0, *(0.0,) * 31)
    taught = Taught(even, (1.0,) * 32) if effect else Taught(even, first, scattered=True)
    asked = Asked(even if effect else (_KNOWN, *((1 - _KNOWN) / 31,) * 31), 0.5)
    intermediate = {INTERMEDIATE.format(number): taught for number in (1, 2)}
    return Design(8, intermediate, _targets(2, lambda target: {language.code: asked for language in languages}))


def _similarity(languages: Sequence[Language], effect: bool) -> Design:
    """Four domains; what a language's texts are about, whatever the target, is mostly one of them.

    Items have more words of their domain than of their language, so that embeddings tell what they are about.
    """
    tasks, quarter = range(4), (0.25,) * 4
    intermediate = {
        INTERMEDIATE.format(task + 1): Taught(
            _mostly(task, 4, 1.0), _mostly(task, 4, 1.0) if effect else quarter, scattered=not effect
        )
        for task in tasks
    }
    foreign = [language.code for language in languages if language.code != ENGLISH]
    asked = {code: Asked(_mostly(number % 4, 4, 0.7), 0.5) for number, code in enumerate(foreign)}
    targets = _targets(3, lambda target: {ENGLISH: Asked(_even(4), 0.5), **asked})
    return Design(32, intermediate, targets, domain_words=4)


#: Without the effect of size, the share of the items with a marker whose marker is taught: that with it, on average.
_KNOWN = 0.35
_DESIGNS: dict[str, Callable[[Sequence[Language], bool], Design]] = {
    "q1": _typology,
    "q2": _code,
    "q3": _domain,
    "q4": _size,
    "q5": _similarity,
}


def _targets(count: int, asked: Callable[[int], dict[str, Asked]]) -> dict[str, dict[str, Asked]]:
    return {TARGET.format(number + 1): asked(number) for number in range(count)}


def _even(domains: int) -> Shares:
    return (1 / domains,) * domains


def _mostly(domain: int, domains: int, share: float) -> Shares:
    """One domain, and equally little of the others."""
    return tuple(share if other == domain else (1 - share) / (domains - 1) for other in range(domains))


def _around(domain: int, domains: int, shares: tuple[float, float]) -> Shares:
    """One domain of a circle, less of its two neighbours, none of the others."""
    steps = [min((other - domain) % domains, (domain - other) % domains) for other in range(domains)]
    return tuple(shares[step] if step < 2 else 0.0 for step in steps)
