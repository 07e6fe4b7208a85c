# shellcheck shell=bash
# Makes the zones of dnssec.sh, sound and broken, with ldns and knot, each a child of the signed zone `example`, and serves
# them with nsd and knot. Sourced after lib.sh and servers.sh.

host=3

# begin KIND [LINE...]: a zone KIND.example, from now on the current one, with the usual records and those given.
begin() {
  kind=$1
  origin=$kind.example
  zone=$work/zones/$origin.zone
  host=3
  cat >"$zone" <<END
\$ORIGIN $origin.
\$TTL ${ttl:-3600}
@          SOA    ns hostmaster 1 1800 900 604800 ${ttl:-300}
@          NS     ns
ns         A      $net.3
www        A      198.18.7.1
www        TXT    "of $kind"
a.deep     A      198.18.7.2
*.wild     A      198.18.7.3
*.to       CNAME  www
END
  printf '%s\n' "${@:2}" >>"$zone"
}

# key OPTION...: a key of the current zone, by the path of its files. Its DS is beside it.
key() {
  (cd "$work/keys" && echo "$work/keys/$(ldns-keygen "$@" "$origin")")
}

# signed KEY... [-- OPTION...]: signs the current zone in place.
signed() {
  local keys=()
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    keys+=("$1")
    shift
  done
  ldns-signzone -o "$origin" -f "$zone.signed" "${@:2}" "$zone" "${keys[@]}" && mv "$zone.signed" "$zone"
}

# publish KEY: puts the key, which then signs nothing, into the current zone.
publish() {
  sed 's/;.*//' "$1.key" >>"$zone"
}

# altered PROGRAM: passes the current zone through awk; the fields of each line are owner, TTL, class, type, RDATA.
altered() {
  awk "$1" "$zone" >"$zone.altered" && mv "$zone.altered" "$zone"
}

