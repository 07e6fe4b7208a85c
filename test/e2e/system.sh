#!/usr/bin/env bash
# rootwalk as the resolver of a machine, in network and mount namespaces: socket activation, setup and back, and the
# doctor before faults made for real. Root only; prints a line for each check and a count.
set -uo pipefail
if [ "$(id -u)" -ne 0 ] || ! unshare -nm true 2>/dev/null; then
  echo "skipped: this takes root and namespaces of its own"
  echo "0 passed, 0 failed"
  exit 0
fi
if [ "${E2E_NAMESPACE:-}" != own ]; then E2E_NAMESPACE=own exec unshare -nm --propagation private "$0" "$@"; fi
# shellcheck source=test/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=test/e2e/servers.sh
. "$e2e/servers.sh"

export E2E_VALIDATE=true
enter_namespace
chmod 755 "$work"
# A machine of its own: what is written to /etc stays here.
cp -a /etc "$work/etc"
mount --bind "$work/etc" /etc
rm -f /etc/resolv.conf
printf 'search example.com\nnameserver 192.0.2.99\n' >/etc/resolv.conf
chmod 640 /etc/resolv.conf
printf 'hosts: files dns\n' >/etc/nsswitch.conf
mount -t tmpfs -o mode=755 tmpfs /run

serve_zones >"$work/zones.log" 2>&1 || not_ok "the authoritative servers start" "$(tail -n 5 "$work"/*.log)"

# here FILE [LINE...]: a configuration that listens where programs ask.
here() {
  resolver=127.0.0.1 configure "$@"
  sed -i '/^control:/d' "$1"
  echo 'control: /run/rootwalk/control.sock' >>"$1"
}
rootwalk() { "$node" "$main" "$@" 2>&1 </dev/null; }
# examine FILE: the doctor's report, its exit code in $code.
examine() {
  code=0
  report=$(rootwalk doctor --config "$1") || code=$?
}
etc() { (cd /etc && find . -mindepth 1 -printf '%p %y %m %u %l %i ' \( -type f -exec sha256sum {} \; -o -printf '\n' \)) | sort; }

echo "-- socket activation"
here "$work/system.yaml"
sed -i 's/^listen.*/listen: ["192.0.2.254:53"]/' "$work/system.yaml"
start "$work/system.log" "$node" "$e2e/hand-over.ts" 127.0.0.1 53 "$node" "$main" serve --config "$work/system.yaml"
daemon=$pid
check "it answers on the sockets that it was handed" within 20 grep -q 'The root answered' "$work/system.log"
shows "and on no other" "$(cat "$work/system.log")" '^Listening on 127\.0\.0\.1:53 \(UDP, TCP\)'
shows "root is given up" "$(cat "$work/system.log")" '^Running as nobody'
shows "and so the process says" "$(cat /proc/"$(pgrep -P "$daemon")"/status)" '^Uid:.65534.65534.65534.65534$' '^CapEff:.0+$'
check "and the control socket still works" rootwalk status --config "$work/system.yaml"
check "and so does a reload" rootwalk reload --config "$work/system.yaml"
check "and the health check" rootwalk healthcheck --config "$work/system.yaml"

echo "-- setup"
etc >"$work/before"
shows "setup prints the plan" "$(rootwalk setup --config "$work/system.yaml")" 'write /etc/resolv\.conf' 'nameserver 127\.0\.0\.1'
etc >"$work/printed"
check "and changes nothing" cmp "$work/before" "$work/printed"
shows "setup --apply" "$(rootwalk setup --apply --config "$work/system.yaml")" '^/etc/resolv\.conf: written$'
shows "twice" "$(rootwalk setup --apply --config "$work/system.yaml")" '^/etc/resolv\.conf: unchanged$'
shows "getent hosts" "$(getent hosts www.example.com)" '^198\.18\.0\.1 +www\.example\.com'
shows "getent hosts, by the search list" "$(getent hosts www)" '^198\.18\.0\.1'
shows "getent hosts of an alias" "$(getent ahostsv4 shop.example.com)" '^198\.18\.2\.1'
check "getent says no to what does not exist" test -z "$(getent hosts nosuch.example.com)"
ip address add 198.18.0.1/32 dev lo
mkdir "$work/web" && echo "You found me." >"$work/web/page" && : >"$work/web/Packages"
start "$work/web.log" "$node" -e 'require("node:http").createServer((q, r) => { try { r.end(require("node:fs").readFileSync(process.argv[1] + q.url)); } catch { r.statusCode = 404; r.end(); } }).listen(80, "198.18.0.1")' "$work/web"
if command -v curl >/dev/null; then
  check "curl" within 5 curl -fsS http://www.example.com/page
else
  check "a Node program fetches by name" within 5 "$node" -e 'fetch("http://www.example.com/page").then((r) => process.exit(r.ok ? 0 : 1))'
fi
if command -v apt-get >/dev/null; then
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
  echo 'deb [trusted=yes] http://www.example.com/ ./' >"$work/apt/sources.list"
  shows "apt-get update" "$(apt-get update -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=- \
    -o "Dir::State::lists=$work/apt/lists" -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User=root -o Acquire::http::Proxy=false \
    -o Acquire::Languages=none 2>&1)" 'www\.example\.com' '!resolv' '!^E:'
fi
examine "$work/system.yaml"
shows "doctor: this machine asks rootwalk" "$report" '^ok +this machine +lookups go to 127\.0\.0\.1: rootwalk$'
shows "setup --undo" "$(rootwalk setup --undo --config "$work/system.yaml")" '^/etc/resolv\.conf: taken back$'
etc >"$work/after"
check "every file is as it was" cmp "$work/before" "$work/after"
# There is no systemd in this namespace, so that the service cannot be told.
mkdir -p /run/systemd/resolve
shows "setup --apply takes the files back when a service is not to be told" \
  "$(rootwalk setup --apply --config "$work/system.yaml")" 'systemctl.*the files were taken back$'
rmdir /run/systemd/resolve
etc >"$work/after"
check "and every file is as it was" cmp "$work/before" "$work/after"
stop "$pid"
stop "$daemon"
start "$work/six.log" "$node" "$e2e/hand-over.ts" ::1 53 "$node" "$main" serve --config "$work/system.yaml"
within 20 grep -q 'The root answered' "$work/six.log"
shows "sockets for IPv6 are taken over, too" "$(dig @::1 +short www.example.com; dig @::1 +tcp +short www.example.com)" '^198\.18\.0\.1$'
stop "$pid"
before=$(cat /etc/resolv.conf)
shows "setup --apply does nothing when rootwalk does not answer" "$(rootwalk setup --apply --config "$work/system.yaml")" 'no rootwalk answers|does not listen'
same "and resolv.conf is as it was" "$before" "$(cat /etc/resolv.conf)"

if command -v systemd-analyze >/dev/null; then
  echo "-- systemd units"
  cp "$repository"/packaging/rootwalk.{service,socket} "$work"
  sed -i 's#/usr/local/bin/rootwalk#/bin/true#' "$work/rootwalk.service"
  check "systemd-analyze verify" systemd-analyze verify --man=no "$work/rootwalk.service" "$work/rootwalk.socket"
  score=$(systemd-analyze security --offline=yes --no-pager "$work/rootwalk.service" | sed -n 's/.*Overall exposure level.*: \([0-9.]*\) .*/\1/p')
  check "systemd-analyze security: exposure $score of 10, 2 at most" test "${score%.*}" -lt 2
fi

. "$e2e/doctor.sh"
summary
