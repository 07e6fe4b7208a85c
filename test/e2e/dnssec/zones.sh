# shellcheck shell=bash
# Makes the zones of dnssec.sh, sound and broken, with ldns and knot, each a child of the signed zone `example`, and serves
# them with nsd and knot. Sourced after lib.sh and servers.sh.

host=3

# begin KIND [LINE...]: a zone KIND.example, the current one; further records replace the usual ones where LINE is given.
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
  begin links 'tobogus CNAME www.expired.example.' 'toinsecure CNAME www.no-ds.example.' 'tosecure CNAME www.secure.example.' \
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
  awk '{ print $1, 3600, "IN DNSKEY", $0 }' "$new.key" | sed 's/DNSKEY .*DNSKEY/DNSKEY/; s/;.*//' >>"$zone"
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
  begin unsigned-with-ds
  only=$(key -k -a ECDSAP256SHA256)
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

# knot_zone KIND [LINE...]: a zone that knot signs and serves with the keys that `knot_key` makes.
knot_zone() {
  begin "$@"
  host=4
  knot_zones+=("$origin")
}

# knot_key OPTION...: a key for the current zone; prints its key tag.
knot_key() {
  local id
  id=$(keymgr -c "$work/knot.conf" "$origin" generate "$@") || return
  keymgr -c "$work/knot.conf" "$origin" list iso | awk -v id="$id" '$1 == id { for (i = 1; i <= NF; i++) if ($i ~ /^tag=/) { sub("tag=", "", $i); print $i } else if ($i ~ /^[0-9]+$/) { print $i; exit } }' | head -n 1
}
