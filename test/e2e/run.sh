#!/usr/bin/env bash
# End to end with real parts: nsd and knot serve a small Internet, dig and kdig ask the daemon and the lab.
# Prints a line for each check and a count; needs nsd, knot, ldnsutils, dig and kdig, and no network.
set -uo pipefail
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/e2e/servers.sh
. "$e2e/servers.sh"

for program in nsd knotd keymgr ldns-signzone ldns-keygen dig kdig ip; do
  if ! command -v "$program" >/dev/null; then
    echo "$program is missing: the end-to-end tests are not run"
    echo "0 passed, 1 failed"
    exit 1
  fi
done

enter_namespace "$@"
if serve_zones >"$work/zones.log" 2>&1; then
  for part in resolve daemon control verbs; do
    echo "-- $part"
    # shellcheck source=/dev/null
    . "$e2e/$part.sh"
  done
else
  not_ok "the authoritative servers start" "$(tail -n 5 "$work"/*.log)"
fi
echo "-- lab"
. "$e2e/lab.sh"
summary
