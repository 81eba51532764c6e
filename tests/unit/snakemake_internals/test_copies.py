"""A script that runs in a copy of a Python runs as in a Python of its own."""

import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from types import SimpleNamespace
from typing import ClassVar

import psutil
import pytest
from snakemake.benchmark import BenchmarkRecord

from seed_to_voxel.snakemake_internals import copies, copying

pytestmark = pytest.mark.skipif(not copies.are_safe(), reason="programs are copied on Linux alone")

SEEN = """
import json, os, signal, sys, threading
json.dump({
    "arguments": sys.argv, "name": __name__, "file": __file__, "first": sys.path[0], "folder": os.getcwd(),
    "environment": dict(os.environ), "module": sys.modules["__main__"].__dict__ is globals(),
    "threads": threading.active_count(),
    "signals": [str(signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1)],
    "open": sorted(os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if int(name) > 2
                   and os.path.exists(f"/proc/self/fd/{name}")),
    "own": sorted(name for name in globals() if not name.startswith("__")),
    "flags": list(sys.flags), "path": sys.path, "umask": os.umask(0), "collects": __import__("gc").isenabled(),
}, open("seen.json", "w"))
"""


@pytest.fixture
def ours():
    """Copies of a program that ends with the test."""
    made = copies.Copies()
    yield made
    if made.control is not None:
        made.control.close()


@pytest.fixture
def script(tmp_path):
    """Writes a script of Snakemake's kind of name, to be run in a folder of its own."""

    def write(text, name="a_step", environment=None):
        (tmp_path / "scripts").mkdir(exist_ok=True)
        path = tmp_path / "scripts" / f"tmp{os.urandom(4).hex()}.{name}.py"
        path.write_text(text)
        return copying.Script(str(path), f"{name}.py", str(tmp_path), environment or dict(os.environ))

    return write


def anew(script, **options):
    """The script in a Python of its own, as Snakemake runs it."""
    return subprocess.run([sys.executable, script.path], cwd=script.folder, env=script.environment, **options)


def wait_for(what, seconds=30):
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_copy_sees_what_a_python_of_its_own_sees(ours, script, tmp_path):
    given = copies.environment({"tmpdir": str(tmp_path)}) | {"NAME": "a=b\nc", "BYTES": "\udcff", "EMPTY": ""}
    asked = script(SEEN, environment=given)
    assert ours.run(asked) == 0
    copied = json.loads((tmp_path / "seen.json").read_text())
    anew(asked, check=True)
    fresh = json.loads((tmp_path / "seen.json").read_text())
    # The kernel's own word of Python's last place.
    for one in (copied, fresh):
        one["environment"].pop("LC_CTYPE", None)
    assert copied == fresh
    assert copied["environment"]["OMP_NUM_THREADS"] == "1" and copied["environment"]["TMPDIR"] == str(tmp_path)


def test_a_script_that_fails_says_so_as_it_would(ours, script, capfd):
    asked = script("import sys\n\ndef fail():\n    raise ValueError('no such thing')\n\nfail()\n")
    assert ours.run(asked) == 1
    said = capfd.readouterr().err
    assert anew(asked).returncode == 1
    expected = capfd.readouterr().err
    assert said == expected and "ValueError: no such thing" in expected


@pytest.mark.parametrize(
    ("ending", "code"), [("sys.exit(3)", 3), ("sys.exit('a sentence')", 1), ("os.kill(os.getpid(), 9)", -9)]
)
def test_the_status_is_that_of_the_script(ending, code, ours, script, capfd):
    asked = script(f"import os, sys\n{ending}\n")
    assert ours.run(asked) == code == anew(asked).returncode
    assert capfd.readouterr().err.count("a sentence") == 2 * ("sentence" in ending)


