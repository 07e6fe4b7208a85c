# shellcheck shell=bash
# Signs the zones of `zones/` and serves them: nsd as the root, as the TLDs and as a host, knot as another host, and a
# late server. Sourced after lib.sh.

# sign ZONE [OPTION...]: signs $work/zones/ZONE.zone with a key of its own; its DS is left in $work/ZONE.ds.
sign() {
  local zone=$1 file=$work/zones/$1.zone origin=$1 key
  if [ "$zone" = root ]; then origin=.; fi
  key=$(cd "$work/keys" && ldns-keygen -k -a ECDSAP256SHA256 "$origin")
  cp "$work/keys/$key.ds" "$work/$zone.ds"
  ldns-signzone -o "$origin" -f "$file.signed" "${@:2}" "$file" "$work/keys/$key"
  mv "$file.signed" "$file"
}

# nsd_serve NAME ADDRESS ZONE...
nsd_serve() {
  local name=$1 address=$2 zone
  shift 2
  {
    cat <<END
server:
  ip-address: $address
  port: $port
  server-count: 1
  username: ""
  chroot: ""
  zonesdir: "$work/zones"
  pidfile: ""
  database: ""
  xfrdfile: ""
  zonelistfile: "$work/$name.list"
  xfrdir: "$work"
  # Otherwise it drops what it calls a flood.
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
remote-control:
  control-enable: no
END
    for zone in "$@"; do
      printf 'zone:\n  name: "%s"\n  zonefile: "%s.zone"\n' "$([ "$zone" = root ] && echo . || echo "$zone")" "$zone"
    done
  } >"$work/$name.conf"
  start "$work/$name.log" nsd -d -c "$work/$name.conf"
}

knot_configure() {
  mkdir -p "$work/knot"
  cat >"$work/knot.conf" <<END
server:
  listen: $net.4@$port
  rundir: "$work/knot"
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: "$work/knot"
log:
  - target: stdout
    any: warning
policy:
  - id: signed
    algorithm: ecdsap256sha256
    nsec3: on
    nsec3-iterations: 0
template:
  - id: default
    storage: "$work/zones"
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
zone:
  - domain: knot.com
    dnssec-signing: on
    dnssec-policy: signed
  - domain: sub.knot.com
END
  keymgr -c "$work/knot.conf" knot.com generate algorithm=ecdsap256sha256 ksk=yes zsk=yes >/dev/null
  keymgr -c "$work/knot.conf" knot.com ds | grep ' 2 ' >"$work/knot.com.ds"
}

# Sets up all zones and servers and waits until each answers; `$work/hints` and `$work/anchor` are the root's.
serve_zones() {
  mkdir -p "$work/zones" "$work/keys"
  local file zone
  for file in "$e2e"/zones/*.zone; do sed "s/@NET@/$net/g" "$file" >"$work/zones/${file##*/}"; done
  knot_configure
  sign example.com
  sign example.org -n -t 0
  cat "$work/example.com.ds" "$work/knot.com.ds" >>"$work/zones/com.zone"
  cat "$work/example.org.ds" >>"$work/zones/org.zone"
  for zone in com net org; do
    sign $zone
    cat "$work/$zone.ds" >>"$work/zones/root.zone"
  done
  sign root
  cp "$work/root.ds" "$work/anchor"
  printf '. 3600000 NS a.root.\na.root. 3600000 A %s.1\n' "$net" >"$work/hints"

  nsd_serve root "$net.1" root
  nsd_serve tld "$net.2" com net org
  nsd_serve host "$net.3" example.com example.org example.net plain.com
  start "$work/knot.log" knotd -c "$work/knot.conf"
  start "$work/slow.log" "$node" "$e2e/slow-server.ts" "$net.6" "$port" slow.com
  within 30 serves 1 . && within 30 serves 2 com && within 30 serves 3 example.com && within 30 serves 4 knot.com &&
    within 30 serves 6 slow.com
}

serves() { dig "@$net.$1" -p "$port" +norec +tries=1 +time=1 "$2" SOA | grep -q 'flags: qr aa'; }

# configure FILE [LINE...]: a configuration of the resolver under test, with further lines.
configure() {
  cat >"$1" <<END
listen: ["$resolver:$port"]
allow: $allow
root: { hints: "$work/hints", trustAnchors: "$work/anchor" }
upstream: $upstream
dnssec: { validate: ${E2E_VALIDATE:-false} }
hosts: false
control: ${control:-false}
console: ${console:-false}
END
  printf '%s\n' "${@:2}" >>"$1"
}

# serve_resolver CONFIG LOG: starts the daemon and waits until it answers; its id is in $pid.
serve_resolver() {
  start "$2" "$node" "$main" serve --config "$1"
  within 20 grep -q '^Listening on' "$2"
}
