"""A page of Markdown, as far as it is checked: its commands, links, headings and code spans, each with its line."""

import re
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Command:
    line: int
    text: str  # as the shell gets it, continued lines and all


@dataclass
class Page:
    path: Path
    name: str  # from the repository's root
    commands: list[Command] = field(default_factory=list)  # of the sh blocks
    prose: list[tuple[int, str]] = field(default_factory=list)  # the lines outside of all blocks

    def anchors(self) -> set[str]:
        """The names that GitHub gives to the headings."""
        return {slug(line.lstrip("#").strip()) for _, line in self.prose if re.match(r"#{1,6} ", line)}

    def links(self) -> list[tuple[int, str]]:
        return [(line, target) for line, text in self.prose for target in re.findall(r"\]\(([^)\s]+)\)", text)]

    def code_spans(self) -> list[tuple[int, str]]:
        return [(line, span) for line, text in self.prose for span in re.findall(r"`([^`]+)`", text)]


def read(path: Path, root: Path) -> Page:
    page = Page(path, str(path.relative_to(root)))
    language = None  # of the block that the line is in
    command = None
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        fence = re.match(r"\s*```(\w*)", line)
        if fence:
            language = fence[1] if language is None else None
        elif language is None:
            page.prose.append((number, line))
        elif language == "sh":
            if command is None:
                command = Command(number, line)
            else:
                command.text += "\n" + line
            if not line.endswith("\\"):
                if command.text.strip() and not command.text.lstrip().startswith("#"):
                    page.commands.append(command)
                command = None
    return page


def slug(heading: str) -> str:
    heading = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