ENDINGS = {
    "a file that is left open": "kept = open('made', 'w')\nkept.write('whole')",
    "what is to be done at the end": "import atexit\nfrom pathlib import Path\n"
    "atexit.register(lambda: Path('made').write_text('whole'))",
    "a finalizer": "import weakref\nfrom pathlib import Path\nclass Kept:\n    pass\nkept = Kept()\n"
    "weakref.finalize(kept, Path('made').write_text, 'whole')",
    "a thread that goes on": "import threading, time\nfrom pathlib import Path\n"
    "threading.Thread(target=lambda: (time.sleep(0.3), Path('made').write_text('whole'))).start()",
    "a line without an end": "import sys\nfrom pathlib import Path\nPath('made').write_text('whole')\n"
    "print('said', end='')\nprint('told', end='', file=sys.stderr)",
    "standard output that is closed": "import sys\nfrom pathlib import Path\nPath('made').write_text('whole')\n"
    "sys.stdout.close()",
    "standard output on a full disk": "import os\nfrom pathlib import Path\nPath('made').write_text('whole')\n"
    "os.dup2(os.open('/dev/full', os.O_WRONLY), 1)\nprint('lost')",
}
"""How scripts end without having put all away."""


@pytest.mark.parametrize("text", ENDINGS.values(), ids=ENDINGS)
def test_a_script_ends_as_in_a_python_of_its_own(text, ours, script, tmp_path, capfd):
    asked, made = script(text), tmp_path / "made"
    status = ours.run(asked)
    found = made.read_text(), capfd.readouterr()
    made.unlink()
    assert status == anew(asked).returncode
    assert found == (made.read_text(), capfd.readouterr())
    assert found[0] == "whole"


def test_imports_are_shared_and_nothing_else_is(ours, script, tmp_path):
    for name in ("one", "other"):
        (tmp_path / f"{name}_module.py").write_text("import os\nimported_by = os.getpid()\ncount = []\n")
    text = (
        f"import sys;sys.path.extend([{str(tmp_path)!r}]);import pickle\nimport os\nimport one_module\n"
        "one_module.count.append(1)\nimport one_module as again\n"
        "said = f'{again.imported_by} {len(again.count)} {sys.path.count(sys.path[-1])}'\n"
        "open(f'{os.getpid()}.txt', 'w').write(said)\n"
    )
    for _ in range(3):
        assert ours.run(script(text)) == 0
    said = {path.stem: path.read_text().split() for path in tmp_path.glob("*.txt")}
    assert len(said) == 3 and len({by for by, *_ in said.values()}) == 1
    assert not {by for by, *_ in said.values()} & set(said)
    assert {tuple(rest) for _, *rest in said.values()} == {("1", "1")}
    # Another kind's imports come when its first script does.
    assert ours.run(script(text.replace("one_module", "other_module"), "another")) == 0
    (pid,) = {path.stem for path in tmp_path.glob("*.txt")} - set(said)
    assert (tmp_path / f"{pid}.txt").read_text().split()[0] in {by for by, *_ in said.values()}


def test_modules_that_it_will_import_later_are_there_before_it_is_copied(ours, script, tmp_path):
    text = "import sys\nopen('seen.txt', 'a').write(f\"{'colorsys' in sys.modules} \")\n"
    for imports in ((), ("colorsys", "no_such_module")):
        assert ours.run(dataclasses.replace(script(text), imports=imports)) == 0
    assert (tmp_path / "seen.txt").read_text().split() == ["False", "True"]


def test_an_import_of_later_that_fails_in_whatever_way_is_left_to_the_script(ours, script, tmp_path):
    (tmp_path / "no_backend.py").write_text("raise ValueError('not a valid value for backend')\n")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)\n")
    text = f"import sys;sys.path.extend([{str(tmp_path)!r}])\nopen('ran.txt', 'w').close()\n"
    asked = dataclasses.replace(script(text), imports=("no_backend", "leaves"))
    assert ours.run(asked) == 0 and (tmp_path / "ran.txt").is_file()


def test_an_import_that_fails_fails_in_the_script(ours, script, capfd):
    assert ours.run(script("import no_such_package\n", "broken")) == 1
    assert "ModuleNotFoundError: No module named 'no_such_package'" in capfd.readouterr().err
    assert ours.run(script("pass\n", "whole")) == 0


