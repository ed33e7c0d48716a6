#!/bin/sh
# A cluster on one machine, for tests and measurements: nodes that share cores and files and are joined by links of a
# chosen rate. Linux, as root; iproute2, openssh-server and Open MPI 4.
#
#   scripts/cluster-sim.sh up N [--rate 1gbit]    N nodes, sim1 … simN; without --rate the links have no limit
#   scripts/cluster-sim.sh run [-n P] COMMAND …   mpirun COMMAND from sim1 on P ranks (N), as many on each node
#   scripts/cluster-sim.sh on HOST COMMAND …      COMMAND itself on that node, in this folder
#   scripts/cluster-sim.sh start HOST COMMAND …   the same for what starts ranks: caravan run --hostfile STATE/hostfile …
#   scripts/cluster-sim.sh off HOST               that node loses its power
#   scripts/cluster-sim.sh rate 100mbit           another rate for all links, both ways; or none
#   scripts/cluster-sim.sh cut HOST               pulls that node's cable; `heal HOST` puts it back
#   scripts/cluster-sim.sh down                   ends all that runs there and removes everything
#   scripts/cluster-sim.sh can                    0 if this machine can; else 77, and a line that says what it lacks
#
# Each node has /tmp, /run and /dev/shm of its own. COMMAND, its data and its --out must lie elsewhere, where all nodes
# see them as over NFS; what sim1 leaves in its /tmp is in STATE/sim1 until `down`. STATE, ${TMPDIR:-/tmp}/caravan-sim,
# has the host file and sshd's log as well. Options of mpirun may stand before COMMAND. `run` becomes mpirun: its exit
# code, and the signals sent to it, are mpirun's.
#
# Nodes and switch are the network namespaces caravan-sim-1 … and caravan-sim-switch: the machine's own network is not
# touched. What went over a link: ip -n caravan-sim-1 -s link show eth0
set -eu

prefix=caravan-sim
switch=$prefix-switch
subnet=10.77.0
state=${TMPDIR:-/tmp}/$prefix
# STATE's name inside the nodes, where /tmp is another.
inside=/run/$prefix
# Where sshd, ip and tc are, whatever sudo or a cron job leaves of PATH.
PATH=$PATH:/usr/sbin:/sbin

die() { echo "cluster-sim: $*" >&2; exit 1; }

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
  exit 64
}

number() { case $1 in '' | 0* | *[!0-9]* | ?????*) die "$2 must be a whole number from 1 to 9999, not '$1'" ;; esac }

