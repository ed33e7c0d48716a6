#!/bin/sh
# Slurm on one machine, for tests: a controller and N nodes in the namespaces of cluster-sim.sh. Linux, as root; what
# cluster-sim.sh needs, and Debian's or Ubuntu's Slurm and munge.
#
#   scripts/slurm-sim.sh up N [--rate 1gbit]   nodes sim1 … simN of 4 CPUs each; the controller is on sim1
#   scripts/slurm-sim.sh run COMMAND …         sbatch, squeue, scancel, srun, scontrol … on sim1, in this folder
#   scripts/slurm-sim.sh off HOST              kills all that runs on that node (not sim1), as a power cut does; `on HOST`
#   scripts/slurm-sim.sh down                  ends all that runs there and removes everything
#   scripts/slurm-sim.sh can                   0 if this machine can; else 77, and a line that says what it lacks
#
# Each node has /tmp, /run and /dev/shm of its own: COMMAND, its files and its data must lie elsewhere. `cluster-sim.sh
# cut HOST` pulls a cable. The machine's own Slurm and munge, their settings and keys, are neither read nor touched:
# everything is in STATE/slurm, ${TMPDIR:-/tmp}/caravan-sim/slurm, with the logs of controller and nodes.
#
# Times are shorter than a cluster's: a requeued job starts again after 5 seconds instead of 120, a node that does not
# answer is down after 60 instead of 300. The partition `urgent` takes the nodes from jobs of the default one, `batch`,
# which get their --signal (preempt_send_user_signal) and two minutes, then go back into the queue.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cluster=$here/cluster-sim.sh
state=${TMPDIR:-/tmp}/caravan-sim
# Their names inside the nodes, where /tmp is another.
inside=/run/caravan-sim
slurm=$inside/slurm
PATH=$PATH:/usr/sbin:/sbin

die() { echo "slurm-sim: $*" >&2; exit 1; }

usage() {
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0" >&2
  exit 64
}

# Prints what this machine lacks, in one line; nothing if it can.
lacks() {
  missing=""
  for pair in slurmctld:slurmctld slurmd:slurmd sbatch:slurm-client munged:munge; do
    command -v "${pair%:*}" >/dev/null || missing="$missing ${pair#*:}"
  done
  if [ -n "$missing" ]; then echo "packages are missing: apt-get install -y --no-install-recommends$missing"; return; fi
  "$cluster" can 2>&1 || :
}

need_up() {
  if [ "$(stat -c %u:%a "$state" 2>/dev/null)" != 0:700 ] || [ ! -e "$state/slurm/up" ]; then
    die "no Slurm is up: $0 up N"
  fi
}

# configure NODES
configure() {
  mkdir "$state/slurm"
  head -c 128 /dev/urandom >"$state/slurm/munge.key"
  chmod 600 "$state/slurm/munge.key"
  # cred_expire is also how long a requeued job waits. No cgroups: a container may not have them to give.
  # config_overrides: a node has the CPUs that stand here, not those that slurmd finds.
  cat >"$state/slurm/slurm.conf" <<END
ClusterName=sim
SlurmctldHost=sim1
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$slurm/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation=$slurm/state
SlurmdSpoolDir=$slurm/spool-%n
SlurmctldPidFile=/run/slurmctld.pid
SlurmdPidFile=/run/slurmd.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdLogFile=$slurm/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=3,sched_interval=3,batch_sched_delay=0,preempt_send_user_signal
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
SlurmdTimeout=60
KillWait=30
MailProg=/bin/true
NodeName=sim[1-$1] CPUs=4 State=UNKNOWN
PartitionName=batch Nodes=ALL Default=YES PriorityTier=1 GraceTime=120
PartitionName=urgent Nodes=ALL PriorityTier=2 PreemptMode=OFF
END
  [ "$1" -gt 1 ] || sed -i 's/^NodeName=sim\[1-1\]/NodeName=sim1/' "$state/slurm/slurm.conf"
}

