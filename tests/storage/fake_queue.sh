#!/bin/bash
# A queue on one machine. Each job runs in the background, in a folder of its own: its node, with nothing in it.
#   fake_queue.sh submit RESOURCES… JOBSCRIPT   prints the job's number
#   fake_queue.sh status NUMBER                 prints running, success or failed
#   fake_queue.sh cancel NUMBER…
# FAKE_QUEUE is its folder. A file kill.RULE in it names another one: the first job of that rule is killed once there is a
# checkpoint there. Jobs share their imports, to save time: FAKE_QUEUE_OWNER is the process that their server ends with.
set -eu
cd "$FAKE_QUEUE"
export XSTILTS_FORKSERVER=$FAKE_QUEUE_OWNER

kill_once() { # NUMBER: the rule's name is in the script that Snakemake submits
    rule=$(grep -o '"rule": "[a-z]*"' "node$1.sh" | cut -d'"' -f4)
    checkpoints=$(cat "kill.$rule" 2>/dev/null) || return 0
    rm "kill.$rule"
    until find "$checkpoints" -name '*.json' 2>/dev/null | grep -q .; do sleep 0.1; done
    kill -KILL -- "-$(cat "node$1.pid")"
}

run() { # NUMBER
    cd "node$1"
    setsid bash "../node$1.sh" >"../node$1.log" 2>&1 &
    job=$!
    cd ..
    echo "$job" >"node$1.pid"
    kill_once "$1" &
    if wait "$job"; then echo success; else echo failed; fi >"node$1.new"
    mv "node$1.new" "node$1.state"
}

command=$1
shift
case $command in
submit)
    number=1
    until mkdir "node$number" 2>/dev/null; do number=$((number + 1)); done
    cp "${!#}" "node$number.sh"
    echo "${@:1:$#-1}" >"node$number.asked"
    run "$number" >/dev/null 2>&1 </dev/null &
    echo "$number"
    ;;
status)
    cat "node$1.state" 2>/dev/null || echo running
    ;;
cancel)
    for number in "$@"; do kill -- "-$(cat "node$number.pid")" || true; done
    ;;
esac
