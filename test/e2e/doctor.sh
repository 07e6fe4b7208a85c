# shellcheck shell=bash
# The doctor before a healthy machine, and before faults made for real. Sourced by system.sh.

echo "-- doctor"
dig=(dig +tries=1 +time=1)
here "$work/doctor.yaml"
printf 'nameserver %s.99\n' "$net" >/etc/resolv.conf
chmod 644 /etc/resolv.conf
ip address add "$net.99/32" dev lo
nsd_serve lookups "$net.99" root
within 10 "${dig[@]}" "@$net.99" . SOA

# ill NAME CHECK TEXT FIX [FILE]: the doctor reports the fault and its fix, and ends with 1.
ill() {
  examine "${5:-$work/doctor.yaml}"
  same "doctor: $1: exit code" 1 "$code"
  shows "doctor: $1" "$report" "^(FAULT|WARNING) +$2 +.*$3" "fix: .*$4"
}
healthy() {
  examine "${1:-$work/doctor.yaml}"
  shows "doctor: $2: no fault" "$report" '^No fault found\.$' '!^(FAULT|WARNING)'
}
# with_hints FILE ADDRESS...: a configuration whose root servers are these.
with_hints() {
  local file=$1 address
  shift
  printf '. 3600000 NS a.root.\n' >"$file.hints"
  for address in "$@"; do printf 'a.root. 3600000 %s %s\n' "$([[ $address = *:* ]] && echo AAAA || echo A)" "$address" >>"$file.hints"; done
  sed "s#$work/hints#$file.hints#; s/ipv6: false/ipv6: true/" "$work/doctor.yaml" >"$file"
}

healthy "$work/doctor.yaml" "a healthy machine"

start "$work/held.log" "$node" -e 'require("node:dgram").createSocket("udp4").bind(53, "127.0.0.1")'
within 5 sh -c "ss -lun | grep -q '127.0.0.1:53 '"
ill "the port is held" 'port 127\.0\.0\.1:53' 'held by node \(pid [0-9]+\)' 'stop it'
stop "$pid"

nsd_serve held-by-nsd 127.0.0.1 root
within 5 "${dig[@]}" @127.0.0.1 . SOA
ill "the port is held by a service" 'port 127\.0\.0\.1:53' 'held by nsd \(pid [0-9]+\)' 'systemctl disable --now nsd'
stop "$pid"

code=0
report=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$node" "$main" doctor --config "$work/doctor.yaml" 2>&1) || code=$?
shows "doctor: no right for port 53" "$report" '^FAULT +privileges +this user may not bind port 53' 'fix: .*ip_unprivileged_port_start=53'
echo 53 >/proc/sys/net/ipv4/ip_unprivileged_port_start
report=$(setpriv --reuid 65534 --regid 65534 --clear-groups "$node" "$main" doctor --config "$work/doctor.yaml" 2>&1)
shows "doctor: its fix works" "$report" '^ok +privileges' '^No fault found\.$'
echo 1024 >/proc/sys/net/ipv4/ip_unprivileged_port_start

# The local table comes first otherwise, and with it the servers of this machine.
ip rule add pref 100 lookup local && ip rule del pref 0
ip rule add pref 10 ipproto udp dport 53 to "$net.1" blackhole
ill "UDP is blocked" UDP 'by TCP they do: UDP is blocked' 'allow UDP'
ip rule del pref 10
ip rule add pref 10 ipproto tcp dport 53 to "$net.1" blackhole
ill "TCP is blocked" TCP 'no root server answered' 'allow TCP'
ip rule del pref 10
healthy "$work/doctor.yaml" "the blocks are gone"

ip address add "$net.7/32" dev lo
start "$work/middlebox.log" "$node" "$e2e/middlebox.ts" "$net.7" "$net.1"
within 5 "${dig[@]}" +noedns "@$net.7" . SOA
with_hints "$work/middlebox.yaml" "$net.7"
ill "a middlebox drops EDNS" 'EDNS 1232' 'queries with EDNS get no answer' 'DNS inspection' "$work/middlebox.yaml"
stop "$pid"

ip address add 203.0.113.53/32 dev lo
nsd_serve nowhere 203.0.113.53 root
within 5 "${dig[@]}" @203.0.113.53 . SOA
ill "port 53 is intercepted: an answer from nowhere" interception '203\.0\.113\.53, where no server is' 'forward'
stop "$pid"
ip address del 203.0.113.53/32 dev lo

configure "$work/proxy.yaml"
serve_resolver "$work/proxy.yaml" "$work/proxy.log"
within 10 grep -q 'The root answered' "$work/proxy.log"
with_hints "$work/intercepted.yaml" "$resolver"
ill "port 53 is intercepted: a resolver in the root's place" interception 'comes from a resolver \(RA\)' 'forward' "$work/intercepted.yaml"
stop "$pid"

# A clock that is wrong is signatures that are not of this time.
for year in 2 -2; do
  ip address replace "$net.8/32" dev lo
  sed "s/@NET@/$net/g" "$e2e/zones/root.zone" >"$work/zones/root.zone"
  from=$(date -u -d "$year years" +%Y%m%d%H%M%S) until=$(date -u -d "$year years 1 month" +%Y%m%d%H%M%S)
  sign root -i "$from" -e "$until"
  nsd_serve "clock$year" "$net.8" root
  within 5 "${dig[@]}" "@$net.8" . SOA
  with_hints "$work/clock.yaml" "$net.8"
  case $year in
    2) ill "the clock is behind" clock 'is valid only from' 'timedatectl' "$work/clock.yaml" ;;
    -2) ill "the clock is ahead" clock 'expired' 'timedatectl' "$work/clock.yaml" ;;
  esac
  stop "$pid"
done

if ip link add out0 type veth peer name out1 2>/dev/null || ip link add out0 type dummy 2>/dev/null; then
  ip link set out0 up
  ip link set out1 up 2>/dev/null
  ip -6 address add 2001:db8::1/64 dev out0 nodad
  with_hints "$work/ipv6.yaml" "$net.1" 2001:db8:ffff::1
  ill "IPv6 leads nowhere" IPv6 'no root server answers by IPv6' 'ipv6: false' "$work/ipv6.yaml"
  ip link del out0
  healthy "$work/ipv6.yaml" "a machine without IPv6"
fi

printf 'nameserver 127.0.0.53\n' >/etc/resolv.conf
ill "nothing answers where programs ask" 'this machine' '127\.0\.0\.53, where nothing answers' 'restart systemd-resolved'
rm /etc/resolv.conf
ill "resolv.conf is missing" 'this machine' 'is missing' 'setup --apply'
printf 'nameserver %s.99\n' "$net" >/etc/resolv.conf

echo 65536 >"$work/rmem_max"
if mount --bind "$work/rmem_max" /proc/sys/net/core/rmem_max 2>/dev/null; then
  ill "small socket buffers" 'socket buffers' '65536 octets' 'sysctl net\.core\.rmem_max'
  umount /proc/sys/net/core/rmem_max
fi

ip link set lo down
ill "no network" UDP 'no way to the Internet|no root server answered' 'rootwalk lab|allow UDP'
ip link set lo up