# on HOST COMMAND …: as a child, so that the script goes on.
on() {
  host=$1
  shift
  SLURM_CONF=$slurm/slurm.conf "$cluster" on "$host" "$@"
}

# start HOST: its slurmd, which goes to the background.
# shellcheck disable=SC2016
start() { on "$1" sh -c 'cd / && exec slurmd -N "$1"' sh "$1"; }

# Waits until all nodes may be given jobs.
await_nodes() {
  tries=0
  until [ "$(on sim1 sinfo -h -N -p batch -t idle,mixed,allocated -o %N 2>/dev/null | wc -l)" -eq "$1" ]; do
    [ $((tries += 1)) -le 60 ] || die "not all nodes answer: $(on sim1 sinfo -h -N -p batch -o '%N %T' 2>&1 | paste -sd , -);
  logs: $state/slurm"
    sleep 0.5
  done
}

up() {
  why=$(lacks)
  [ -z "$why" ] || die "$why"
  "$cluster" up "$@"
  # From here on whatever fails leaves nothing behind.
  status=0
  trap 'status=$?; "$cluster" down; exit $status' EXIT
  trap 'exit 1' INT TERM HUP
  umask 022
  configure "$1"
  # One munged for all: nodes see its socket as they see the folder. --force, for the folder is root's alone.
  on sim1 munged --force --key-file "$slurm/munge.key" --socket "$slurm/munge.socket" --pid-file /run/munged.pid \
    --log-file "$slurm/munged.log" --seed-file "$slurm/munge.seed" 2>/dev/null ||
    die "munged does not start: $(tail -n 1 "$state/slurm/munged.log")"
  on sim1 sh -c 'cd / && exec slurmctld' || die "slurmctld does not start, as told above"
  for node in $(seq "$1"); do
    start "sim$node" || die "slurmd of sim$node does not start, as told above"
  done
  await_nodes "$1"
  : >"$state/slurm/up"
  trap - EXIT
  echo "Slurm is up on sim1 … sim$1, 4 CPUs each. Logs: $state/slurm"
}

run() {
  need_up
  # As cluster-sim.sh has it: no way beside the links; ranks that share the cores yield them while they wait. sbatch
  # hands this environment to its jobs.
  export OMPI_MCA_pml=ob1 OMPI_MCA_btl=tcp,vader,self OMPI_MCA_mpi_yield_when_idle=1
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
  export SLURM_CONF="$slurm/slurm.conf"
  exec "$cluster" on sim1 "$@"
}

# A node that is off keeps its sshd, by which its namespaces live.
off() {
  need_up
  [ "$1" != sim1 ] || die "sim1 has the controller: off takes another node"
  space=caravan-sim-${1#sim}
  keep=$(cat "$state/$1.pid" 2>/dev/null) || die "there is no node $1"
  tries=0
  while pids=$(ip netns pids "$space" | grep -vx "$keep") && [ -n "$pids" ]; do
    [ $((tries += 1)) -le 100 ] || die "these processes of $1 do not end: $(echo "$pids" | paste -sd ' ' -)"
    # shellcheck disable=SC2086
    kill -KILL $pids 2>/dev/null || :
    sleep 0.1
  done
}

[ $# -ge 1 ] || usage
command=$1
shift
case $command in
up) [ $# -ge 1 ] || usage; up "$@" ;;
run) [ $# -ge 1 ] || usage; run "$@" ;;
off) [ $# -eq 1 ] || usage; off "$1" ;;
on) [ $# -eq 1 ] || usage; need_up; start "$1" ;;
down) [ $# -eq 0 ] || usage; exec "$cluster" down ;;
can)
  [ $# -eq 0 ] || usage
  why=$(lacks)
  [ -z "$why" ] || { echo "slurm-sim: $why" >&2; exit 77; }
  ;;
*) usage ;;
esac
