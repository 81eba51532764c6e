"""Scripts start with what they are handed, and without the whole of Snakemake."""

import inspect
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

from snakemake.iocontainers import InputFiles, OutputFiles, Params, ResourceList, Wildcards
from snakemake.iocontainers import Log as LogFiles
from snakemake.script import PythonScript

from seed_to_voxel.snakemake_internals import starts

SCRIPTS = Path(__file__).parents[3] / "workflow" / "scripts"


class Plain(PythonScript):
    """Snakemake's class as it is installed, whatever a session in this process has changed."""

    generate_preamble = staticmethod(inspect.unwrap(PythonScript.generate_preamble))


def a_path(file):
    """A script's place, as Snakemake has it."""
    return SimpleNamespace(
        get_path_or_uri=lambda secret_free: str(file),
        get_basedir=lambda: SimpleNamespace(get_path_or_uri=lambda secret_free: str(Path(file).parent)),
    )


def opening_of(file, script_class=Plain):
    """What Snakemake writes at the beginning of a script."""
    inputs = InputFiles(fromdict={"bold": "a run.nii.gz"})
    objects = (inputs, OutputFiles(["out.npy"]), Params(fromdict={"seeds": [{"x": -1.5}]}), Wildcards([]), 1)
    return script_class.generate_preamble(
        a_path(file),
        None,
        "",
        None,
        *objects,
        ResourceList(fromdict={"mem_mb": 10}),
        LogFiles(["out.log"]),
        {"part": None},
        "a_rule",
        *[None] * 9,
        True,
    )


def run(opening, body):
    """Lines that a script prints."""
    done = subprocess.run([sys.executable, "-c", f"{opening}\n{body}"], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def lightly(folder):
    """Snakemake's class, changed as the workflow changes it."""
    changed = type("Changed", (PythonScript,), {"generate_preamble": staticmethod(Plain.generate_preamble)})
    starts.start_lightly(folder, changed)
    return changed


SAID = "print(snakemake.input.bold, list(snakemake.output), snakemake.params.seeds, snakemake.resources.mem_mb)"


def test_a_script_is_handed_the_same():
    plain, light = opening_of(SCRIPTS / "a.py"), opening_of(SCRIPTS / "a.py", lightly(SCRIPTS))
    assert plain != light
    assert run(light, SAID) == run(plain, SAID) == ["a run.nii.gz ['out.npy'] [{'x': -1.5}] 10"]


def test_a_script_starts_without_the_whole_of_snakemake():
    loaded = "print([name for name in ('asyncio', 'snakemake.shell', 'snakemake.logging') if name in sys.modules])"
    assert run(opening_of(SCRIPTS / "a.py", lightly(SCRIPTS)), loaded) == ["[]"]
    # This is what is saved.
    assert run(opening_of(SCRIPTS / "a.py"), loaded) == ["['asyncio', 'snakemake.shell', 'snakemake.logging']"]


def test_who_imports_snakemake_later_gets_the_whole_of_it():
    body = "import snakemake as whole; from snakemake import shell; print(whole.__version__, callable(shell))"
    assert run(opening_of(SCRIPTS / "a.py", lightly(SCRIPTS)), body) == run(opening_of(SCRIPTS / "a.py"), body)


def test_scripts_of_an_importing_workflow_start_as_ever(tmp_path):
    assert opening_of(tmp_path / "a.py", lightly(SCRIPTS)) == opening_of(tmp_path / "a.py")


def test_an_opening_that_is_not_known_is_left_alone():
    unknown = "import sys;import cloudpickle;snakemake = 1;"
    assert starts.lightened(unknown) == unknown
