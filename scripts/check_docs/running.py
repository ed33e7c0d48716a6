"""Runs a page's commands, one after another, in one shell: what a line sets, the next ones see."""

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from options import Options
from pages import Command, Page
from shelf import MADE_BEFORE, lay_out
from skipped import skip_of

SECONDS = 1800  # for all of a page: what hangs, not what is slow


@dataclass
class Outcome:
    page: Page
    ran: int
    skipped: list[tuple[Command, str]]  # with the reason
    complaints: list[str]


def run(page: Page, work: Path, options: Options) -> Outcome:
    outcome = Outcome(page, 0, [], [])
    wanted = []
    for command in page.commands:
        skip = skip_of(command.text)
        if skip:
            outcome.skipped.append((command, skip.reason))
            outcome.complaints += [
                f"{page.name}:{command.line}: there is no {option} of this command"
                for option in options.unknown_in(command.text)]
        else:
            wanted.append(command)
    if wanted:
        outcome.ran = len(wanted)
        outcome.complaints += failures(page, wanted, work)
    return outcome


def failures(page: Page, commands: list[Command], work: Path) -> list[str]:
    folder, said = work / "pages" / page.name, work / "said" / page.name
    lay_out(work / "shelf", folder)
    said.mkdir(parents=True)
    before = [Command(0, line) for line in MADE_BEFORE.get(page.name, []) if not skip_of(line)]
    environment = {**os.environ, "PATH": f"{work / 'bin'}:{os.environ['PATH']}", "STEPS": "2",
                   "CARAVAN": str(work / "bin/caravan")}
    try:
        subprocess.run(["bash", "-c", script([*before, *commands], said)], cwd=folder, env=environment,
                       stdin=subprocess.DEVNULL, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return [f"{page.name}: its commands take more than {SECONDS} s"]
    return [
        f"{page.name}:{command.line}: {' '.join(command.text.split())}\n    {reason}"
        for number, command in enumerate([*before, *commands])
        if (reason := complaint(said / str(number)))]


def script(commands: list[Command], said: Path) -> str:
    """Each command in the same shell, its words in one file, its exit code in another."""
    return "\n".join(
        f"{{ {command.text}\n}} >{shlex.quote(str(said / str(number)))} 2>&1; "
        f"echo $? >{shlex.quote(str(said / f'{number}.status'))}"
        for number, command in enumerate(commands))


def complaint(said: Path) -> str | None:
    status = said.with_name(said.name + ".status")
    if not status.exists():
        return "was not reached"
    code = status.read_text().strip()
    if code == "0":
        return None
    lines = [line for line in said.read_text(errors="replace").splitlines() if line.strip()]
    return f"exit code {code}: {lines[-1] if lines else 'nothing was said'}"
