#!/bin/bash
# A queue on one machine. Each job runs in the background, in a folder of its own: its node, with nothing in it.
#   fake_queue.sh submit RESOURCES… JOBSCRIPT   prints the job's number
#   fake_queue.sh status NUMBER                 prints running, success or failed
#   fake_queue.sh cancel NUMBER…
set -eu
cd "$FAKE_QUEUE"
command=$1
shift
case $command in
submit)
    script=${!#}
    number=1
    until mkdir "node$number" 2>/dev/null; do number=$((number + 1)); done
    cp "$script" "node$number.sh"
    echo "${@:1:$#-1}" >"node$number.asked"
    (
        cd "node$number"
        setsid bash "../node$number.sh" >"../node$number.log" 2>&1 &
        echo $! >"../node$number.pid"
        wait $! && echo success >"../node$number.new" || echo failed >"../node$number.new"
        mv "../node$number.new" "../node$number.state"
    ) >/dev/null 2>&1 </dev/null &
    echo "$number"
    ;;
status)
    cat "node$1.state" 2>/dev/null || echo running
    ;;
cancel)
    for number in "$@"; do kill -- "-$(cat "node$number.pid")" || true; done
    ;;
esac
