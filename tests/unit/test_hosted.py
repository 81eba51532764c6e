"""A project that is read from a repository is unpacked once, also by two at a time."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

from conftest import ROOT


def test_of_two_that_unpack_at_once_the_slower_takes_what_the_other_has(tmp_path, monkeypatch):
    repository = tmp_path / "repository"
    repository.mkdir()
    (repository / "Snakefile").write_text("rule all")
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@y.z", "-C", str(repository)]
    for command in ("init -q", "add .", "commit -qm x", "tag v1"):
        subprocess.run([*git, *command.split()], check=True)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    known = {"workflow": SimpleNamespace(current_basedir=ROOT / "workflow" / "rules")}
    exec(compile((ROOT / "workflow/rules/hosted.smk").read_text(), "hosted.smk", "exec"), known)
    rename = Path.rename

    def late(path, target):
        (target / "workflow").mkdir(parents=True)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", late)
    folder = known["unpacked"](SimpleNamespace(repo_path=repository, ref="v1"))
    assert (folder / "workflow").is_dir()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
