# shellcheck shell=bash
# How the daemon starts and ends. Sourced by run.sh after resolve.sh, with the daemon running as $daemon.

"$node" "$main" serve --config "$work/rootwalk.yaml" >"$work/second.log" 2>&1
same "a second daemon on the same port ends with 1" 1 $?
shows "and says who holds it" "$(cat "$work/second.log")" "cannot listen on ${resolver//./\\.}:$port" 'pid [0-9]+' 'listen'

ask warm.slow.com >/dev/null
asked=$(wc -l <"$work/slow.log")
ask final.slow.com >"$work/in-flight" &
client=$!
upstream_asked() { [ "$(wc -l <"$work/slow.log")" -gt "$asked" ]; }
within 3 upstream_asked
started_ms=$(date +%s%3N)
check "SIGTERM with a query in flight: exit code 0" stop "$daemon"
ended_ms=$(($(date +%s%3N) - started_ms))
wait "$client"
shows "and the query is answered" "$(cat "$work/in-flight")" 'status: NOERROR' '198\.18\.6\.1$'
check "and it takes no longer than that ($ended_ms ms)" test "$ended_ms" -lt 3000
shows "and says that it stops" "$(cat "$work/resolver.log")" '^Stopping'
shows "and nothing went wrong meanwhile" "$(cat "$work/resolver.log")" '!"level":"?(50|60|error|fatal)' '!Assertion' '!at .*\.ts:[0-9]+'
shows "nothing answers afterwards" "$(ask +time=1 www.example.com 2>&1)" 'refused|timed out|no servers'

configure "$work/rootwalk.yaml"
serve_resolver "$work/rootwalk.yaml" "$work/resolver.log"
check "the port is free at once for the next" grep -q '^Listening' "$work/resolver.log"
check "SIGTERM with nothing to do: exit code 0" stop "$pid"

# A root that does not answer.
printf '. 3600000 NS a.root.\na.root. 3600000 A %s.5\n' "$net" >"$work/dead-hints"
sed "s#$work/hints#$work/dead-hints#" "$work/rootwalk.yaml" >"$work/dead.yaml"
serve_resolver "$work/dead.yaml" "$work/dead.log"
check "no root: it says so, and what to try" within 9 grep -Eq '^No root server answered.*rootwalk lab' "$work/dead.log"
stop "$pid"
