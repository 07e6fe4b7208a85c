#!/usr/bin/env bash
# Sound and broken zones, made with ldns and knot: rootwalk's verdict on each (RCODE, AD, extended error), and whether
# Unbound and BIND say the same. One line for each question, a count at the end; needs no network.
#
#   dnssec.sh [PATTERN]     only the questions that match; E2E_TABLE=1 prints what each validator said
set -uo pipefail
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/e2e/servers.sh
. "$e2e/servers.sh"
# shellcheck source=test/e2e/dnssec/zones.sh
. "$e2e/dnssec/zones.sh"
# shellcheck source=test/e2e/dnssec/peers.sh
. "$e2e/dnssec/peers.sh"

for program in nsd knotd keymgr ldns-signzone ldns-keygen ldns-key2ds dig ip; do
  if ! command -v "$program" >/dev/null; then
    echo "$program is missing: validation is not compared"
    echo "0 passed, 1 failed"
    exit 1
  fi
done

# In this order: data that were cached unvalidated must not be given to those who want validation, nor the reverse.
modes=(cd do ad plain again)
declare -A options=([cd]='+cd +dnssec' [do]='+dnssec' [ad]='+adflag +nodnssec' [plain]='+noadflag +nodnssec' [again]='+cd +dnssec')

# verdicts ADDRESS MODE: a line for each question: NAME TYPE, then RCODE, `ad` or `-`, extended errors or `-`, and a digest
# of the answer's records without times and signatures.
verdicts() {
  # shellcheck disable=SC2086
  dig "@$1" -p "$port" +tries=1 +time=9 +noall +comments +question +answer ${options[$2]} -f "$work/batch" | awk '
    function flush() { if (name != "") print name, type, rcode, ad, (ede == "" ? "-" : ede), (data == "" ? "-" : data); name = "" }
    /^;; (Got answer|connection timed out|no servers)/ { flush(); rcode = "none"; ad = "-"; ede = ""; data = "" }
    /->>HEADER<<-/ { rcode = $6; sub(",", "", rcode) }
    /^;; flags:/ { ad = / ad[ ;]/ ? "ad" : "-" }
    /^; EDE: / { sub(":", "", $3); ede = ede (ede == "" ? "" : ",") $3 }
    /^;[^; ].*IN/ { name = tolower(substr($1, 2)); type = $3 }
    /^[^;]/ && $4 != "RRSIG" { line = $1 "/" $4; for (i = 5; i <= NF; i++) line = line "/" $i; data = data (data == "" ? "" : "|") line }
    END { flush() }'
}

# said WHO MODE NAME TYPE: what it answered, without the name and type.
said() { awk -v name="$3" -v type="$4" '$1 == name && $2 == type { $1 = $2 = ""; print substr($0, 3); exit }' "$work/$1.$2"; }

