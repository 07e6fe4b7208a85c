# shellcheck shell=bash
# The verbs of the command line: what they print and their exit codes. Sourced by run.sh.

configure "$work/verbs.yaml"

verb "query: an address" 0 'status: NOERROR' '^www\.example\.com\..*A.198\.18\.0\.1$' -- query www.example.com --config "$work/verbs.yaml"
verb "query: +short follows the alias" 0 '^www\.example\.org\.$' '^198\.18\.2\.1$' -- query shop.example.com +short --config "$work/verbs.yaml"
verb "query: NXDOMAIN is an answer" 0 'status: NXDOMAIN' -- query nosuch.example.com --config "$work/verbs.yaml"
verb "query: +dnssec" 0 'RRSIG.A 13 3 300' -- query www.example.com A +dnssec --config "$work/verbs.yaml"
verb "query: no answer is 9, with the reason" 9 'status: SERVFAIL' 'no answer for www\.broken\.com' -- query www.broken.com --config "$work/verbs.yaml"
verb "query: JSON" 0 '"rcode": "NOERROR"|"status": "NOERROR"' '198\.18\.0\.1' -- query www.example.com --json --config "$work/verbs.yaml"
verb "query: a type that is none is 1" 1 'rootwalk: .*NOSUCHTYPE' -- query www.example.com NOSUCHTYPE --config "$work/verbs.yaml"
verb "query: no name is 1" 1 'rootwalk: ' -- query --config "$work/verbs.yaml"
verb "explain: the steps and their servers" 0 'www\.example\.com' "$net\.1" "$net\.2" "$net\.3" '198\.18\.0\.1' -- explain www.example.com --config "$work/verbs.yaml"
verb "explain: who is at fault" 9 "$net\.5" -- explain www.broken.com --config "$work/verbs.yaml"
verb "explain: JSON" 0 '"events"' '"verdict"' -- explain www.example.com --json --config "$work/verbs.yaml"
verb "check: a good configuration" 0 -- check "$work/verbs.yaml"
printf 'listen: ["127.0.0.1:53"]\nupstrem: { port: 53 }\n' >"$work/bad.yaml"
verb "check: a bad one, with line and remedy" 1 'bad\.yaml:2:1 .*upstream' -- check "$work/bad.yaml"
verb "serve: a bad one is not served" 1 'bad\.yaml:2:1 .*upstream' -- serve --config "$work/bad.yaml"
verb "a verb that is none is 1" 1 'rootwalk: ' -- nosuchverb
verb "--help" 0 'serve' 'query' 'explain' 'lab' -- --help
