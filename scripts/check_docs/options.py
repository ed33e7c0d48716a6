"""The options that there are, from the help of each command and the declarations of all options of trainings."""

import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

from skipped import OTHERS_OPTIONS, ROOT

OPTION = re.compile(r"(?<![\w-])--[A-Za-z][\w-]*")
OTHERS = {option for options in OTHERS_OPTIONS.values() for option in options.split()}
# The words after which options of `caravan train` follow.
STANDS_FOR_TRAIN = re.compile(r"slurm(-array)?\.sbatch$")


class Options:
    def __init__(self, caravan: str):
        self.caravan = caravan
        names = re.findall(r"`([a-z_0-9]+)`", self.output("models", "--markdown"))
        self.declared = {"--" + name.replace("_", "-") for name in names}
        self.commands = re.findall(r"^  ([a-z]+) {2,}\S", self.output("help").split("SUBCOMMANDS:", 1)[1], re.MULTILINE)

    @cache
    def of(self, command: str) -> set[str]:
        """What a command takes; trainings take the other names of their options, too."""
        own = {canonical(name) for name in OPTION.findall(self.output("help", command))}
        return own | self.declared if command in ("train", "finetune", "bench", "plan") else own

    def all(self) -> set[str]:
        names = set(self.declared)
        for command in self.commands:
            names |= self.of(command)
        for script in (ROOT / "scripts").rglob("*.py"):
            names |= set(re.findall(r'add_argument\(\s*"(--[\w-]+)"', script.read_text(encoding="utf-8")))
        return names | OTHERS

    def unknown_in(self, command: str) -> list[str]:
        """The options in a line of shell that its `caravan` commands do not take."""
        words = shlex.split(command, comments=True)
        unknown, taken = [], None
        for place, word in enumerate(words):
            if Path(word).name == "caravan" or word == "caravan.sif":
                taken = set()
            elif taken is not None and word in self.commands and not words[place - 1].startswith("--"):
                taken = self.of(word)
            elif STANDS_FOR_TRAIN.search(word):
                taken = self.of("train")
            elif taken is not None and OPTION.match(word) and canonical(word.split("=")[0]) not in taken | OTHERS:
                unknown.append(word)
        return unknown

    def output(self, *arguments: str) -> str:
        return subprocess.run([self.caravan, *arguments], check=True, capture_output=True, text=True).stdout


def canonical(option: str) -> str:
    return option.lower().replace("_", "-")
