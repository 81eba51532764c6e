"""The house in order: documents that say what is so, and rules that have everything a rule must."""

import re
import shlex
import subprocess
import sys
from functools import cache

import parsed_workflow
import pytest
import yaml
from conftest import ROOT, SCHEMA
from snakemake.cli import get_argument_parser

from seed_to_voxel.base import fingerprint
from seed_to_voxel.study import configuration

FOR_THE_DEED = {"remove_leftovers"}
"""Rules that are asked for by name each time: they leave nothing."""

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("config/*.md")])
each_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)


@each_document
def test_links_lead_somewhere(path):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}, which is not there"


@each_document
def test_files_that_are_named_are_there(path):
    for named in re.findall(r"`((?:tests|benchmarks|workflow|profiles)/[\w./-]+\.\w+)`", path.read_text()):
        assert (ROOT / named).exists(), f"{path.name} names {named}, which is not there"


def blocks(path, *languages):
    """Blocks of code of a document."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", path.read_text(), re.DOTALL | re.MULTILINE)
    return [block for language, block in found if language in languages]


@cache
def help_of(program):
    return subprocess.run([sys.executable, program, "--help"], capture_output=True, text=True, check=True).stdout


def check_command(words):
    """Whether a command would be understood, and the files of this repository that it names are there."""
    words = words[2:] if words[:2] == ["uv", "run"] else words
    words = words[2:] if words[0] == "--group" else words
    if words[0] == "snakemake":
        given = get_argument_parser().parse_args(words[1:])
        files = [*(given.configfile or []), *(given.profile or [])]
        for file in map(str, files):
            # Without a folder, or at home, it is the reader's own.
            assert "/" not in file or file.startswith("~") or (ROOT / file).exists(), file
    elif words[0] == "python":
        known = help_of(ROOT / words[1])
        for option in words[2:]:
            assert not option.startswith("-") or re.search(rf"{option}\b", known), f"{words[1]} knows no {option}"
    elif words[0] == "pytest":
        for file in words[1:]:
            assert "/" not in file or (ROOT / file.partition("::")[0]).exists(), file
    else:
        return False
    return True


def commands(path):
    """Commands of a document that this repository answers for."""
    for block in blocks(path, "bash", ""):
        for line in block.splitlines():
            for command in line.split(" && "):
                if re.match(r" *(uv run (--group \w+ )?(snakemake|python|pytest)|snakemake) ?", command):
                    yield shlex.split(command, comments=True)


# Those of tutorials are run, by tests/docs.
CHECKED = [path for path in DOCUMENTS if path.parent.name != "tutorials"]


@pytest.mark.parametrize("path", CHECKED, ids=lambda path: path.name)
def test_commands_of_the_documents_are_understood(path):
    for words in commands(path):
        assert check_command(words), words


def test_a_command_that_is_not_understood_would_be_found(capsys):
    check_command(["snakemake", "--cores", "2"])
    with pytest.raises(SystemExit):
        check_command(["snakemake", "--coers", "2"])
    assert "--coers" in capsys.readouterr().err
    with pytest.raises(AssertionError):
        check_command(["snakemake", "--configfile", "config/development.yaml"])
    with pytest.raises(AssertionError, match="--quickly"):
        check_command(["uv", "run", "python", "benchmarks/compare_nilearn.py", "--quickly"])


def test_the_readme_starts_the_show_and_the_tests():
    first = list(commands(ROOT / "README.md"))[:2]
    assert first == [["uv", "run", "snakemake", "--cores", "2"], ["uv", "run", "--group", "dev", "pytest"]]


@each_document
def test_configs_of_the_documents_are_valid(path):
    for block in blocks(path, "yaml"):
        config = yaml.safe_load(block)
        if set(config) & set(SCHEMA["properties"]):
            configuration.check({"dataset": {"kind": "simulated"}, **config}, SCHEMA, path.name)


def test_a_rule_says_everything():
    rules = parsed_workflow.rules()
    assert len(rules) > 15
    for rule in rules:
        # A benchmark is an output to Snakemake.
        for what in ("log", "message", *([] if rule.name in FOR_THE_DEED else ["output", "benchmark"])):
            assert getattr(rule, what), f"the rule {rule.name} has no {what}"
        assert {"mem_mb", "runtime"} <= set(rule.resources), f"the rule {rule.name} does not say what it takes"
        assert rule.script and rule.script.is_file(), f"the rule {rule.name} runs no script that is there"
        assert rule.environment and rule.environment.is_file(), f"the rule {rule.name} has no environment"
        expected = fingerprint.of_script(rule.script.name)
        assert rule.modules == expected, f"the rule {rule.name} does not run again when its modules change"


def test_test_modules_have_names_of_their_own():
    """Two modules of one name are one to pytest, which then collects neither or the wrong one."""
    names = [path.name for path in ROOT.glob("tests/**/test_*.py")]
    assert sorted(names) == sorted(set(names))


def long_lines(text):
    """Lines of Markdown of more than 100 characters that could be broken: not of tables, code, links and pictures."""
    inside, found = False, []
    for number, line in enumerate(text.splitlines(), start=1):
        inside ^= line.lstrip().startswith("```")
        indented = line.startswith("    ") or line.lstrip().startswith(("|", "!", "#", "```", "<"))
        unbroken = " " not in re.sub(r"`[^`]*`|\[[^\]]*\]\([^)]*\)", "", line.strip())
        if len(line) > 100 and not inside and not indented and not unbroken:
            found.append(number)
    return found


def test_lines_of_texts_are_short():
    texts = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}
    assert {name: lines for name, text in texts.items() if (lines := long_lines(text))} == {}


def test_a_long_line_is_found_but_where_it_cannot_be_broken():
    words = "word " * 21
    text = f"{words}\n| {words} |\n```\n{words}\n```\n[{words}](a.md)\n- {words}\n{'a' * 101}\n"
    assert long_lines(text) == [1, 7]
