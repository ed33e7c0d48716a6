# Caravan in a container: built with Swift, run without it.
#
#   docker build -t caravan .
#   docker run --rm --shm-size 1g --cap-add SYS_PTRACE -v "$PWD:/work" caravan doctor
#   docker run --rm --shm-size 1g --cap-add SYS_PTRACE -v "$PWD:/work" caravan run -n 4 train --dataset data --out runs/first
#
# --shm-size: ranks of one machine talk through /dev/shm. --cap-add SYS_PTRACE lets them copy straight from one another,
# which is faster; the bits are the same without. --user "$(id -u)" makes what they write yours.

ARG SWIFT=6.3-bookworm

FROM swift:${SWIFT} AS build
COPY . /source
WORKDIR /source
RUN scripts/install-dependencies.sh
RUN scripts/install.sh /opt/caravan

FROM debian:bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends openmpi-bin libdnnl2 libssl3 zlib1g \
  && rm -rf /var/lib/apt/lists/*
COPY --from=build /opt/caravan /usr/local
RUN useradd --create-home caravan && install -d -o caravan /work
USER caravan
WORKDIR /work
ENTRYPOINT ["caravan"]
