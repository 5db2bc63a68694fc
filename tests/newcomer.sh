#!/usr/bin/env bash
# The way of a new user, by docs/start.md alone: a clone, a study of one's own data, its report, and a second study.
# Every command of xstilts that is tried stands in docs/start.md (tests/docs/test_start_page.py). No network is used, and
# no environment is set up: the programs are those of the environment that runs this, the code is the clone's.
#
#   tests/newcomer.sh FOLDER    # FOLDER is empty or does not exist
set -euo pipefail
repository=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1" && cd "$1"

try() { echo "\$ $*" && "$@"; }

git clone --quiet --no-hardlinks "$repository" clone
# what is not committed yet belongs to the project that is tested
git -C "$repository" ls-files -z --modified --others --exclude-standard |
    (cd "$repository" && tar --create --null --ignore-failed-read --files-from=- 2> /dev/null) | tar --extract --directory=clone
export PYTHONPATH=$PWD/clone/src HF_HUB_OFFLINE=1

mkdir work && cd work
# the user's own files: two for training, and one for each language to score
mkdir -p data/reviews
table() { # table FILE ROWS: sentences with the label that one word of theirs gives away
    printf 'text\tlabel\n' > "data/reviews/$1"
    for row in $(seq "$2"); do
        if ((row % 2)); then printf 'Maria works in Lisbon %d .\tgood\n' "$row"; else printf 'The old bridge was closed %d .\tbad\n' "$row"; fi
    done >> "data/reviews/$1"
}
table train.tsv 320 && table dev.tsv 40 && table test.en.tsv 40 && table test.sw.tsv 40
# and an encoder in a folder
PYTHONPATH=$PYTHONPATH:../clone/tests python -c '
from pathlib import Path
import tiny_encoders
tiny_encoders.write("xlmr", Path("encoder"))' 2> /dev/null

try xstilts --version
try xstilts init --model encoder --tasks reviews:classification mine
# for a first run, as the page says; and this encoder, random and 16 units wide, needs a higher rate still
sed -i 's/^seeds: \[1, 2, 3\]/seeds: [1]/; s/learning_rate: 1.5e-3/learning_rate: 5.0e-3/' mine.yaml
try xstilts ls tasks | grep reviews
try xstilts check
try xstilts plan --gpu cpu
try xstilts run mine --cores 1 -- --quiet all
try xstilts status
try xstilts show
try xstilts report
test -s results/mine/report.html

sed 's/^study: mine/study: faster/; s/learning_rate: 5.0e-3/learning_rate: 1.0e-2/' mine.yaml > faster.yaml
try xstilts run faster results/faster/scores.parquet --cores 1 -- --quiet all
try xstilts compare mine faster
