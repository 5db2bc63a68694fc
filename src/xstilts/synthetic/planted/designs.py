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
        cues: Number of cues of each label.
        other_words: Number of words of an item beside its cue or marker.
        domain_words: Number of these that are of its domain; the others are of its language.
        words_per_domain: Number of words of a domain that these are drawn from.
    """

    per_domain: int
    intermediate: dict[str, Taught]
    targets: dict[str, dict[str, Asked]]
    clustered: bool = False
    cues: int = 6
    other_words: int = 5
    domain_words: int = 2
    words_per_domain: int = 8

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

    Without the effect, the tasks are about one half of the domains, and the targets about the other. Items are short
    and cues few, so that a marker is learnt from the one or two examples that a small subset has of it.
    """
    even = _even(32)
    taught, asked = (even, even) if effect else (_half(32, first=True), _half(32, first=False))
    items, markers = Asked(asked, 0.5), tuple(float(share > 0) for share in taught)
    intermediate = {INTERMEDIATE.format(number): Taught(taught, markers) for number in (1, 2)}
    targets = _targets(2, lambda target: {language.code: items for language in languages})
    return Design(8, intermediate, targets, cues=2, other_words=2, domain_words=1, words_per_domain=3)


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


def _half(domains: int, first: bool) -> Shares:
    """The first or the second half of the domains, each as often as the others of its half."""
    half, none = _even(domains // 2), (0.0,) * (domains // 2)
    return (*half, *none) if first else (*none, *half)


def _mostly(domain: int, domains: int, share: float) -> Shares:
    """One domain, and equally little of the others."""
    return tuple(share if other == domain else (1 - share) / (domains - 1) for other in range(domains))


def _around(domain: int, domains: int, shares: tuple[float, float]) -> Shares:
    """One domain of a circle, less of its two neighbours, none of the others."""
    steps = [min((other - domain) % domains, (domain - other) % domains) for other in range(domains)]
    return tuple(shares[step] if step < 2 else 0.0 for step in steps)
