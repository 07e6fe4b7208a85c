# shellcheck shell=bash
# The other validators that are asked the same: Unbound, and BIND where it is installed. Sourced by dnssec.sh.

# serve_unbound ADDRESS
serve_unbound() {
  cat >"$work/unbound.conf" <<END
server:
  interface: $1
  port: $port
  access-control: 0.0.0.0/0 allow
  do-ip6: no
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "$work"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  val-log-level: 2
  num-threads: 1
  root-hints: "$work/hints"
  trust-anchor-file: "$work/anchor"
  do-not-query-localhost: no
  ede: yes
  # RFC 9276, 3.2: as rootwalk has it; Unbound's default is 150.
  val-nsec3-keysize-iterations: "1024 50 2048 50 4096 50"
remote-control:
  control-enable: no
END
  start "$work/unbound.log" unbound -d -c "$work/unbound.conf"
  within 10 answers "$1"
}

# serve_bind ADDRESS
serve_bind() {
  awk '$3 == "DS" || $4 == "DS" { for (i = 1; $i != "DS"; i++); printf "trust-anchors { . static-ds %s %s %s \"%s\"; };\n", $(i + 1), $(i + 2), $(i + 3), $(i + 4) }' \
    "$work/anchor" >"$work/named.anchor"
  cat >"$work/named.conf" <<END
options {
  directory "$work";
  listen-on port $port { $1; };
  listen-on-v6 { none; };
  pid-file none;
  session-keyfile none;
  recursion yes;
  allow-recursion { any; };
  dnssec-validation yes;
  empty-zones-enable no;
  # Otherwise it asks the child of the zone for what the parent should say.
  minimal-responses yes;
};
controls { };
zone "." { type hint; file "$work/hints"; };
include "$work/named.anchor";
END
  start "$work/named.log" named -g -n 1 -c "$work/named.conf"
  within 10 answers "$1"
}

answers() { dig "@$1" -p "$port" +tries=1 +time=2 www.secure.example | grep -q 'status: NOERROR'; }