# delegated [DS-FILE...]: the parent's side, with whatever DS records the files hold.
delegated() {
  printf '%s NS ns.%s\nns.%s A %s\n' "$kind" "$kind" "$kind" "$net.$host" >>"$work/zones/example.zone"
  if [ $# -gt 0 ]; then cat "$@" >>"$work/zones/example.zone"; fi
  if [ "$host" = 3 ]; then nsd_zones+=("$origin"); fi
}

# simple KIND [OPTION...]: a zone with one key, signed with the options given and delegated to.
simple() {
  begin "$1"
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only" -- "${@:2}"
  delegated "$only.ds"
}

# In what ldns writes, a signature's fields: 5 type covered, 6 algorithm, 7 labels, 9 expiration, 10 inception, 11 key tag.
make_sound_zones() {
  simple secure
  begin links 'tobogus CNAME www.expired.example.' '*.anytobogus CNAME www.expired.example.' 'broken DNAME expired.example.' 'toinsecure CNAME www.no-ds.example.' 'tosecure CNAME www.secure.example.' \
    'branch DNAME secure.example.'
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only"
  delegated "$only.ds"
  begin no-ds 'back CNAME www.secure.example.'
  signed "$(key -k -a ECDSAP256SHA256)"
  delegated
  begin unsigned
  delegated
  simple nsec3 -n -t 0
  simple nsec3-150 -n -t 150
  simple nsec3-200 -n -t 200
  ttl=0 simple zero-ttl

  local old new
  # Both algorithms sign everything; then one of them signs nothing but the keys (RFC 6840, 5.11: any path will do).
  begin mixed
  old=$(key -k -a RSASHA256 -b 2048)
  new=$(key -k -a ECDSAP384SHA384)
  signed "$old" "$new" -- -A -U
  delegated "$old.ds" "$new.ds"
  begin mixed-partly
  old=$(key -k -a RSASHA256 -b 2048)
  new=$(key -k -a ED25519)
  signed "$old" "$new" -- -A -U
  altered '$4 != "RRSIG" || $5 == "DNSKEY" || $6 != 8'
  delegated "$old.ds" "$new.ds"
  # A second key is published and vouched for, and signs nothing; a third is vouched for only.
  begin standby
  only=$(key -k -a ECDSAP256SHA256)
  new=$(key -k -a ECDSAP256SHA256)
  old=$(key -k -a ECDSAP256SHA256)
  publish "$new"
  signed "$only"
  delegated "$only.ds" "$new.ds" "$old.ds"

  # What cannot be judged is insecure: numbers that nobody has yet.
  begin unknown-algorithm
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only"
  altered '$4 == "DNSKEY" { $7 = 120 } $4 == "RRSIG" { $6 = 120 } { print }'
  sed 's/ 13 2 / 120 2 /; s/\t13 2 /\t120 2 /' "$only.ds" >"$only.ds120"
  delegated "$only.ds120"
  begin unknown-digest
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only"
  sed 's/ 13 2 / 13 120 /' "$only.ds" >"$only.ds120"
  delegated "$only.ds120"
  # Beside one that can be judged they do not count.
  begin half-known
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only"
  sed 's/ 13 2 / 120 2 /' "$only.ds" >"$only.ds120"
  sed 's/ 13 2 / 13 120 /' "$only.ds" >>"$only.ds120"
  delegated "$only.ds120" "$only.ds"
}

# A zone for each algorithm that ldns signs with, by its mnemonic in lower case, and what a DS may hold.
make_zones_of_each_kind() {
  local algorithm options
  while read -r algorithm options; do
    begin "${algorithm,,}"
    # shellcheck disable=SC2086
    only=$(key -k -a "$algorithm" $options)
    if [ "$algorithm" = RSASHA1-NSEC3-SHA1 ]; then signed "$only" -- -n -t 0; else signed "$only"; fi
    delegated "$only.ds"
  done <<END
RSASHA1 -b 1024
RSASHA1-NSEC3-SHA1 -b 1024
RSASHA256 -b 4096
RSASHA512 -b 2048
ECDSAP384SHA384
ED25519
ED448
END
  # RFC 4509, 3: a digest with SHA-1 counts alone, and not beside a better one.
  begin sha1-digest
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only"
  ldns-key2ds -n -1 "$only.key" >"$only.sha1"
  delegated "$only.sha1"
  begin wrong-sha1-digest
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only"
  ldns-key2ds -n -1 "$only.key" | sed -E 's/ [0-9a-f]{8}/ 01234567/' >"$only.sha1"
  delegated "$only.sha1" "$only.ds"
  begin sha1-digest-beside
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only"
  ldns-key2ds -n -1 "$only.key" >"$only.sha1"
  sed -E 's/ [0-9a-f]{8}/ 01234567/' "$only.ds" >"$only.wrong"
  delegated "$only.sha1" "$only.wrong"
}

make_broken_zones() {
  local other
  simple expired -i "$(date -ud '-60 days' +%Y%m%d)" -e "$(date -ud '-30 days' +%Y%m%d)"
  simple early -i "$(date -ud '+30 days' +%Y%m%d)" -e "$(date -ud '+60 days' +%Y%m%d)"
  simple backwards
  altered '$4 == "RRSIG" && $5 == "A" { t = $9; $9 = $10; $10 = t } { print }'
  simple forged
  altered '$1 ~ /^www/ && $4 == "A" { $5 = "198.18.7.66" } { print }'

  # Data by a key that the zone does not publish.
  begin wrong-key
  only=$(key -k -a ECDSAP256SHA256)
  other=$(key -a ECDSAP256SHA256)
  cp "$zone" "$zone.plain"
  signed "$other"
  grep -v DNSKEY "$zone" >"$zone.other"
  mv "$zone.plain" "$zone"
  signed "$only"
  grep DNSKEY "$zone" | grep -v NSEC >>"$zone.other"
  mv "$zone.other" "$zone"
  delegated "$only.ds"
  # A key without the flag that makes it a zone's.
  begin no-zone-key
  only=$(key -k -a ECDSAP256SHA256)
  sed -i 's/DNSKEY[[:space:]]257/DNSKEY\t1/' "$only.key"
  signed "$only"
  ldns-key2ds -n -2 "$only.key" >"$only.ds"
  delegated "$only.ds"

  begin wrong-ds
  signed "$(key -k -a ECDSAP256SHA256)"
  only=$(key -k -a ECDSAP256SHA256)
  delegated "$only.ds"
  begin wrong-digest
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only"
  sed -E 's/ [0-9a-f]{8}/ 01234567/' "$only.ds" >"$only.wrong"
  delegated "$only.wrong"
  # Too early: the parent has the DS of a key that is published and does not sign yet.
  begin early-ds
  other=$(key -k -a ECDSAP256SHA256)
  publish "$other"
  signed "$(key -k -a ECDSAP256SHA256)"
  delegated "$other.ds"
  begin unsigned-with-ds
  only=$(key -k -a ECDSAP256SHA256)
  delegated "$only.ds"

  # RFC 5011, 2.1: a key that is revoked vouches for nothing.
  begin revoked
  only=$(key -k -a ECDSAP256SHA256)
  sed -i 's/DNSKEY[[:space:]]257/DNSKEY\t385/' "$only.key"
  signed "$only"
  ldns-key2ds -n -2 "$only.key" >"$only.ds"
  delegated "$only.ds"

  simple stripped
  altered '!($4 == "RRSIG" && ($5 == "A" || $5 == "SOA"))'
  simple stripped-keys
  altered '!($4 == "RRSIG" && $5 == "DNSKEY")'
  simple few-labels
  altered '$1 ~ /^www/ && $4 == "RRSIG" && $5 == "A" { $7 = 2 } { print }'
  simple many-labels
  altered '$1 ~ /^www/ && $4 == "RRSIG" && $5 == "A" { $7 = 4 } { print }'

  # Chains that were made for a zone with two names more, `gone` (with its NSEC) and `lost` (without), or with none at all.
  begin bad-nsec 'gone A 198.18.7.4' 'lost A 198.18.7.5'
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only"
  altered '!(($1 ~ /^gone/ && ($4 == "A" || $5 == "A")) || $1 ~ /^lost/)'
  delegated "$only.ds"
  simple no-nsec
  altered '!($4 == "NSEC" || $5 == "NSEC")'
  simple forged-nsec
  altered '$4 == "NSEC" { $NF = "TYPE65281" } { print }'
  begin bad-nsec3 'gone A 198.18.7.4' 'gone TXT "x"'
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only" -- -n -t 0
  altered '!($1 ~ /^gone/ && ($4 == "A" || $5 == "A"))'
  delegated "$only.ds"
  begin no-nsec3
  only=$(key -k -a ECDSAP256SHA256)
  signed "$only" -- -n -t 0
  altered '$4 !~ /^NSEC3/ && $5 !~ /^NSEC3/'
  delegated "$only.ds"
  simple forged-nsec3 -n -t 0
  altered '$4 == "NSEC3" { $6 = 1 } { print }'
}

# Keys that have signed for a while, those that are published and wait, and those that sign already and are not published.
serving='publish=-30d ready=-20d active=-20d'
waiting='publish=-10d ready=+10d active=+10d'
unseen='pre_active=-10d publish=+10d ready=+20d active=+20d'
unpublished='pre_active=-60d publish=-50d ready=-40d active=-40d retire_active=-20d post_active=-5d remove=+10d'

# knot_zone KIND POLICY [LINE...]: a zone that knot signs and serves, with keys made by knot_key.
knot_zone() {
  local policy=$2
  begin "$1" "${@:3}"
  host=4
  sed -i "s/^ns .*$/ns A $net.4/" "$zone"
  printf '  - domain: %s\n    dnssec-signing: on\n    dnssec-policy: %s\n' "$origin" "$policy" >>"$work/knot.conf"
}

# knot_key TIMES OPTION...: a key of the current zone; its DS goes to the file that is printed.
knot_key() {
  local times=$1 id
  shift
  if [[ " $* " = *" zsk=yes "* ]]; then times=$(sed -E 's/ (ready|retire_active)=[^ ]+//g' <<<"$times"); fi
  # shellcheck disable=SC2086
  id=$(keymgr -c "$work/knot.conf" "$origin" generate "$@" $times 2>>"$work/keymgr.log") || return
  keymgr -c "$work/knot.conf" "$origin" ds "$id" | grep ' 2 ' >"$work/keys/$id.ds"
  echo "$work/keys/$id.ds"
}

make_knot_zones() {
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
  - id: plain
    manual: on
    algorithm: ecdsap256sha256
  - id: optout
    manual: on
    algorithm: ecdsap256sha256
    nsec3: on
    nsec3-iterations: 0
    nsec3-opt-out: on
template:
  - id: default
    storage: "$work/zones"
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: difference-no-serial
    journal-content: all
zone:
END
  local ec=algorithm=ecdsap256sha256 rsa='algorithm=rsasha256 size=2048' old new stage
  # Unsigned delegations within an opt-out span, and a signed one beside them.
  knot_zone opt-out optout "sub NS ns.sub" "ns.sub A $net.3"
  old=$(knot_key "$serving" $ec ksk=yes zsk=yes)
  delegated "$old"
  cat >"$work/zones/sub.opt-out.example.zone" <<END
\$ORIGIN sub.opt-out.example.
@ 3600 SOA ns hostmaster 1 1800 900 604800 300
@ 3600 NS ns
ns 3600 A $net.3
www 3600 A 198.18.7.6
END
  nsd_zones+=(sub.opt-out.example)

  # RFC 6781, 4.1.1.1: the next key is published before it signs; the last one still is when it no longer does.
  knot_zone zsk-rollover plain
  old=$(knot_key "$serving" $ec ksk=yes)
  knot_key "$serving" $ec zsk=yes >/dev/null
  knot_key "$waiting" $ec zsk=yes >/dev/null
  knot_key 'publish=-60d active=-50d retire=-10d remove=+10d' $ec zsk=yes >/dev/null
  delegated "$old"
  # RFC 6781, 4.1.2: both sign the keys, and the parent has the DS of the old one, of the new one, of both.
  for stage in old new both; do
    knot_zone "ksk-rollover-$stage" plain
    old=$(knot_key "$serving" $ec ksk=yes)
    new=$(knot_key "$serving" $ec ksk=yes)
    knot_key "$serving" $ec zsk=yes >/dev/null
    case $stage in old) delegated "$old" ;; new) delegated "$new" ;; both) delegated "$old" "$new" ;; esac
  done
  # RFC 6781, 4.1.4: signatures first, then keys, then DS; and away in the reverse order.
  for stage in 1 2 3 4; do
    knot_zone "algorithm-rollover-$stage" plain
    local was=$serving is=$serving
    case $stage in 1) is=$unseen ;; 4) was=$unpublished ;; esac
    # shellcheck disable=SC2086
    {
      old=$(knot_key "$was" $rsa ksk=yes)
      knot_key "$was" $rsa zsk=yes >/dev/null
      new=$(knot_key "$is" $ec ksk=yes)
      knot_key "$is" $ec zsk=yes >/dev/null
    }
    case $stage in 1 | 2) delegated "$old" ;; 3 | 4) delegated "$new" ;; esac
  done
}

