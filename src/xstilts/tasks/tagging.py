"""Sentences whose words carry tags: parts of speech, entities, CCG supertags."""

from __future__ import annotations

from xstilts.tasks.task import HubPart, Task, by_language, codes

UPOS = (
    "ADJ", "ADP", "ADV", "AUX", "CCONJ", "DET", "INTJ", "NOUN", "NUM",
    "PART", "PRON", "PROPN", "PUNCT", "SCONJ", "SYM", "VERB", "X",
)  # fmt: skip
ENTITIES = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")

_UDPOS_LANGUAGES = codes(
    "af ar bg de el en es et eu fa fi fr he hi hu id it ja kk ko mr nl pt ru ta te th tl tr ur vi yo zh"
)
PANX_LANGUAGES = codes(" ".join(_UDPOS_LANGUAGES) + " bn jv ka ml ms my sw")
_ALL = {"train": "train", "dev": "validation", "test": "test"}
_XTREME_FILES = dict.fromkeys(("train", "dev", "test"), "{split}-{code}.tsv")
_XTREME, _XTREME_COMMIT = "google/xtreme", "ec5f1f46e9af79639a90684a7a70a956c4998f04"

#: Test sentences of UDPOS that google/xtreme certainly has, and what the releases have beside these (some of it
#: presumed: of the dev files only English is certain, and ``_PRESUMED`` stands for what is not known).
_UDPOS_CERTAIN = {
    "ar": 1680, "bg": 1116, "en": 5440, "es": 3147, "et": 3760, "eu": 1799, "fi": 4422, "hi": 2684, "id": 1557,
    "ja": 2372, "ko": 4276, "ta": 120, "te": 146, "th": 1000, "tr": 4785, "ur": 535, "vi": 800,
}  # fmt: skip
_UDPOS_OTHERS = {
    "af": 425, "de": 22358, "el": 456, "fa": 600, "fr": 5009, "he": 491, "hu": 449, "it": 3518, "kk": 1047, "mr": 47,
    "nl": 1471, "pt": 2681, "ru": 8976, "tl": 55, "yo": 100, "zh": 3455,
}  # fmt: skip
_PRESUMED = 1500

#: Sentences of PAN-X's dev and test files, by language: certain ones, and what others most likely have.
_PANX_CERTAIN = {
    count: codes(languages)
    for count, languages in {
        10000: "ar bg de el en es et eu fi fr id ja ko ru th tr vi zh", 1000: "af bn hi sw ta te ur", 100: "jv my yo",
    }.items()
}  # fmt: skip
_PANX_SMALL = dict.fromkeys(codes("kk ml mr ms tl"), 1000)
#: The same for the languages that only XTREME-R has.
_PANX_MORE = {"az": 1000, "gu": 100, "lt": 10000, "pa": 100, "pl": 10000, "qu": 100, "ro": 10000, "uk": 10000}
_PANX_PRESUMED = {**_PANX_SMALL, **_PANX_MORE}
_PANX_BY_LANGUAGE = {code: count for count, languages in _PANX_CERTAIN.items() for code in languages}

CCG = Task(
    name="ccg",
    title="CCG",
    type="tagging",
    licence="LDC user agreement (LDC2005T13)",
    homepage="https://catalog.ldc.upenn.edu/LDC2005T13",
    citation="""@article{hockenmaier-steedman-2007-ccgbank,
  title = {{CCG}bank: A Corpus of {CCG} Derivations and Dependency Structures Extracted from the {P}enn {T}reebank},
  author = {Hockenmaier, Julia and Steedman, Mark},
  journal = {Computational Linguistics},
  volume = {33},
  number = {3},
  year = {2007}
}""",
    files={"train": (("intermediate/ccg/train.auto",),), "dev": (("intermediate/ccg/dev.auto",),)},
    reader="tagged.ccgbank",
    primary_metrics=("accuracy",),
    examples={"train": 38015, "dev": 5484},
    tokens_per_input=32,
    hub_missing="CCG is not on the Hugging Face Hub: CCGbank comes from the LDC (LDC2005T13).",
)

