"""Write the files of workflow/studies/own_tasks.yaml: invented sentences in English and Esperanto.

    python workflow/studies/own_tasks/write_data.py data/own_tasks

The files show three of the forms that a study's own tasks may have: TSV with a header, CoNLL, and JSON Lines.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

Word = tuple[str, str]  # a word and its tag

PEOPLE = ["Anna", "Ben", "Clara", "David", "Emma", "Felix", "Maria", "Paul"]
SURNAMES = ["Miller", "Novak", "Rossi", "Tanaka", ""]
PLACES = ["Berlin", "Cairo", "Lima", "Oslo", "Paris", "Tokyo"]
VERBS = {"en": ["sees", "likes", "visits", "paints"], "eo": ["vidas", "ŝatas", "vizitas", "pentras"]}
THINGS = {
    "en": ["the house", "the garden", "the bread", "the water", "the book"],
    "eo": ["la domon", "la ĝardenon", "la panon", "la akvon", "la libron"],
}
IN = {"en": "in", "eo": "en"}
ORDERS = {"en": "Please bring me {}", "eo": "Bonvolu alporti al mi {}"}
QUESTIONS = {"en": "Who {} {} ?", "eo": "Kiu {} {} ?"}
SIZES = {"train": 400, "dev": 60, "test": 60}


def person(rng: random.Random) -> list[Word]:
    """A name, sometimes with a surname, with its tags."""
    surname = rng.choice(SURNAMES)
    return [(rng.choice(PEOPLE), "B-PER"), *([(surname, "I-PER")] if surname else [])]


def statement(rng: random.Random, language: str) -> list[Word]:
    """A tagged sentence: somebody does something somewhere."""
    action = f"{rng.choice(VERBS[language])} {rng.choice(THINGS[language])} {IN[language]}"
    words: list[Word] = [(word, "O") for word in action.split()]
    return [*person(rng), *words, (rng.choice(PLACES), "B-LOC"), (".", "O")]


def intents(rng: random.Random, language: str, count: int) -> Iterator[str]:
    """Rows of a TSV file: a sentence and what its speaker wants."""
    yield "sentence\tintent"
    for _ in range(count):
        verb, thing, intent = rng.choice(VERBS[language]), rng.choice(THINGS[language]), rng.randrange(3)
        sentences = {
            "order": ORDERS[language].format(thing),
            "question": QUESTIONS[language].format(verb, thing),
            "statement": " ".join(word for word, _ in statement(rng, language)),
        }
        name = list(sentences)[intent]
        yield f"{sentences[name]}\t{name}"


def names(rng: random.Random, language: str, count: int) -> Iterator[str]:
    """Lines of a CoNLL file: a word, its number, its tag; a blank line after each sentence."""
    for _ in range(count):
        for number, (word, tag) in enumerate(statement(rng, language), start=1):
            yield f"{word} {number} {tag}"
        yield ""


def endings(rng: random.Random, language: str, count: int) -> Iterator[str]:
    """JSON objects: the start of a sentence and four endings, of which only the right one has a thing and a place."""
    for _ in range(count):
        words = [word for word, _ in statement(rng, language)]
        start, right = words[:-4], " ".join(words[-4:])
        wrong = [" ".join(rng.sample(words, len(words) - 2)) for _ in range(3)]
        place = rng.randrange(4)
        choices = [*wrong[:place], right, *wrong[place:]]
        yield json.dumps({"start": " ".join(start), "endings": choices, "right": place}, ensure_ascii=False)


def write(path: Path, make: Callable[[random.Random, str, int], Iterator[str]], language: str, split: str) -> None:
    """Write one file; what it holds depends on its name alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = make(random.Random(f"{path.parent.name}/{path.name}"), language, SIZES[split])
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def main() -> None:
    """Write all files into the folder that is given."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = Path(sys.argv[1])
    for split in ("train", "dev"):
        write(root / "intents" / f"{split}.tsv", intents, "en", split)
        write(root / "names" / f"{split}.txt", names, "en", split)
        write(root / "endings" / f"{split}.jsonl", endings, "en", split)
    for language in ("en", "eo"):
        write(root / "intents" / f"test.{language}.tsv", intents, language, "test")
        write(root / "names" / f"test.{language}.txt", names, language, "test")


if __name__ == "__main__":
    main()
