#!/usr/bin/env bash
# Mixed load for a while: four in five questions for names that are asked again and again, one in five for a name that
# nobody asked before. Memory stays within the cache's bound plus 150 MB, nothing crashes, and all is answered afterwards.
#
#   load.sh [SECONDS [QUERIES-PER-SECOND [CACHE-MIB]]]     default 60, 2000 and 16
set -uo pipefail
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/e2e/servers.sh
. "$e2e/servers.sh"

for program in nsd knotd keymgr ldns-signzone dig dnsperf ip; do
  if ! command -v "$program" >/dev/null; then
    echo "$program is missing: the load is not run"
    echo "0 passed, 1 failed"
    exit 1
  fi
done
seconds=${1:-60}
rate=${2:-2000}
# The default is small enough that the random names of a minute fill it.
cache_mib=${3:-16}
# What a process may hold beside its cache, in MB (10^6 octets).
beside_mb=150

# Endless questions: the popular ones by something like Zipf's law, the random ones in zones signed and unsigned that
# answer them with a wildcard, with NXDOMAIN, or (one in a hundred) with servers that are closed.
questions() {
  awk 'BEGIN {
    srand(7);
    split("A AAAA MX TXT HTTPS", types, " ");
    for (;;) {
      if (rand() < 0.2) {
        word = sprintf("r%08x%06x", rand() * 4294967296, ++n);
        p = rand();
        if (p < 0.4) zone = "wild.example.com"; else if (p < 0.6) zone = "load.example.org";
        else if (p < 0.8) zone = "example.com"; else if (p < 0.99) zone = "wild.knot.com"; else zone = "broken.com";
        print word "." zone " A";
      } else {
        rank = int(exp(rand() * log(2000)));
        print "p" rank (rank % 3 ? ".load.example.org " : ".wild.example.com ") types[1 + rank % 5];
      }
    }
  }'
}

# Hundredths of seconds of CPU time that a process has used.
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
# Datagrams that the kernel dropped because a socket's buffer was full: no server has seen them.
dropped() { awk '/^Udp:/ { if (n++) print $6 }' /proc/net/snmp; }
# Those of them that were for this port, in hexadecimal: the others were replies for which the client had no room.
dropped_at() { awk -v port=":$(printf %04X "$1")" '$2 ~ port "$" { n += $NF } END { print n + 0 }' /proc/net/udp; }
resident_kib() { awk '/^VmRSS/ { print $2 }' "/proc/$1/status"; }

enter_namespace "$@"
if ! serve_zones >"$work/zones.log" 2>&1; then
  not_ok "the authoritative servers start" "$(tail -n 5 "$work"/*.log)"
  summary
  exit 1
fi
configure "$work/load.yaml" "cache: { maxOctets: ${cache_mib}MiB }" 'log: { level: error }'
check "the daemon starts" serve_resolver "$work/load.yaml" "$work/load.log"
daemon=$pid
before_kib=$(resident_kib "$daemon")
before_ticks=$(cpu_ticks "$daemon")
before_dropped=$(dropped)

questions 2>/dev/null | dnsperf -s "$resolver" -p "$port" -l "$seconds" -Q "$rate" -q 500 -t 8 -e -W >"$work/dnsperf.txt" 2>&1 &
perf=$!
peak_kib=0
middle_kib=0
half=$((SECONDS + seconds / 2))
while kill -0 "$perf" 2>/dev/null; do
  kib=$(resident_kib "$daemon" 2>/dev/null) || break
  if [ "${kib:-0}" -gt "$peak_kib" ]; then peak_kib=$kib; fi
  if [ "$middle_kib" -eq 0 ] && [ $SECONDS -ge $half ]; then middle_kib=$kib; fi
  sleep 0.5