def importing(tmp_path, module, then="pass"):
    """A script whose import does something."""
    (tmp_path / "imported.py").write_text(module)
    return f"import sys;sys.path.extend([{str(tmp_path)!r}])\nimport imported, os\n{then}\n"


def test_an_import_that_ends_the_process_ends_the_script_alone(ours, script, tmp_path, capfd):
    assert ours.run(script(importing(tmp_path, "import sys\nsys.exit('not on this machine')\n"), "leaves")) == 1
    assert "not on this machine" in capfd.readouterr().err
    assert ours.run(script("pass\n", "stays")) == 0


def test_what_imports_do_is_as_if_each_script_had_done_it(ours, script, tmp_path, monkeypatch, capfd):
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    (tmp_path / "folder").mkdir()
    module = (
        "import atexit, os, shutil\nprint('imported')\nos.environ['SET_BY_IMPORT'] = 'yes'\n"
        f"atexit.register(shutil.rmtree, {str(tmp_path / 'folder')!r})\n"
    )
    then = "import numpy, random\nprint(os.environ['SET_BY_IMPORT'], numpy.random.rand(), random.random())"
    text = importing(tmp_path, module, then)
    for _ in range(2):
        assert ours.run(script(text)) == 0
        assert (tmp_path / "folder").is_dir()
    said, warned = capfd.readouterr()
    assert said.count("imported") == 1 and not warned
    (yes, *one), (yes_too, *other) = (line.split() for line in said.splitlines() if line != "imported")
    assert yes == yes_too == "yes" and not set(one) & set(other)