# Prints what this machine lacks, in one line; nothing if it can.
lacks() {
  if [ "$(id -u)" -ne 0 ]; then echo "namespaces, links and sshd need root: run it as root or with sudo"; return; fi
  missing=""
  for pair in tc:iproute2 sshd:openssh-server ssh:openssh-client mpirun:openmpi-bin hostname:hostname; do
    command -v "${pair%:*}" >/dev/null || missing="$missing ${pair#*:}"
  done
  if [ -n "$missing" ]; then echo "packages are missing: apt-get install -y --no-install-recommends$missing"; return; fi
  if ! mpirun --version | grep -q 'Open MPI) 4\.'; then echo "mpirun is not that of Open MPI 4"; return; fi
  case $(cd "$(dirname "$0")" && pwd -P) in
  /tmp/* | /run/* | /dev/shm/*) echo "nodes have a /tmp of their own, and would not see this clone: move it elsewhere"; return ;;
  esac
  # All that `up` needs of the kernel, in namespaces that end with the command.
  if ! why=$(unshare --net --mount --uts sh -ec 'hostname sim; mount -t tmpfs tmpfs /tmp
    ip link add bridge type bridge; ip link add left type veth peer name right
    tc qdisc add dev left root tbf rate 1mbit burst 64k latency 50ms' 2>&1); then
    echo "the kernel, or the container, does not permit namespaces, veth, bridge or tc tbf: $(echo "$why" | tail -n 1)"
  fi
}

need_up() {
  # Whoever else makes such a folder in /tmp does not make it root's.
  if [ "$(stat -c %u:%a "$state" 2>/dev/null)" != 0:700 ] || [ ! -s "$state/hostfile" ]; then
    die "no cluster is up: $0 up N"
  fi
  nodes=$(wc -l <"$state/hostfile")
}

# enter HOST COMMAND …: replaces this process, so that signals and exit code are COMMAND's.
enter() {
  host=$1
  shift
  exec nsenter --target "$(cat "$state/$host.pid")" --net --mount --uts -- "$@"
}

# enter_here HOST COMMAND …: the same in the present folder.
enter_here() {
  host=$1
  shift
  # What is private to a node is its /tmp, not the folder that TMPDIR names out here.
  unset TMPDIR
  # shellcheck disable=SC2016
  enter "$host" sh -c 'cd "$1" 2>/dev/null || { echo "cluster-sim: nodes have no $1: start elsewhere" >&2; exit 1; }
    shift; exec "$@"' sh "$PWD" "$@"
}

# limit RATE NODES
limit() {
  if [ "$1" != none ]; then
    # The bucket holds 4 ms of the rate, for the timer that fills it does not tick finer everywhere, and two packets of
    # 64 KiB, which tcp hands down in one piece. With it TCP gets 95.7 % of the rate, 100mbit to 10gbit, as payload:
    # what Ethernet's frames of 1,514 bytes hold.
    burst=$(echo "$1" | awk '/^[0-9]+(\.[0-9]+)?[kmg]bit$/ {
      bits = $1 * (/k/ ? 1e3 : /m/ ? 1e6 : 1e9); bytes = bits / 8 * 0.004
      if (bits >= 1e3) printf "%d", bytes < 131072 ? 131072 : bytes }')
    [ -n "$burst" ] || die "the rate must be like 100mbit, 2.5gbit or none, not '$1'"
  fi
  for node in $(seq "$2"); do
    # Either end limits what it sends, so each direction has one limit, and a node that several send to has it as well.
    for link in "$prefix-$node eth0" "$switch sim$node"; do
      if [ "$1" = none ]; then
        tc -n "${link% *}" qdisc delete dev "${link#* }" root 2>/dev/null || :
      else
        tc -n "${link% *}" qdisc replace dev "${link#* }" root tbf rate "$1" burst "$burst" latency 50ms
      fi
    done
  done
}

# Keys and settings of ssh for this cluster alone: neither /etc/ssh nor ~/.ssh is read.
configure_ssh() {
  : >"$state/sshd.log"
  ssh-keygen -q -t ed25519 -N '' -C "$prefix" -f "$state/key"
  echo "sim* $(cat "$state/key.pub")" >"$state/known_hosts"
  cat >"$state/sshd_config" <<END
HostKey $inside/key
AuthorizedKeysFile $inside/key.pub
AuthenticationMethods publickey
PermitRootLogin prohibit-password
UsePAM no
END
  cat >"$state/ssh_config" <<END
User root
IdentityFile $inside/key
IdentitiesOnly yes
UserKnownHostsFile $inside/known_hosts
GlobalKnownHostsFile none
StrictHostKeyChecking yes
BatchMode yes
ConnectTimeout 10
LogLevel ERROR
END
}

# start_node NUMBER: sshd in namespaces of its own, which live as long as it or something that it started.
start_node() {
  ip netns add "$prefix-$1"
  ip -n "$switch" link add "sim$1" type veth peer name eth0 netns "$prefix-$1"
  ip -n "$switch" link set "sim$1" master bridge up
  ip -n "$prefix-$1" address add "$subnet.$1/24" dev eth0
  ip -n "$prefix-$1" link set lo up
  ip -n "$prefix-$1" link set eth0 up
  mkdir -m 1777 "$state/sim$1"
  # Open MPI takes nodes of one hostname for one node. Its session folders lie in /tmp, its shared memory in /dev/shm.
  # shellcheck disable=SC2016
  nsenter --net="/run/netns/$prefix-$1" unshare --mount --uts sh -ec '
    host=$1 state=$2 inside=$3 address=$4 sshd=$5
    hostname "$host"
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir /run/sshd "$inside"
    mount --bind "$state" "$inside"
    mount --bind "$state/$host" /tmp
    mount -t tmpfs tmpfs /dev/shm
    mount --bind "$inside/hosts" /etc/hosts
    cd /
    exec "$sshd" -f "$inside/sshd_config" -E "$inside/sshd.log" \
      -o "ListenAddress $address" -o "PidFile $inside/$host.pid"
  ' sh "sim$1" "$state" "$inside" "$subnet.$1" "$(command -v sshd)" || die "sim$1 does not start, as told above"
  tries=0
  until [ -s "$state/sim$1.pid" ]; do
    [ $((tries += 1)) -le 100 ] || die "sshd of sim$1 does not start: $(tail -n 1 "$state/sshd.log")"
    sleep 0.1
  done
  (enter sim1 ssh -n -F "$inside/ssh_config" "sim$1" true) ||
    die "sim1 does not reach sim$1 by ssh: $(tail -n 1 "$state/sshd.log")"
}

up() {
  why=$(lacks)
  [ -z "$why" ] || die "$why"
  if ip netns list | grep -q "^$prefix-"; then die "a cluster is up already, or what is left of one: $0 down"; fi
  [ ! -e "$state" ] || die "$state is left of another cluster: $0 down"
  umask 022
  mkdir -m 700 "$state"
  # From here on whatever fails leaves nothing behind.
  status=0
  trap 'status=$?; down; exit $status' EXIT
  trap 'exit 1' INT TERM HUP
  [ -e /run/netns ] || : >"$state/made-run-netns"
  configure_ssh
  echo "127.0.0.1 localhost" >"$state/hosts"
  for node in $(seq "$1"); do
    echo "$subnet.$node sim$node" >>"$state/hosts"
    echo "sim$node slots=1" >>"$state/hostfile.new"
  done
  ip netns add "$switch"
  ip -n "$switch" link add bridge type bridge
  ip -n "$switch" link set bridge up
  for node in $(seq "$1"); do start_node "$node"; done
  limit "$2" "$1"
  mv "$state/hostfile.new" "$state/hostfile"
  trap - EXIT
  echo "sim1 … sim$1 are up, rate of the links: $2. Host file: $state/hostfile"
}

run() {
  need_up
  ranks=$nodes
  if [ "${1:-}" = -n ]; then
    [ $# -ge 2 ] || usage
    number "$2" "-n"
    ranks=$2
    shift 2
  fi
  [ $# -ge 1 ] || usage
  # Ranks 0, 1, … fill one node, then the next, as on a cluster.
  hosts=$(sed "s/ slots=1/:$(((ranks + nodes - 1) / nodes))/" "$state/hostfile" | paste -sd , -)
  export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
  # pml ob1 with btl tcp: no transport that would find a way beside the links; vader is for ranks of the same node.
  # A node believes that the cores are its own, so ranks must be told to yield while they wait.
  # oob_tcp_keepalive: a node that is cut off is noticed within 15 s; by default it would take minutes.
  enter_here sim1 \
    mpirun -n "$ranks" --host "$hosts" --map-by slot --bind-to none --oversubscribe --allow-run-as-root \
    --mca plm_rsh_agent ssh --mca plm_rsh_args "-F $inside/ssh_config" \
    --mca pml ob1 --mca btl tcp,vader,self --mca mpi_yield_when_idle 1 \
    --mca btl_tcp_if_include "$subnet.0/24" --mca oob_tcp_if_include "$subnet.0/24" \
    --mca oob_tcp_keepalive_time 5 --mca oob_tcp_keepalive_intvl 2 --mca oob_tcp_keepalive_probes 3 \
    -x OMP_NUM_THREADS "$@"
}

need_node() { grep -q "^$1 " "$state/hostfile" || die "there is no node $1: they are sim1 … sim$nodes"; }

# start HOST COMMAND …: with what makes Open MPI's ssh, and ours, find the way between the nodes.
start() {
  host=$1
  shift
  export OMPI_MCA_plm_rsh_agent=ssh OMPI_MCA_plm_rsh_args="-F $inside/ssh_config"
  export OMPI_MCA_pml=ob1 OMPI_MCA_btl=tcp,vader,self OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
  export OMPI_MCA_btl_tcp_if_include="$subnet.0/24" OMPI_MCA_oob_tcp_if_include="$subnet.0/24"
  enter_here "$host" "$@"
}

# off HOST: all that runs there is gone at once, and nobody answers.
off() {
  need_up
  plug "$1" down
  pids=$(ip netns pids "$prefix-${1#sim}")
  # shellcheck disable=SC2086
  [ -z "$pids" ] || kill -KILL $pids 2>/dev/null || :
}

# plug HOST up|down: the end at the switch, so that the node keeps its address and sees a pulled cable.
plug() {
  need_up
  need_node "$1"
  ip -n "$switch" link set "$1" "$2"
  # A node that looked for another in vain would answer the next that asks with "No route to host".
  for node in $(seq "$nodes"); do ip -n "$prefix-$node" neighbour flush dev eth0; done
}

down() {
  trap - EXIT
  [ "$(id -u)" -eq 0 ] || die "removing namespaces needs root"
  for space in $(ip netns list 2>/dev/null | awk -v prefix="^$prefix-" '$1 ~ prefix { print $1 }'); do
    tries=0
    # Again until there is none: a process may have started another meanwhile.
    while pids=$(ip netns pids "$space" 2>/dev/null) && [ -n "$pids" ]; do
      [ $((tries += 1)) -le 100 ] || die "these processes of $space do not end: $(echo "$pids" | paste -sd ' ' -)"
      # shellcheck disable=SC2086
      kill -KILL $pids 2>/dev/null || :
      sleep 0.1
    done
    ip netns delete "$space"
  done
  # The first `ip netns add` on a machine mounts a folder for names; it stays if others have put theirs in.
  if [ -e "$state/made-run-netns" ] && umount /run/netns 2>/dev/null; then rmdir /run/netns; fi
  rm -rf "$state"
}

[ $# -ge 1 ] || usage
command=$1
shift
case $command in
up)
  [ $# -eq 1 ] || { [ $# -eq 3 ] && [ "$2" = --rate ]; } || usage
  number "$1" N
  [ "$1" -le 250 ] || die "one subnet has room for 250 nodes, not $1"
  limit "${3:-none}" 0
  up "$1" "${3:-none}"
  ;;
run) run "$@" ;;
on) [ $# -ge 2 ] || usage; need_up; need_node "$1"; enter_here "$@" ;;
rate) [ $# -eq 1 ] || usage; need_up; limit "$1" "$nodes" ;;
start) [ $# -ge 2 ] || usage; need_up; need_node "$1"; start "$@" ;;
off) [ $# -eq 1 ] || usage; off "$1" ;;
cut) [ $# -eq 1 ] || usage; plug "$1" down ;;
heal) [ $# -eq 1 ] || usage; plug "$1" up ;;
down) [ $# -eq 0 ] || usage; down ;;
can)
  [ $# -eq 0 ] || usage
  why=$(lacks)
  [ -z "$why" ] || { echo "cluster-sim: $why" >&2; exit 77; }
  ;;
*) usage ;;
esac