# Makes all zones, signs their parents, and serves everything; waits until each server answers.
serve_kinds() {
  mkdir -p "$work/zones" "$work/keys"
  nsd_zones=()
  cat >"$work/zones/example.zone" <<END
\$ORIGIN example.
\$TTL 3600
@      SOA a.nic hostmaster.nic 1 1800 900 604800 300
@      NS  a.nic
a.nic  A   $net.2
END
  cat >"$work/zones/root.zone" <<END
. 3600 SOA a.root. hostmaster.root. 1 1800 900 604800 300
. 3600 NS a.root.
a.root. 3600 A $net.1
example. 3600 NS a.nic.example.
a.nic.example. 3600 A $net.2
END
  make_sound_zones
  make_zones_of_each_kind
  make_broken_zones
  make_knot_zones
  sign example
  cat "$work/example.ds" >>"$work/zones/root.zone"
  sign root
  cp "$work/root.ds" "$work/anchor"
  printf '. 3600000 NS a.root.\na.root. 3600000 A %s.1\n' "$net" >"$work/hints"
  nsd_serve root "$net.1" root
  nsd_serve tld "$net.2" example
  nsd_serve host "$net.3" "${nsd_zones[@]}"
  start "$work/knot.log" knotd -c "$work/knot.conf"
  within 30 serves 1 . && within 30 serves 2 example && within 30 serves 3 secure.example &&
    within 30 serves 4 algorithm-rollover-4.example
}
