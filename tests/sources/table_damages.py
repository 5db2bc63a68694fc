"""Named ways in which files of lines come to harm: tables, words with tags, sentences."""

from __future__ import annotations

from damages import (
    BUCC,
    BUCC_EN,
    BUCC_GOLD,
    CCG,
    COSMOS,
    MNLI,
    OWN_ASKED,
    OWN_LINES,
    OWN_PAIRS,
    OWN_TABLE,
    OWN_WORDS,
    PANX,
    PAWSX,
    QQP,
    TATOEBA,
    TATOEBA_EN,
    TEXT,
    UDPOS,
    XNLI,
    Damage,
    after,
    copy_of,
    cut,
    put,
    record,
    whole,
)

_CSV_TRAIN = "xtreme/xnli/train-en.tsv"
_CONLL_2003 = "-DOCSTART- -X- -X- O\n\nEU NNP I-NP I-ORG\nlehnt VBZ I-VP O\n"

TABLES = {
    "xnli: cut in the last label": Damage(XNLI, cut(3), "the label 'neutr' is unknown", 3),
    "xnli: cut before the last label": Damage(XNLI, cut(9), "lacks a label", 3),
    "xnli: cut in the last sentence": Damage(XNLI, cut(25), "has 1 field where 2 or 3", 3),
    "xnli: a blank line": Damage(XNLI, put("\nEin Hund", "\n\nEin Hund"), "has 1 field where 2 or 3", 2),
    "xnli: a header": Damage(XNLI, lambda content: b"a\tb\tlabel\n" + content, "the label 'label' is unknown", 1),
    "xnli: labels as numbers": Damage(XNLI, put("entailment", "0"), "the label '0' is unknown", 1),
    "xnli: a label in capitals": Damage(XNLI, put("neutral", "Neutral"), "the label 'Neutral' is unknown", 3),
    "xnli: a blank after a label": Damage(XNLI, put("neutral", "neutral "), "the label 'neutral ' is unknown", 3),
    "xnli: columns in another order": Damage(
        XNLI, whole("neutral\tEin Vogel singt.\tEs ist Morgen.\n"), "the label 'Es ist Morgen.' is unknown", 1
    ),
    "xnli: commas for tabs": Damage(XNLI, put("\t", ",", -1), "has 1 field", 1),
    "xnli: a column more": Damage(XNLI, put("Ein Hund", "7\tEin Hund"), "has 4 fields", 2),
    "xnli: old Macintosh line ends": Damage(XNLI, put("\n", "\r", -1), "has 7 fields", 1),
    "xnli: two files in one": Damage(XNLI, after("a\tb\n"), "lacks a label", 4),
    "xnli: only blank lines": Damage(XNLI, whole("\n\n\n"), "has no examples"),
    "xnli: is the training file": Damage(XNLI, copy_of(_CSV_TRAIN), "holds the same lines as the training file"),
    "xnli: is the training file, converted": Damage(
        XNLI,
        copy_of(_CSV_TRAIN, lambda content: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")),
        "holds the same lines as the training file",
    ),
    "xnli: training file without labels": Damage(
        _CSV_TRAIN, whole("a\tb\nc\td\n"), "has no labels", task="xnli"
    ),
    "pawsx: a third label": Damage(PAWSX, put("\t0", "\t2"), "the label '2' is unknown", 2),
    "pawsx: label and sentence swapped": Damage(PAWSX, put("Eins!\t1", "1\tEins!"), "the label 'Eins!' is unknown", 1),
    "mnli: without header": Damage(MNLI, put("pairID\tsentence1\tsentence2\tgold_label\n", ""), "has no column", 1),
    "mnli: a header column twice": Damage(MNLI, put("pairID", "sentence1"), "names the column 'sentence1' twice", 1),
    "mnli: a column renamed": Damage(MNLI, put("gold_label", "label"), "has no column 'gold_label'", 1),
    "mnli: ids repeat": Damage(MNLI, put("\n3\t", "\n0\t"), "has the id '0' of example 1"),
    "mnli: cut in the last row": Damage(MNLI, cut(25), "has 3 fields where 4 are expected", 5),
    "mnli: a blank line": Damage(MNLI, put("\n2\t", "\n\n2\t"), "has 1 field where 4 are expected", 4),
    "mnli: a tab in a sentence": Damage(MNLI, put("A bird", "A\tbird"), "has 5 fields", 4),
    "mnli: no consensus anywhere": Damage(
        MNLI, whole("pairID\tsentence1\tsentence2\tgold_label\n1\ta\tb\t-\n"), "has no examples"
    ),
    "qqp: too many broken rows": Damage(QQP, after("9\tWho\n"), "has 2 fields where 4 are expected", 4),
    "qqp: label in words": Damage(QQP, put("Where?\t1", "Where?\tyes"), "the label 'yes' is unknown", 2),
    "qqp: a header column twice": Damage(QQP, put("question2", "question1"), "names the column 'question1' twice", 1),
    "cosmosqa: a quote left open": Damage(COSMOS, put('a lot."', "a lot."), "is not valid CSV"),
    "cosmosqa: a column is missing": Damage(COSMOS, put(",label", ",gold"), "has no column 'label'", 1),
    "cosmosqa: a header column twice": Damage(COSMOS, put("answer1", "answer0"), "names the column 'answer0' twice", 1),
    "cosmosqa: label beyond the answers": Damage(COSMOS, put("Dogs,1", "Dogs,4"), "the label '4' is none of", 3),
    "cosmosqa: a cell more": Damage(COSMOS, put("Dogs,1", "Dogs,1,1"), "has 9 fields where 8", 3),
    "cosmosqa: ids repeat": Damage(COSMOS, put("\nb,", "\na,"), "has the id 'a' of example 1"),
    "cosmosqa: tabs for commas": Damage(COSMOS, put(",", "\t", -1), "has no column", 1),
    "own table: a header column twice": Damage(OWN_TABLE, put("label", "text"), "names the column 'text' twice", 1),
    "own table: label unknown": Damage(OWN_TABLE, put("good", "goood"), "Did you mean 'good'?", 2),
    "own pairs: a column is missing": Damage(OWN_PAIRS, put("same", "equal"), "has no column 'same'", 1),
    "own pairs: a blank line": Damage(OWN_PAIRS, put("\nc\t", "\n\nc\t"), "has 1 field where 3", 3),
    "own pairs: test is the training file": Damage(
        "own/pairs-test.tsv", copy_of(OWN_PAIRS), "holds the same lines as the training file", task="own_pairs"
    ),
    "own questions: offsets as texts": Damage(OWN_ASKED, record(s=["0"]), "holds more than whole numbers", 1),
    "own questions: an offset too many": Damage(OWN_ASKED, record(s=[0, 1]), "1 answers but 2 answer offsets"),
    "own questions: answer elsewhere": Damage(OWN_ASKED, record(s=[1]), "Anna"),
    "own questions: negative offset": Damage(OWN_ASKED, record(s=[-1]), "Anna"),
    "own questions: offset beyond all numbers": Damage(OWN_ASKED, record(s=[10**30]), "offsets beyond any text", 1),
}  # fmt: skip

WORDS = {
    "udpos: blanks for tabs": Damage(UDPOS, put("\t", " ", -1), "has blanks where a tab is expected", 1),
    "udpos: blanks for one tab": Damage(UDPOS, put("laufen\t", "laufen "), "has blanks where a tab", 2),
    "udpos: blanks for tabs in training": Damage(
        "xtreme/udpos/train-en.tsv", put("\t", " ", -1), "has blanks where a tab is expected", 1, "udpos"
    ),
    "udpos: words and tags swapped": Damage(UDPOS, whole("NOUN\tHunde\n"), "the tag 'Hunde' is unknown", 1),
    "udpos: cut in the last tag": Damage(UDPOS, cut(4), "the tag 'VE' is unknown", 2),
    "udpos: cut before the last tag": Damage(UDPOS, cut(7), "lacks a tag", 2),
    "udpos: training without tags": Damage(
        "xtreme/udpos/train-en.tsv", whole("The\ncat\n"), "has no labels", task="udpos"
    ),
    "udpos: CoNLL-U": Damage(UDPOS, whole("1\tHunde\tHund\tNOUN\t_\t_\t0\troot\t_\t_\n"), "has 10 fields", 1),
    "udpos: only blank lines": Damage(UDPOS, whole("\n\n"), "has no examples"),
    "udpos: is the training file": Damage(UDPOS, copy_of("xtreme/udpos/train-en.tsv"), "holds the same lines as"),
    "panx: blanks for tabs": Damage(PANX, put("\t", " ", -1), "'Das O' has blanks where a tab is expected", 1),
    "panx: CoNLL-2003": Damage(PANX, whole(_CONLL_2003), "-DOCSTART- is a mark of CoNLL-2003's format", 1),
    "panx: CoNLL-2003 without its marks": Damage(PANX, whole(_CONLL_2003.split("\n\n")[1]), "has blanks where", 1),
    "panx: CoNLL-2003 with tabs": Damage(PANX, whole(_CONLL_2003.replace(" ", "\t")), "-DOCSTART- is a mark", 1),
    "panx: tags of another set": Damage(PANX, put("B-LOC", "B-MISC"), "the tag 'B-MISC' is unknown", 8),
    "panx: blanks before tags of another set": Damage(PANX, whole("Angela S-MISC\n"), "has blanks where a tab", 1),
    "panx: tags in small letters": Damage(PANX, put("B-PER", "b-per"), "the tag 'b-per' is unknown", 3),
    "panx: a column more": Damage(PANX, put("Kiel\tB-LOC", "Kiel\tNE\tB-LOC"), "has 3 fields", 8),
    "ccg: a damaged leaf": Damage(CCG, put("(<L NP", "(<X NP"), "'(<X NP N N Anna NP>' is neither a leaf", 2),
    "ccg: a leaf without its bracket": Damage(CCG, put("(<L NP", "<L NP"), "is neither a leaf", 2),
    "ccg: a leaf without its word": Damage(CCG, put("N N Anna", "N N"), "1 of 2 leaves have the form", 2),
    "ccg: a damaged node": Damage(CCG, put("(<T S 1 2>", "(<T S"), "is neither a leaf", 2),
    "ccg: cut in a derivation": Damage(CCG, cut(2), "its 1 nodes (<T …> … ) are closed 0 times", 4),
    "ccg: without ids": Damage(CCG, put("ID=wsj_0001.1 PARSER=GOLD NUMPARSE=1\n", ""), "a line 'ID=…' is expected", 1),
    "ccg: without derivations": Damage(CCG, whole("ID=a\nID=b\n"), "has no derivation", 2),
    "ccg: cut after an id": Damage(CCG, whole("ID=a\n"), "ends before the derivation of 'a'", 1),
    "ccg: ids repeat": Damage(CCG, put("wsj_0001.2", "wsj_0001.1"), "has the id 'wsj_0001.1' of example 1"),
    "own words: tabs for blanks": Damage(OWN_WORDS, put("Anna B-PER", "AnnaB-PER"), "has 1 column", 1),
    "own words: label unknown": Damage(OWN_WORDS, put("B-PER", "B-PRE"), "Did you mean 'B-PER'?", 1),
}  # fmt: skip

SENTENCES = {
    "bucc: both sides share ids": Damage(
        BUCC_EN, put("en-", "de-", -1), "the id 'en-1' is not in", task="bucc2018"
    ),
    "bucc: ids repeat": Damage(BUCC, put("de-2", "de-1"), "the id 'de-2' is not in"),
    "bucc: an id more than once": Damage(BUCC, after("de-1\tNein.\n"), "has the id 'de-1' of example 1"),
    "bucc: no ids": Damage(BUCC, whole("Hallo.\nJa.\n"), "has 1 field where 2 are expected", 1),
    "bucc: an empty id": Damage(BUCC, after("\tNein.\n"), "the id '' is empty"),
    "bucc: a blank line": Damage(BUCC, put("\nde-2", "\n\nde-2"), "has 1 field where 2", 2),
    "bucc: gold pairs swapped": Damage(BUCC_GOLD, whole("en-1\tde-1\n"), "the id 'en-1' is not in", 1),
    "bucc: gold pair of no sentence": Damage(BUCC_GOLD, put("en-2", "en-9"), "the id 'en-9' is not in", 2),
    "bucc: gold pairs of another split": Damage(BUCC_GOLD, whole("de-7\ten-7\n"), "the id 'de-7' is not in", 1),
    "bucc: gold pairs cut": Damage(BUCC_GOLD, cut(6), "has 1 field where 2", 2),
    "tatoeba: one side ends early": Damage(TATOEBA_EN, put("Yes.\n", ""), "ends before this line", 3),
    "tatoeba: a blank line": Damage(TATOEBA, put("Ja.", ""), "is blank", 2),
    "tatoeba: a line of blanks": Damage(TATOEBA_EN, put("Yes.", "  "), "is blank", 2),
    "tatoeba: both sides the same": Damage(TATOEBA_EN, copy_of(TATOEBA), "holds the same lines as"),
    "own lines: a blank line": Damage(OWN_LINES, put("Ja", ""), "is blank", 1),
    "own lines: one side ends early": Damage(OWN_LINES, put("Nein\n", ""), "ends before this line", 2),
    "text: only blank lines": Damage(TEXT, whole("\n \n\n"), "has no examples"),
}  # fmt: skip
