# shellcheck shell=bash
# The lab, as the README starts it: its walk, and its answers to dig. Sourced by run.sh.

lab() { dig "@127.0.0.1" -p 5353 +tries=1 +time=8 "$@"; }

told=$(cd "$repository" && npm run --silent lab -- --once </dev/null 2>&1)
same "npm run lab -- --once ends with 0" 0 $?
shows "it tells the walk" "$told" 'No network used' '4 root +198\.51\.100\.1' '5 TLD \.com +198\.51\.100\.2' \
  '6 authoritative +198\.51\.100\.3 .*192\.0\.2\.1' '8 website .*200'
shows "and asked again, a hit" "$told" '1 browser cache +answers +HIT, [0-9]+ s left'

start "$work/lab.log" npm --prefix "$repository" run --silent lab
laboratory=$pid
check "npm run lab serves until it is stopped" within 15 grep -q '^Listening on 127.0.0.1:5353' "$work/lab.log"
shows "dig over UDP" "$(lab www.example.com)" 'status: NOERROR' '192\.0\.2\.1$' '\(UDP\)'
shows "dig over TCP" "$(lab +tcp www.example.com)" 'status: NOERROR' '192\.0\.2\.1$' '\(TCP\)'
first=$(lab +noall +answer mail.example.com | awk '{ print $2 }')
sleep 1.1
second=$(lab +noall +answer mail.example.com | awk '{ print $2 }')
check "a second ask has a lower TTL ($first, then $second)" test "${second:-999}" -lt "${first:-0}"
shows "a name that does not exist" "$(lab nosuch.example.com)" 'status: NXDOMAIN'
shows "an alias to a zone without glue" "$(lab store.example.com)" '192\.0\.2\.2$'
shows "a long answer over TCP" "$(lab big.example.com TXT)" 'retrying in TCP' 'line 24 \.'
shows "what fails on purpose" "$(lab broken.example)" 'status: SERVFAIL' 'EDE: [0-9]+'
shows "an alias loop" "$(lab loop.example)" 'status: SERVFAIL' 'EDE: [0-9]+'
stop "$laboratory"
within 5 sh -c "! dig @127.0.0.1 -p 5353 +tries=1 +time=1 www.example.com"
shows "stopped, it answers no more" "$(lab +time=1 www.example.com 2>&1)" 'refused|timed out|no servers'
