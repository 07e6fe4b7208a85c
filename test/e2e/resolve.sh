# shellcheck shell=bash
# What dig and kdig get from the daemon. Sourced by run.sh.

configure "$work/rootwalk.yaml"
check "the daemon starts and says where it listens" serve_resolver "$work/rootwalk.yaml" "$work/resolver.log"
daemon=$pid
check "it says that the root answered" within 8 grep -q '^The root answered' "$work/resolver.log"

answer=$(ask www.example.com)
shows "an address over UDP" "$answer" 'status: NOERROR' 'flags: qr rd ra;' '198\.18\.0\.1$' '198\.18\.0\.2$' '\(UDP\)'
first=$(ask +noall +answer www.example.com | awk '{ print $2; exit }')
sleep 1.1
second=$(ask +noall +answer www.example.com | awk '{ print $2; exit }')
check "a second ask comes from cache with a lower TTL ($first, then $second)" test "$second" -lt "$first" -a "$second" -gt 290
shows "over TCP" "$(ask +tcp www.example.com AAAA)" 'status: NOERROR' 'ANSWER: 0' 'example\.com\..*SOA' '\(TCP\)'
shows "kdig over UDP" "$(kdig "@$resolver" -p "$port" www.example.com)" 'NOERROR' '198\.18\.0\.1$'
shows "kdig over TCP, several questions on one connection" \
  "$(kdig "@$resolver" -p "$port" +tcp +keepopen www.example.com mail.example.com www.example.org)" \
  '198\.18\.0\.1$' '198\.18\.0\.25$' '198\.18\.2\.1$'

same "three aliases" "CNAME link2.example.com. CNAME link3.example.com. CNAME www.example.com. A 198.18.0.1 A 198.18.0.2" \
  "$(ask +noall +answer link1.example.com | awk '{ print $4, $5 }' | sort -s -k1,1r -k2,2V | xargs)"
same "an alias into a zone whose server is named elsewhere" "CNAME www.example.org. A 198.18.2.1" "$(ask +noall +answer shop.example.com | awk '{ print $4, $5 }' | xargs)"
same "an alias to another server" "CNAME www.knot.com. A 198.18.4.1" "$(ask +noall +answer tied.example.com | awk '{ print $4, $5 }' | xargs)"
shows "an alias to nothing" "$(ask dangling.example.com)" 'status: NXDOMAIN' 'CNAME.nosuch\.example\.org\.' 'example\.org\..*SOA'
shows "aliases in a circle" "$(ask loop.example.com)" 'status: SERVFAIL' 'EDE: [0-9]+'
shows "the alias itself" "$(ask link1.example.com CNAME)" 'ANSWER: 1,' 'CNAME.link2\.example\.com\.'

shows "NXDOMAIN" "$(ask nosuch.example.com)" 'status: NXDOMAIN' 'ANSWER: 0' 'example\.com\..*SOA'
shows "NODATA" "$(ask mail.example.com AAAA)" 'status: NOERROR' 'ANSWER: 0' 'example\.com\..*SOA'
shows "an empty non-terminal is NODATA" "$(ask b.deep.example.com)" 'status: NOERROR' 'ANSWER: 0'
shows "a TLD that does not exist" "$(ask www.nosuch-tld)" 'status: NXDOMAIN' '^\.[[:space:]].*SOA'
shows "a wildcard" "$(ask any.wild.example.com)" 'any\.wild\.example\.com\..*A.198\.18\.0\.3'
shows "a wildcard of knot" "$(ask any.wild.knot.com)" 'any\.wild\.knot\.com\..*A.198\.18\.4\.3'
shows "a DNAME and the CNAME made of it" "$(ask www.moved.example.com)" 'moved\.example\.com\..*DNAME.example\.org\.' \
  'www\.moved\.example\.com\..*CNAME.www\.example\.org\.' '198\.18\.2\.1$'
shows "a zone below another on one server" "$(ask www.sub.knot.com)" '198\.18\.5\.1$'
shows "an unsigned zone without glue" "$(ask www.plain.com)" 'status: NOERROR' '198\.18\.3\.1$'
shows "a zone whose only server is closed" "$(ask www.broken.com)" 'status: SERVFAIL' 'EDE: [0-9]+'
shows "the name in the client's case" "$(ask wWw.eXample.Com)" '^wWw\.eXample\.Com\..*198\.18\.0\.1$'
shows "the root's servers" "$(ask . NS)" 'ANSWER: 1,' 'NS.a\.root\.$'

