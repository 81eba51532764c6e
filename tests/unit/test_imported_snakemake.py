"""Snakemake that is forked from an imported one does in tests what it does when it is started."""

import os
import re
import signal
import subprocess
import sys

import pytest
from imported_snakemake import ImportedSnakemake

SEEN = r"""
import os, signal, sys

print(sys.argv, sys.path[0], os.getcwd(), workflow.basedir, repr(sys.stdin.read()), "seed_to_voxel" in sys.modules)
print(sys.stdout.encoding, sys.stdout.errors, sys.stderr.encoding, signal.getsignal(signal.SIGINT))
print("lines\r\nof\rall kinds, é", flush=True)
os.write(2, b"from below\n")


rule all:
"""


@pytest.fixture(scope="module")
def imported():
    return ImportedSnakemake()


@pytest.fixture
def folder(tmp_path):
    def folder(text):
        (tmp_path / "Snakefile").write_text(text, encoding="utf-8")
        return tmp_path

    return folder


def anew(arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("end", ["", "os.kill(os.getpid(), 9)\n"])
def test_what_it_sees_prints_and_ends_with_is_as_ever(end, imported, folder):
    arguments, place = ["-n", "--cores", "1"], folder(SEEN + end)
    done, expected = imported.run(arguments, place, 60), anew(arguments, place)
    own = re.compile(r"(Date|Workflow ID): .*|\[\w{3} \w{3} .*\]")
    told, wanted = (own.sub("", one.stdout) for one in (done, expected))
    assert (done.returncode, told) == (expected.returncode, wanted)
    assert "lines\nof\nall kinds, é\nfrom below\n" in done.stdout


def test_who_takes_too_long_is_told_from_who_fails(imported, folder):
    place = folder("print('begun', flush=True)\nimport time\ntime.sleep(60)\n")
    with pytest.raises(subprocess.TimeoutExpired) as error:
        imported.run(["-n"], place, 2)
    assert "begun" in error.value.output
    assert imported.run(["--version"], place, 60).returncode == 0


def test_after_the_imported_one_was_killed_there_is_another(imported, folder):
    place = folder("")
    assert imported.run(["--version"], place, 60).returncode == 0
    os.kill(imported.process.pid, signal.SIGKILL)
    imported.process.wait(10)
    assert imported.run(["--version"], place, 60).returncode == 0
