#!/bin/sh
# What Snakemake needs of conda, where there is none: an environment is a virtual one, with the packages of the tests' own.
# Its Python notes in ran.txt of the working folder with which words it was started.
here=$(cd "$(dirname "$0")/.." && pwd)
case "$1 $2" in
"info --json") echo "{\"conda_prefix\": \"$here\", \"platform\": \"linux-64\"}" ;;
"--version ") echo "conda 25.1.0" ;;
"config --get") echo '{"get": {"channel_priority": "strict"}}' ;;
"env create")
    for prefix; do :; done # the last argument
    "$PYTHON_OF_TESTS" -m venv --without-pip "$prefix"
    cd "$prefix"/lib/python*/site-packages || exit
    "$PYTHON_OF_TESTS" -c 'import sysconfig; print(sysconfig.get_path("purelib"))' > others.pth
    echo 'import sys; print(*sys.orig_argv, file=open("ran.txt", "a"))' > used.pth
    ;;
esac