UDPOS = Task(
    name="udpos",
    title="UDPOS",
    type="tagging",
    licence="per treebank, mostly CC BY-SA 4.0",
    homepage="https://universaldependencies.org",
    citation="""@inproceedings{nivre-etal-2020-universal,
  title = {{U}niversal {D}ependencies v2: An Evergrowing Multilingual Treebank Collection},
  author = {Nivre, Joakim and de Marneffe, Marie-Catherine and Ginter, Filip and Haji{\\v{c}}, Jan
            and Manning, Christopher D. and Pyysalo, Sampo and Schuster, Sebastian and Tyers, Francis
            and Zeman, Daniel},
  booktitle = {Proceedings of LREC},
  year = {2020}
}""",
    files={split: ((f"xtreme/udpos/{name}",),) for split, name in _XTREME_FILES.items()},
    reader="tagged.conll",
    primary_metrics=("f1",),
    languages=_UDPOS_LANGUAGES,
    labels=UPOS,
    trained_on="udpos",
    without_dev=codes("kk th tl yo"),
    examples={
        "train": 21253,
        "dev": _PRESUMED,
        ("dev", "en"): 3974,
        "test": _PRESUMED,
        **by_language("test", {**_UDPOS_CERTAIN, **_UDPOS_OTHERS}),
    },
    presumed=frozenset({"dev", "test", *by_language("test", _UDPOS_OTHERS)}),
    tokens_per_input=26,
    hub=(
        HubPart(
            repository=_XTREME,
            revision=_XTREME_COMMIT,
            splits=_ALL,
            converter="tagged",
            columns={"tags": "pos_tags"},
            config="udpos.{name}",
            rows={("train", "en"): 21253, ("dev", "en"): 3974, **by_language("test", _UDPOS_CERTAIN)},
            language_names={
                "ar": "Arabic", "el": "Greek", "fa": "Persian", "he": "Hebrew", "id": "Indonesian", "zh": "Chinese",
            },
            note="syntactic words, not XTREME's fused tokens: scores are not comparable with published ones",
        ),
    ),
    # google/xtreme took every treebank with a language's name in its folder's name (UD_Ancient_Greek-…)
    hub_mixed_up={
        "el": "Ancient Greek (2353 of its 2809 test sentences)",
        "zh": "Classical Chinese (2073 of its 5528 test sentences)",
        "fr": "Old French, and a treebank whose words are masked (4468 of its 9465 test sentences)",
        "ru": "Old Russian (2360 of its 11336 test sentences)",
        "de": "Swiss German (100 of its 22458 test sentences)",
    },
    submission="tags",
)  # fmt: skip

PANX = Task(
    name="panx",
    title="PAN-X",
    type="tagging",
    licence="none stated (Wikipedia text)",
    homepage="https://github.com/afshinrahimi/mmner",
    citation="""@inproceedings{pan-etal-2017-cross,
  title = {Cross-lingual Name Tagging and Linking for 282 Languages},
  author = {Pan, Xiaoman and Zhang, Boliang and May, Jonathan and Nothman, Joel and Knight, Kevin and Ji, Heng},
  booktitle = {Proceedings of ACL},
  year = {2017}
}""",
    files={split: ((f"xtreme/panx/{name}",),) for split, name in _XTREME_FILES.items()},
    reader="tagged.conll",
    primary_metrics=("f1",),
    languages=PANX_LANGUAGES,
    labels=ENTITIES,
    trained_on="panx",
    language_prefix=True,
    examples={
        "train": 20000,
        "dev": 10000,
        "test": 10000,
        **by_language("dev", {**_PANX_BY_LANGUAGE, **_PANX_PRESUMED}),
        **by_language("test", {**_PANX_BY_LANGUAGE, **_PANX_PRESUMED}),
    },
    presumed=frozenset({"dev", "test", *by_language("dev", _PANX_PRESUMED), *by_language("test", _PANX_PRESUMED)}),
    tokens_per_input=16,
    hub=(
        HubPart(
            repository=_XTREME,
            revision=_XTREME_COMMIT,
            splits=_ALL,
            converter="tagged",
            columns={"tags": "ner_tags"},
            config="PAN-X.{code}",
            rows={
                ("train", "en"): 20000,
                **by_language("dev", _PANX_BY_LANGUAGE),
                **by_language("test", _PANX_BY_LANGUAGE),
            },
        ),
    ),
    submission="tags",
)
