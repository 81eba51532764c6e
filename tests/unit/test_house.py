"""The house in order: documents whose links lead somewhere, and rules that say everything a rule must."""

import re

import pytest
from conftest import ROOT

DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("config/*.md")])


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text):
        if not target.startswith(("http://", "https://")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}, which is not there"


def test_the_readme_opens_with_two_commands():
    block = re.search(r"```bash\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL).group(1)
    commands = [line.partition("#")[0].strip() for line in block.strip().splitlines()]
    assert commands == ["pip install uv && uv run snakemake --cores 2", "pip install uv && uv run pytest"]


def rule_blocks():
    for path in sorted(ROOT.glob("workflow/rules/*.smk")):
        # Rules may be indented, inside a condition or a loop, and need not have a name there.
        for block in re.split(r"^(?= *(?:rule|checkpoint)(?: \w+)?:$)", path.read_text(), flags=re.MULTILINE)[1:]:
            yield re.match(r" *\w+ ?(\w*)", block).group(1) or "of_a_loop", block


@pytest.mark.parametrize(("name", "block"), list(rule_blocks()), ids=lambda text: text if text.isidentifier() else "")
def test_a_rule_says_everything(name, block):
    keywords = re.findall(r"^ +(\w+):", block, re.MULTILINE)
    for keyword in ("output", "log", "benchmark", "conda", "resources", "params", "message", "script"):
        assert keyword in keywords, f"the rule {name} has no {keyword}"
    for resource in ("mem_mb", "runtime"):
        assert f"{resource}=" in block, f"the rule {name} asks for no {resource}"
    script = re.search(r'"\.\./scripts/(\w+\.py)"', block).group(1)
    assert f'fingerprint.of_script("{script}")' in block, f"{name} does not rerun when its modules change"
    assert (ROOT / "workflow/scripts" / script).is_file()
    environment = re.search(r'"\.\./\.\./(envs/\w+\.yaml)"', block).group(1)
    assert (ROOT / environment).is_file()


def test_scripts_are_short():
    """A script reads, calls one function and writes; what is longer belongs in the package."""
    for path in ROOT.glob("workflow/scripts/*.py"):
        assert len(path.read_text().splitlines()) <= 90, path.name


def test_the_snakefile_is_a_front_door():
    assert len((ROOT / "Snakefile").read_text().splitlines()) <= 60
