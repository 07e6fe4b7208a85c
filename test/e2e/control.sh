# shellcheck shell=bash
# A running daemon is watched and told things: control socket, console, reload. Sourced by run.sh.

control=$work/control.sock console=127.0.0.1:8059
configure "$work/control.yaml"

# tell NAME CODE PATTERNS... -- WORDS...: a verb for the daemon, judged as `verb` judges others.
tell() { local words=("$@"); verb "${words[@]}" --config "$work/control.yaml"; }
# fetch PATH: status and body of the console's answer.
fetch() { "$node" -e 'fetch(process.argv[1]).then(async (r) => console.log(r.status, await r.text()))' "http://$console$1"; }

tell "status: nothing runs" 3 'no daemon runs here' -- status
serve_resolver "$work/control.yaml" "$work/control.log"
check "the control socket is its owner's alone" test "$(stat -c %a "$control")" = 600
ready() { fetch /ready | grep -q '^200'; }
check "it is ready once the root was heard" within 10 ready
tell "healthcheck" 0 '^ready$' -- healthcheck
ask www.example.com >/dev/null
tell "status" 0 '^rootwalk .* ready$' "settings +$work/control.yaml" -- status
tell "cache lookup: each layer" 0 '^answers \(browser\)' 'www\.example\.com\. [0-9]+ A 198\.18\.0\.1' '^hierarchy' -- cache lookup www.example.com
tell "cache dump of a layer by its other name" 0 '^www\.example\.com\. [0-9]+ A 198\.18\.0\.1 .*; records$' -- cache dump resolver
tell "explain --server: from its caches" 0 '\(answers\): hit' '198\.18\.0\.1' -- explain --server www.example.com
tell "servers" 0 "$net\.1@$port .* ms " -- servers
tell "cache flush-zone" 0 '^Taken out: [1-9]' -- cache flush-zone example.com
shows "metrics" "$(fetch /metrics)" '^200' '^rootwalk_queries_total\{transport="udp"\} [1-9]' '!example'
if command -v promtool >/dev/null; then
  fetch /metrics | sed '1s/^200 //' >"$work/metrics"
  check "promtool is content with them" promtool check metrics <"$work/metrics"
fi

configure "$work/control.yaml" 'local: { data: ["own.home.arpa. 60 IN A 198.18.9.9"] }'
tell "reload names what changed" 0 'changed: local\.data\.$' -- reload
same "and it is in effect" 198.18.9.9 "$(ask +short own.home.arpa)"
configure "$work/control.yaml" 'alow: []'
kill -HUP "$pid"
told() { grep -q 'not reloaded: .*control\.yaml:[0-9]*:1 alow: unknown key; did you mean allow' "$work/control.log"; }
check "SIGHUP with a bad file says where it is bad" within 5 told
same "and changes nothing" 198.18.9.9 "$(ask +short own.home.arpa)"
tell "nor does it hide the daemon" 0 '^rootwalk ' -- status

configure "$work/control.yaml"
mkdir "$work/load"
for round in {1..100}; do
  # dig lets others share its port (SO_REUSEPORT): of two that drew the same one, one would get both replies.
  ask -b "0.0.0.0#$((20000 + round))" "n$((round % 7)).example.com" A >"$work/load/$round" 2>&1 &
  asking+=("$!")
  kill -HUP "$pid"
done
wait "${asking[@]}"
unanswered() { grep -LE 'status: (NOERROR|NXDOMAIN)' "$work"/load/* | xargs -r cat; }
same "100 reloads under load: no query is lost" '' "$(unanswered)"

kill -KILL -- "-$pid"
stop "$pid" 2>/dev/null || true
check "a daemon that was killed leaves its socket" test -S "$control"
serve_resolver "$work/control.yaml" "$work/control.log"
tell "and the next one takes its place" 0 '^rootwalk ' -- status
check "SIGTERM: exit code 0" stop "$pid"
check "and the socket is gone" test ! -e "$control"
control="" console=""