def test_nothing_is_copied_that_has_threads(ours, script, tmp_path):
    (tmp_path / "threaded.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    )
    text = f"import sys;sys.path.extend([{str(tmp_path)!r}])\nimport threaded\nopen('made', 'w')\n"
    assert ours.run(script(text, "threaded")) is None
    assert not (tmp_path / "made").exists()
    assert ours.run(script("pass", "any other, as the thread is there")) is None


def test_scripts_run_at_once(ours, script, tmp_path):
    text = "import os, time\nopen(f'{os.getpid()}.begun', 'w')\nwhile not os.path.exists('go'):\n    time.sleep(0.01)\n"
    threads = [threading.Thread(target=ours.run, args=(script(text),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(list(tmp_path.glob("*.begun"))) == 4)
    (tmp_path / "go").touch()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()


def test_what_a_copy_takes_is_measured(ours, script):
    record = BenchmarkRecord()
    text = "import time\nheld = b'1' * (200 << 20)\nend = time.process_time() + 0.8\n"
    text += "while time.process_time() < end: pass\n"
    assert ours.run(script(text), record) == 0
    assert 200 < record.max_rss < 400 and 0.5 < record.running_time < 60


def test_a_script_that_has_ended_before_it_is_measured_has_not_failed(ours, script, monkeypatch):
    measured = copies.benchmarked

    def late(pid, record):
        wait_for(lambda: psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
        return measured(pid, record)

    monkeypatch.setattr(copies, "benchmarked", late)
    record = BenchmarkRecord()
    assert ours.run(script("pass"), record) == 0 and record.running_time >= 0
    # Nothing is left of it.
    wait_for(lambda: not [one for one in psutil.Process().children(recursive=True) if one.name() == "a_step"])


def test_a_copy_that_cannot_be_watched_is_not_left_to_run(ours, script, tmp_path):
    broken = "import os\n\ndef refuse(pid):\n    raise OSError(24, 'too many open files')\n\nos.pidfd_open = refuse\n"
    then = "import time\ntime.sleep(1)\nopen('made', 'w')"
    assert ours.run(script(importing(tmp_path, broken, then))) is None
    time.sleep(1.5)
    assert not (tmp_path / "made").exists()


SLEEPS = "import os, time\nopen('pid', 'w').write(str(os.getpid()))\nopen('begun', 'w')\ntime.sleep(600)\n"


def test_copies_end_with_the_process_that_asked(script, tmp_path):
    asked = script(SLEEPS)
    program = (
        "import sys\nfrom seed_to_voxel.snakemake_internals import copies, copying\n"
        f"copies.Copies().run(copying.Script({asked.path!r}, 'a.py', {str(tmp_path)!r}, {{}}))\n"
    )
    path = os.pathsep.join(sys.path)
    process = subprocess.Popen([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": path})
    wait_for((tmp_path / "begun").exists)
    family = psutil.Process(process.pid).children(recursive=True)
    assert int((tmp_path / "pid").read_text()) in [one.pid for one in family] and len(family) == 2
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(family, 30)
    assert not alive


@pytest.mark.parametrize("killed", ["the copy", "what is copied", "what is copied, kindly"])
def test_a_script_that_is_killed_has_failed(killed, ours, script, tmp_path):
    caught = []

    thread = threading.Thread(target=lambda: caught.append(ours.run(script(SLEEPS))))
    thread.start()
    wait_for((tmp_path / "begun").exists)
    pid = int((tmp_path / "pid").read_text())
    copy, original = psutil.Process(pid), psutil.Process(pid).parent()
    if killed == "the copy":
        copy.kill()
    else:
        original.send_signal(signal.SIGTERM if "kindly" in killed else signal.SIGKILL)
    thread.join(30)
    assert caught in ([-signal.SIGKILL], [-signal.SIGTERM])
    assert not psutil.wait_procs([copy], 30)[1]
    if killed != "the copy":
        # The next one is run otherwise.
        assert ours.run(script("pass")) is None


def test_an_asker_that_breaks_off_disturbs_nobody(ours, script):
    assert ours.run(script("pass")) == 0
    for sent in (b"", b"\0\0\0", (100).to_bytes(8, "big") + b"abc"):
        mine, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(ours.control, [b"+"], [theirs.fileno()])
        with mine:
            mine.sendall(sent)
    assert ours.run(script("pass")) == 0


class Asked(copies.Copies):
    """Notes the scripts that it is asked for, and runs none."""

    scripts: ClassVar = []

    def run(self, script, record=None):
        self.scripts.append(script)
        return 0


@pytest.mark.parametrize(
    ("otherwise", "copied"),
    [
        ({}, True),
        ({"conda_env": "/env"}, False),
        ({"container_img": "image"}, False),
        ({"env_modules": ["python"]}, False),
        ({"shadow_dir": "/shadow"}, False),
        ({"threads": 2}, False),
        ({"resources": {"shell_exec": "zsh"}}, False),
        ({"path": "/elsewhere/a.py"}, False),
    ],
)
def test_scripts_that_need_another_python_get_one(otherwise, copied, monkeypatch, tmp_path):
    anew = []
    monkeypatch.setattr(copies.PythonScript, "execute_script", lambda self, fname, edit=False: anew.append(fname))
    monkeypatch.setattr(Asked, "scripts", [])
    monkeypatch.setattr(copies, "Copies", Asked)
    copies.run_in_copies(tmp_path)
    facts = {"conda_env": None, "container_img": None, "env_modules": None, "shadow_dir": None, "threads": 1}
    job = SimpleNamespace(**facts | {"resources": {}, "params": {}, "bench_record": None} | otherwise)
    path = otherwise.get("path", str(tmp_path / "workflow/scripts/a.py"))
    job.path = SimpleNamespace(get_path_or_uri=lambda secret_free: path)
    copies.PythonScript.execute_script(job, "tmp12345678.a.py")
    assert (len(Asked.scripts), len(anew)) == ((1, 0) if copied else (0, 1))


def test_no_copies_are_made_where_the_user_wants_none(monkeypatch):
    assert copies.are_wanted()
    monkeypatch.setenv(copies.SWITCH, "0")
    assert not copies.are_wanted()
