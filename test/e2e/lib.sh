# shellcheck shell=bash
# What the end-to-end tests share: where things are, how a check is counted, how a server is started and stopped.
# Sourced by the scripts of this folder, not run.

e2e=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repository=$(cd "$e2e/../.." && pwd)
node=$(node "$repository/tools/node/run.cjs" -p process.execPath)
# What is tested: the sources, or a build of them.
main=${E2E_MAIN:-$repository/src/cli/main.ts}
passed=0
failed=0
started=()

# Runs this script again in a network namespace of its own where that is allowed, so that port 53 and any address are
# free and nothing leaves the machine. Elsewhere the servers take addresses of 127.0.0.0/8 and a high port.
enter_namespace() {
  if [ -z "${E2E_NAMESPACE:-}" ]; then
    export E2E_NAMESPACE=none
    local option
    for option in -n -rn; do
      if unshare $option true 2>/dev/null; then
        E2E_NAMESPACE=own exec unshare $option "$0" "$@"
      fi
    done
  fi
  work=$(mktemp -d "${TMPDIR:-/tmp}/rootwalk-e2e.XXXXXX")
  export CACHE_DIRECTORY=$work/cache
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  if [ "$E2E_NAMESPACE" = own ]; then
    ip link set lo up
    net=192.0.2
    port=53
    resolver=10.53.0.1
    foreign=198.51.100.9
    local address
    for address in $net.{1,2,3,4,5,6} $resolver $foreign; do ip address add "$address/32" dev lo; done
    allow='[127.0.0.0/8, "::1/128", 10.0.0.0/8]'
    upstream='{ ipv6: false }'
  else
    net=127.53.0
    port=5391
    resolver=127.0.0.1
    foreign=127.53.9.9
    allow='[127.0.0.1/32]'
    upstream="{ ipv6: false, deny: [], port: $port }"
  fi
}

clean_up() {
  local code=$?
  local pid
  for pid in "${started[@]}"; do kill -- "-$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do wait "$pid" 2>/dev/null || true; done
  if [ "$failed" -gt 0 ] && [ -n "${E2E_KEEP:-}" ]; then echo "Kept: $work"; else rm -rf "$work"; fi
  exit "$code"
}

# start LOG COMMAND...: runs a command in the background, in a process group of its own; its id is in $pid.
start() {
  local log=$1
  : >"$log" # before what waits for a line in it
  shift
  setsid "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  started+=("$pid")
}

# stop PID: ends what `start` started and gives its exit code.
stop() {
  kill -TERM -- "-$1" 2>/dev/null || true
  local code=0
  wait "$1" || code=$?
  local kept=() other
  for other in "${started[@]}"; do if [ "$other" != "$1" ]; then kept+=("$other"); fi; done
  started=("${kept[@]}")
  return "$code"
}

# within SECONDS COMMAND...: repeats a command until it succeeds.
within() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if [ $SECONDS -ge $end ]; then return 1; fi
    sleep 0.05
  done
}

ok() {
  passed=$((passed + 1))
  echo "ok    $1"
}

not_ok() {
  failed=$((failed + 1))
  echo "FAIL  $1"
  printf '%s\n' "${@:2}" | sed 's/^/      | /' | head -n "${E2E_LINES:-25}"
}

# check NAME COMMAND...: passes where the command succeeds. It runs in this shell, so that it may start and stop.
check() {
  local name=$1
  shift
  if "$@" >"$work/output" 2>&1; then ok "$name"; else not_ok "$name" "$*" "$(cat "$work/output")"; fi
}

# same NAME WANTED GOT
same() { if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "wanted: $2" "got:    $3"; fi; }

# shows NAME TEXT PATTERN...: passes where each pattern (extended; those that open with ! must not) is in the text.
shows() {
  local name=$1 text=$2 pattern
  shift 2
  for pattern in "$@"; do
    if [ "${pattern#!}" != "$pattern" ]; then
      if grep -Eq -- "${pattern#!}" <<<"$text"; then not_ok "$name" "not wanted: ${pattern#!}" "$text"; return; fi
    elif ! grep -Eq -- "$pattern" <<<"$text"; then
      not_ok "$name" "wanted: $pattern" "$text"
      return
    fi
  done
  ok "$name"
}

# verb NAME CODE PATTERNS... -- WORDS...: runs one verb and judges its exit code and all that it prints.
verb() {
  local name=$1 wanted=$2 patterns=() output code=0
  shift 2
  while [ "$1" != -- ]; do
    patterns+=("$1")
    shift
  done
  shift
  output=$("$node" "$main" "$@" 2>&1 </dev/null) || code=$?
  if [ "$code" -ne "$wanted" ]; then not_ok "$name" "exit code $code, not $wanted" "$output"; else shows "$name" "$output" "${patterns[@]}"; fi
}

# ask OPTIONS...: the resolver's word on a question, as dig prints it.
ask() { dig "@$resolver" -p "$port" +tries=1 +time=8 "$@"; }

# rdata OPTIONS...: the answer's types and data, sorted.
rdata() { ask +noall +answer "$@" | awk '{ $1 = $2 = $3 = ""; print substr($0, 4) }' | sort; }

summary() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ]
}