shows "an answer over 512 octets without EDNS is cut" "$(ask +noedns +ignore medium.example.com TXT)" 'flags: qr tc rd ra;' 'ANSWER: 0'
shows "the same with EDNS is whole" "$(ask +ignore medium.example.com TXT)" 'flags: qr rd ra;' 'ANSWER: 5'
shows "an answer over 1232 octets is cut, whatever the client takes" "$(ask +bufsize=4096 +ignore big.example.com TXT)" 'flags: qr tc rd ra;'
shows "it comes whole over TCP" "$(ask big.example.com TXT)" 'Truncated, retrying in TCP' 'ANSWER: 20' 'line 20 \.'

for question in '_sip._udp SRV' 'types NAPTR' 'types LOC' 'types HINFO' 'types RP' 'types SSHFP' 'types URI' 'types TYPE65280' \
  '_443._tcp TLSA' 'svc HTTPS' '@ MX' '@ CAA' '@ TXT' 'odd\.label TXT' 'sp\032ace TXT'; do
  owner=${question% *}.example.com
  direct=$(dig "@$net.3" -p "$port" +norec +noall +answer "${owner#@.}" "${question#* }" | awk '{ $2 = ""; print }' | sort)
  relayed=$(ask +noall +answer "${owner#@.}" "${question#* }" | awk '{ $2 = ""; print }' | sort)
  same "as its server has it: ${question}" "$direct" "$relayed"
done

shows "+dnssec brings signatures" "$(ask +dnssec www.example.com)" 'RRSIG.A 13 3 300' 'flags: do'
shows "without it there are none" "$(ask www.example.com)" '!RRSIG'
shows "+dnssec on NXDOMAIN brings NSEC" "$(ask +dnssec nosuch2.example.com)" 'NSEC' 'RRSIG.NSEC' 'RRSIG.SOA'
shows "+dnssec on NXDOMAIN brings NSEC3" "$(ask +dnssec nosuch.knot.com)" 'NSEC3' 'RRSIG.NSEC3' 'RRSIG.SOA'
shows "without it neither" "$(ask nosuch3.example.com)" '!NSEC' '!RRSIG'
shows "DS from the parent" "$(ask knot.com DS)" 'ANSWER: 1,' 'DS.[0-9]+ 13 2 '
shows "no DS for an unsigned zone" "$(ask plain.com DS)" 'status: NOERROR' 'ANSWER: 0' '^com\..*SOA'
shows "DNSKEY" "$(ask knot.com DNSKEY)" 'DNSKEY.257 3 13 ' 'DNSKEY.256 3 13 '
shows "an alias to its own zone's apex, asked for its DS" "$(ask self.example.com DS)" 'CNAME.example\.com\.' 'DS.[0-9]+ 13 2 '
shows "an alias to another zone's apex, asked for its DS" "$(ask apex.example.com DS)" 'CNAME.knot\.com\.' 'DS.[0-9]+ 13 2 '

shows "RD=0 on what is cached" "$(ask +norec www.example.com)" 'status: NOERROR' '198\.18\.0\.1$'
shows "RD=0 on what is not" "$(ask +norec uncached.example.com)" 'status: REFUSED' 'ANSWER: 0'
# nsd gives one RRset of many (RFC 8482); at medium there is but one.
shows "ANY" "$(ask medium.example.com ANY)" 'status: NOERROR' 'line 5 ' '\(TCP\)'
shows "ANY over UDP is cut above 512 octets" "$(ask +ignore +notcp medium.example.com ANY)" 'flags: qr tc rd ra;'
shows "an opcode that is not served" "$(ask +opcode=5 www.example.com)" 'status: NOTIMP'
shows "another EDNS version" "$(ask +edns=1 +noednsneg www.example.com)" 'status: BADVERS'
shows "a foreign client" "$(dig -b "$foreign" "@$resolver" -p "$port" +tries=1 +time=3 www.example.com)" 'status: REFUSED' 'ANSWER: 0'
shows "a foreign client over TCP" "$(dig -b "$foreign" "@$resolver" -p "$port" +tcp +tries=1 +time=3 www.example.com 2>&1)" 'REFUSED|reset|end of file|closed' '!198\.18\.0\.1'
same "a TTL of 0 is not kept" "0 0" "$(for _ in 1 2; do ask +noall +answer brief.example.com | awk '{ print $2 }'; done | xargs)"
shows "a cookie is answered" "$(ask +cookie www.example.com)" 'COOKIE: [0-9a-f]{32,} \(good\)'
