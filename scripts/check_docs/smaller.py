"""Stands in for `caravan` while pages are checked: the same command, trained shorter.

    smaller.py CARAVAN ARGUMENTS
"""

import os
import sys
from pathlib import Path

CPU = Path("/proc/cpuinfo")
COUNTING = {"POP", "COVISIT", "NEIGHBOURS", "COUNTS"}
SMALLER = {
    "train": [("--epochs", "1")],
    "finetune": [("--epochs", "1")],
    "sweep": [("--set", "epochs=1"), ("--set", "targets=last")],
    "bench": [("--items", "2000"), ("--batch-size", "64"), ("--steps", "1"), ("--warmup-steps", "0")],
    "certify": [("--steps", "2"), ("--ranks", "1,3"), ("--threads", "2")],
}


def smaller(arguments: list[str]) -> list[str]:
    command = arguments[0] if arguments else ""
    if command == "run":  # its own options, then the command that it starts
        command = next((word for word in arguments if word in SMALLER), "")
    if command not in SMALLER or COUNTING & set(arguments):  # a model that counts has no epochs
        return arguments
    for option, value in SMALLER[command]:
        if option == "--steps" and "--verify" in arguments:  # a certificate knows its own
            continue
        while option in arguments and option != "--set":
            place = arguments.index(option)
            arguments = arguments[:place] + arguments[place + 2 :]
        arguments = [*arguments, option, value]
    return without_bfloat16(arguments) if "avx512_bf16" not in CPU.read_text() else arguments


def without_bfloat16(arguments: list[str]) -> list[str]:
    return ["f32" if word == "bf16" else word for word in arguments]


if __name__ == "__main__":
    os.execv(sys.argv[1], [sys.argv[1], *smaller(sys.argv[2:])])
