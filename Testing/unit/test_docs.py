"""The documents: links lead somewhere, and every command that is shown is one."""

import json
import re
import shlex
from pathlib import Path

import pytest

from radoncai.cli.main import COMMANDS, build_parser
from radoncai.models.card import table
from radoncai.models.spec import read_spec

ROOT = Path(__file__).parents[2]
PAGES = sorted(p for p in ROOT.rglob("*.md")
               if not any(part.startswith((".", "demo-output", "training-output", "node_modules"))
                          for part in p.relative_to(ROOT).parts))
MANUAL = [ROOT / "README.md", *(p for p in PAGES if p.is_relative_to(ROOT / "docs"))]
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBERS = ("--fractions", "--level-mm", "--height-m", "--weight-kg", "--dose-grid-mm")


def named(path):
    return str(path.relative_to(ROOT)) if isinstance(path, Path) else str(path)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_relative_links_lead_to_files(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    targets = [t.partition("#")[0] for t in LINK.findall(text) if not re.match(r"[a-z]+:", t)]
    assert [t for t in targets if t and not (page.parent / t).exists()] == []


def shown_commands():
    """(page, command) for each line of a code block and each row of a table that starts with `radoncai`."""
    for page in MANUAL:
        text = page.read_text(encoding="utf-8")
        for block in FENCE.findall(text):
            for line in block.replace("\\\n", " ").splitlines():
                if found := re.match(r"(?:\$ )?(?:\S*/)?(radoncai .*)", line.strip()):
                    yield page, found.group(1)
        for line in FENCE.sub("", text).splitlines():
            if found := re.match(r"\| `(radoncai [^`]*)`", line):
                yield page, found.group(1)


def filled(command: str) -> list[str]:
    """The arguments with placeholders replaced: brackets dropped, numbers where numbers belong."""
    text = re.sub(r"\[--\w+ \.\.\.\]", "", command)
    arguments = [a.removesuffix("...") for a in shlex.split(re.sub(r"[\[\]]", " ", text), comments=True)[1:]]
    for n, argument in enumerate(arguments[:-1]):
        if argument in NUMBERS and not re.fullmatch(r"-?[\d.]+", arguments[n + 1]):
            arguments[n + 1] = "1"
    return [a for a in arguments if a]


@pytest.mark.parametrize(("page", "command"), sorted(set(shown_commands())), ids=named)
def test_shown_commands_are_understood(page, command):
    try:
        build_parser().parse_args(filled(command))
    except SystemExit as end:
        assert end.code == 0, f"{named(page)}: {command}"


@pytest.mark.parametrize("page", MANUAL, ids=named)
def test_commands_in_a_sentence_exist(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    assert set(re.findall(r"`radoncai ([a-z][\w-]*)", text)) <= set(COMMANDS)


@pytest.mark.parametrize("page", MANUAL, ids=named)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    blocks = "\n".join(FENCE.findall(page.read_text(encoding="utf-8")))
    assert set(re.findall(r"^make ([\w-]+)", blocks, re.MULTILINE)) <= targets


def test_every_command_is_described():
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [c for c in COMMANDS if f"`radoncai {c}" not in text] == []


def test_the_example_of_a_model_is_one(tmp_path):
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    example = re.search(r"^```json\n(.*?)^```", page, re.MULTILINE | re.DOTALL).group(1)
    (tmp_path / "model.json").write_text(example)
    spec = read_spec(tmp_path / "model.json")
    assert spec.names == ("Brainstem", "SpinalCord")
    assert [key for key in json.loads(example) if f"`{key}`" not in page] == []
    basic = {f.field.partition(".")[0] for f in table()[1] if f.need == "basic"}
    assert [field for field in sorted(basic) if f"`{field}`" not in page] == []