done
wait "$perf"
figure() { sed -nE "s/.*$1:? +([0-9.]+).*/\1/p" "$work/dnsperf.txt" | head -n 1; }
sent=$(figure 'Queries sent')
lost=$(figure 'Queries lost')
after_kib=$(resident_kib "$daemon" || echo 0)
seen_dropped=$(($(dropped) - before_dropped))
grep -E 'Queries|Response codes|Latency' "$work/dnsperf.txt" | sed 's/^ */      /'
echo "      Resident, MB: $((before_kib * 1024 / 1000000)) before, $((middle_kib * 1024 / 1000000)) halfway, $((peak_kib * 1024 / 1000000)) at most, $((after_kib * 1024 / 1000000)) after"
echo "      CPU time: $((($(cpu_ticks "$daemon" || echo 0) - before_ticks) * 10)) ms; datagrams dropped by the kernel: $seen_dropped"

check "questions were asked (${sent:-0})" test "${sent:-0}" -ge $((seconds * rate / 4))
check "the daemon still runs" kill -0 "$daemon"
check "no question was left unanswered (${lost:-all}, $seen_dropped dropped by the kernel)" test "${lost:-1}" -le "$seen_dropped"
bound_kib=$(((cache_mib * 1048576 + beside_mb * 1000000) / 1024))
check "memory stays within cache.maxOctets plus $beside_mb MB" test "$peak_kib" -le "$bound_kib" -a "$peak_kib" -gt 0
shows "nothing was logged as an error" "$(cat "$work/load.log")" '!"level":'

answered=0
for ((i = 0; i < 20; i++)); do
  for name in "p$i.load.example.org" "after$i.wild.example.com" "after$i.example.com" "www.sub.knot.com" "after$i.knot.com"; do echo "$name A"; done
done >"$work/after.txt"
answered=$(dig "@$resolver" -p "$port" +tries=1 +time=8 -f "$work/after.txt" | grep -Ec 'status: (NOERROR|NXDOMAIN)')
same "after it, all of 100 questions are answered" 100 "$answered"

# Settings read again ten times a second, while the caches answer: nothing is lost that is not lost without it, and nothing
# piles up.
for ((i = 0; i < 2000; i++)); do echo "p$i.load.example.org A"; done >"$work/known.txt"
# known SECONDS: questions for these names, 5,000 a second; $lost is how many had no answer, $full how many datagrams the
# kernel dropped because the client's buffer was full.
known() {
  local before
  before=$(($(dropped) - $(dropped_at "$port")))
  dnsperf -s "$resolver" -p "$port" -d "$work/known.txt" -l "$1" -Q 5000 -q 500 >"$work/dnsperf.txt" 2>&1
  lost=$(figure 'Queries lost')
  full=$(($(dropped) - $(dropped_at "$port") - before))
  grep -E 'Queries|Response codes|Latency' "$work/dnsperf.txt" | sed 's/^ */      /'
}
echo "      a first time"
known 15
echo "      without reloads"
known 25
without="${lost:-all} lost, $full answers not taken by the client"
echo "      with reloads"
reload_kib=0
for ((i = 1; i <= 200; i++)); do
  sleep 0.1
  configure "$work/load.yaml" "cache: { maxOctets: ${cache_mib}MiB }" 'log: { level: error }' "local: { data: [\"n$i.home.arpa. 60 IN A 192.0.2.$i\"] }"
  kill -HUP "$daemon"
  if [ "$i" -eq 50 ]; then resident_kib "$daemon" >"$work/reload-kib"; fi
done &
reloads=$!
known 25
# On a slow machine they take longer than that.
wait "$reloads"
reload_kib=$(cat "$work/reload-kib")
same "after 200 reloads the last settings are in effect" 192.0.2.200 "$(dig "@$resolver" -p "$port" +short n200.home.arpa)"
grown_mb=$((($(resident_kib "$daemon") - reload_kib) * 1024 / 1000000))
check "200 reloads under $(figure 'Queries per second') queries a second: none is left unanswered (${lost:-all} lost, $full answers not taken by the client; without reloads $without)" test "${lost:-1}" -le "$full"
check "and memory is flat (grown by $grown_mb MB since the 50th)" test "$grown_mb" -le 10
check "and it ends with 0" stop "$daemon"
summary