# judge NAME TYPE RCODE AD EDE [PEER:RCODE,AD]...
judge() {
  local what="$1 $2: $3 $4 $5" name=$1.example. type=$2 rcode=$3 ad=$4 ede=$5 faults=() mode peer known wanted
  local got got_rcode got_ad got_ede got_data peer_rcode peer_ad peer_data
  shift 5
  for mode in "${modes[@]}"; do
    read -r got_rcode got_ad got_ede got_data <<<"$(said rootwalk "$mode" "$name" "$type")"
    # RFC 8914, 4.14: what is told again from memory has "cached error" beside its reason.
    got="$got_rcode $got_ad ${got_ede%,13}"
    case $mode in
      cd | again)
        # Without validation there is always an answer, and AD is never set on what validation would refuse.
        if [ "$got_rcode" = SERVFAIL ] || [ "$got_rcode" = none ]; then faults+=("$mode: $got"); fi
        if [ "$ad" = - ] && [ "$got_ad" = ad ]; then faults+=("$mode: AD on what is not secure"); fi
        ;;
      do | ad) if [ "$got" != "$rcode $ad $ede" ]; then faults+=("$mode: $got, wanted $rcode $ad $ede"); fi ;;
      plain) if [ "$got" != "$rcode - $ede" ]; then faults+=("$mode: $got, wanted $rcode - $ede"); fi ;;
    esac
    for peer in "${peers[@]}"; do
      read -r peer_rcode peer_ad _ peer_data <<<"$(said "$peer" "$mode" "$name" "$type")"
      wanted="$got_rcode $got_ad"
      for known in "$@"; do
        case $known in "$peer:"*) wanted=${known##*:}; wanted=${wanted/,/ }; if [ $mode = plain ]; then wanted=${wanted/ad/-}; fi ;; esac
      done
      case $mode in
        cd | again) if [ "$peer_data" != "$got_data" ] && [ "$peer_rcode" != SERVFAIL ]; then faults+=("$mode: $got_rcode $got_data, $peer: $peer_rcode $peer_data"); fi ;;
        *) if [ "$peer_rcode $peer_ad" != "$wanted" ]; then faults+=("$mode: $got, $peer: $peer_rcode $peer_ad, wanted $wanted"); fi ;;
      esac
    done
  done
  if [ ${#faults[@]} -eq 0 ]; then ok "$what"; else not_ok "$what" "${faults[@]}"; fi
}

enter_namespace "$@"
export E2E_VALIDATE=true
peers=()
declare -A addresses=([rootwalk]=$resolver [unbound]=10.53.0.2 [bind]=10.53.0.3)
if ! serve_kinds >"$work/zones.log" 2>&1; then
  not_ok "the authoritative servers start" "$(tail -n 5 "$work"/*.log)"
  summary
  exit 1
fi
configure "$work/rootwalk.yaml"
check "the daemon starts" serve_resolver "$work/rootwalk.yaml" "$work/rootwalk.log"
daemon=$pid
for peer in unbound:unbound bind:named; do
  if [ "$E2E_NAMESPACE" != own ]; then
    echo "No network namespace of its own: ${peer%:*} is not asked"
  elif ! command -v "${peer#*:}" >/dev/null; then
    echo "${peer#*:} is missing: ${peer%:*} is not asked"
  else
    ip address add "${addresses[${peer%:*}]}/32" dev lo
    check "${peer%:*} starts" "serve_${peer%:*}" "${addresses[${peer%:*}]}"
    peers+=("${peer%:*}")
  fi
done

grep -v '^#' "$e2e/dnssec/questions.txt" | grep -E -- "${1:-.}" >"$work/questions"
awk '{ print $1 ".example", $2 }' "$work/questions" >"$work/batch"
asking=()
for who in rootwalk "${peers[@]}"; do
  (for mode in "${modes[@]}"; do verdicts "${addresses[$who]}" "$mode" >"$work/$who.$mode"; done) &
  asking+=($!)
done
wait "${asking[@]}"
if [ -n "${E2E_TABLE:-}" ]; then
  while read -r name type _; do
    for who in rootwalk "${peers[@]}"; do
      printf '%-24s %-6s %-9s' "$name" "$type" "$who"
      for mode in "${modes[@]}"; do printf ' %-5s %-16s' "$mode" "$(said "$who" "$mode" "$name.example." "$type" | cut -d ' ' -f 1-3)"; done
      echo
    done
  done <"$work/questions"
fi
while read -r line; do
  # shellcheck disable=SC2086
  judge $line
done <"$work/questions"
explained() { ask +dnssec "www.$1.example" | grep 'EDE:'; }
shows "it names the signature that has expired" "$(explained expired)" 'EDE: 7 .*key [0-9]+/ECDSAP256SHA256 of expired\.example\. expired 20[0-9]+-'
shows "and the DS that no key matches" "$(explained wrong-ds)" 'EDE: 9 .*wrong-ds\.example\.: no DNSKEY matches DS [0-9]+/ECDSAP256SHA256'
shows "and the digest that it does not know" "$(explained unknown-digest)" 'EDE: 2 .*unknown-digest\.example\.: .*120 \(key [0-9]+\)'
shows "and the algorithm" "$(explained unknown-algorithm)" 'EDE: 1 .*unknown-algorithm\.example\.: .*120 \(key [0-9]+\)'
shows "and the denial that is missing" "$(ask +dnssec nx.no-nsec.example | grep EDE:)" 'EDE: 12 .*no-nsec\.example\.: nx\.no-nsec\.example\. does not exist: not proven'
shows "nothing was logged as an error" "$(cat "$work/rootwalk.log")" '!"level":"?(50|60|error|fatal)' '!Assertion' '!at .*\.ts:[0-9]+'
check "and it ends with 0" stop "$daemon"
summary
