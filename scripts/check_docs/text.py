"""What is wrong in a page's text: links to nothing, files and options that are not there, lines that are too long."""

import re
from pathlib import Path

from options import OPTION, Options, canonical
from pages import Page
from skipped import READERS_FILES, ROOT

FOLDERS = "scripts|docs|configs|hostfiles|examples|Sources|Tests"


def complaints(page: Page, pages: dict[Path, Page], options: Options) -> list[str]:
    said = []
    for line, target in page.links():
        if not re.match(r"[a-z]+:", target):
            said += [f"{page.name}:{line}: {wrong}" for wrong in broken(target, page, pages)]
    known = options.all()
    for line, span in page.code_spans():
        for option in OPTION.findall(span):
            if canonical(option) not in known:
                said.append(f"{page.name}:{line}: no command has {option}, nor do scripts/check_docs/skipped.py's tables")
        is_file = span not in READERS_FILES and re.fullmatch(rf"(?:{FOLDERS})/[\w./*-]+", span)
        if is_file and not any(ROOT.glob(span.rstrip("/"))):
            said.append(f"{page.name}:{line}: there is no {span}")
    for line, text in page.prose:
        if len(text) > 120 and not text.startswith("|") and page.name != "docs/options.md":
            said.append(f"{page.name}:{line}: {len(text)} columns, 120 at most")
    return said


def broken(target: str, page: Page, pages: dict[Path, Page]) -> list[str]:
    name, _, anchor = target.partition("#")
    path = (page.path.parent / name).resolve() if name else page.path
    if not path.exists():
        return [f"the link {target} leads nowhere"]
    if anchor and path in pages and anchor not in pages[path].anchors():
        return [f"{path.name} has no heading for {target}"]
    return []
