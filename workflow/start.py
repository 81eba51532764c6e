"""Write a first config for a folder of preprocessed runs, and say what it would do.

    uv run python workflow/start.py FOLDER

The folder is one of fMRIPrep derivatives, a dataset with such a folder inside, or any folder with preprocessed 4-D
NIfTI images. Nothing in it is changed, and nothing is computed.
"""

import argparse
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from seed_to_voxel.base.errors import InputError  # noqa: E402
from seed_to_voxel.study import starting  # noqa: E402


def plan(config: Path) -> tuple[bool, list[str]]:
    """Ask Snakemake what it would do with a config; whether it can, and what it says."""
    where = ["--snakefile", ROOT / "Snakefile", "--directory", config.parent, "--configfile", config]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "2", "-n", *map(str, where)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if "No module named snakemake" in done.stdout:
        return False, ["this Python has no Snakemake; start this program with `uv run python`, in the project's folder"]
    if done.returncode:
        said = [line for line in done.stdout.splitlines() if line.strip() and not line.startswith("Using ")]
        return False, said[-4:]
    jobs = dict(re.findall(r"^(\w+) +(\d+)$", done.stdout, re.MULTILINE))
    return True, [f"{count} x {name}" for name, count in jobs.items() if name not in ("total", "all")]


def show(start: starting.Start) -> None:
    """Print what was found, and what only the user knows."""
    print("Found:", *start.found, sep="\n  ")
    if start.to_check:
        print("Please check:", *start.to_check, sep="\n  ")


def main() -> int:
    """Look, write, and say what comes next."""
    parser = argparse.ArgumentParser(description="Write a first config for a folder of preprocessed fMRI runs.")
    parser.add_argument("folder", help="fMRIPrep derivatives, or any folder with preprocessed 4-D NIfTI images")
    parser.add_argument("--to", default=".", metavar="FOLDER", help="where study.yaml is written; here by default")
    parser.add_argument("--space", help="label of the space to use; one with MNI coordinates by default")
    parser.add_argument("--t-r", type=float, metavar="SECONDS", help="repetition time, where no sidecar says it")
    parser.add_argument("--force", action="store_true", help="replace a study.yaml that is there")
    given = parser.parse_args()
    config = Path(given.to) / "study.yaml"
    try:
        start = starting.look(given.folder, given.space, given.t_r)
        if start.to_give:
            show(start)
            print("Nothing was written, as something is missing:", *start.to_give.values(), sep="\n  ")
            print("Give it:", " ".join(["uv run python", shlex.join(sys.argv), *start.to_give]), sep="\n  ")
            return 1
        texts = {config.parent / name: text for name, text in start.files.items()}
        for path in texts:
            if path.exists() and not given.force:
                raise InputError(f"{path} is there already; replace it with --force, or write elsewhere with --to")
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    if (config.parent / "results" / "derivatives").exists():
        start.to_check.append(
            f"{config.parent / 'results'} has results: those of another study would be overwritten; --to takes a "
            "folder of its own for this one"
        )
    show(start)
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        said = f"cannot write in {config.parent.resolve()} ({error.strerror}); choose another folder with --to"
        print(f"Error: {said}", file=sys.stderr)
        return 1
    print(f"Written: {' and '.join(map(str, texts))}")
    able, said = (False, start.missing) if start.missing else plan(config.resolve())
    print("It would run:" if able else "It would not run yet:", *said, sep="\n  ")
    if start.missing:
        print(f"Fill it into {config}; then run it:")
    else:
        print("To run it:" if able else "Once that is mended, run it:")
    directory = ["--directory", given.to] if config.parent != Path(".") else []
    print(" ", shlex.join(["uv", "run", "snakemake", "--cores", "2", *directory, "--configfile", str(config)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
