"""How often Snakemake looks at its waiting jobs, as it comes and with this project's one timer.

    uv run python benchmarks/scheduler_looks.py             16 runs at 4 mm on two cores, some two minutes
    uv run python benchmarks/scheduler_looks.py --runs 64

See `seed_to_voxel.snakemake_internals.scheduling.look_in_time` for what is mended.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from measuring import Bench
from ways import ROOT
from whole import write_study

sys.path.insert(0, str(ROOT / "workflow" / "scripts"))


def run_and_count(mended, arguments):
    """Run Snakemake in this process; print a JSON object of what was counted."""
    from snakemake.cli import main
    from snakemake.scheduling.job_scheduler import JobScheduler

    from seed_to_voxel.snakemake_internals import scheduling

    if not mended:
        scheduling.look_in_time = lambda: None
    counted = {"looks": 0, "threads": 0}
    select = JobScheduler.job_selector

    def counting(self, jobs):
        counted["looks"] += 1
        counted["threads"] = max(counted["threads"], threading.active_count())
        return select(self, jobs)

    JobScheduler.job_selector = counting
    start = time.perf_counter()
    try:
        main(arguments)
    except SystemExit as end:
        if end.code:
            raise
    counted["wall"] = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps(counted | {"cpu": used.ru_utime + used.ru_stime}))


def main():
    """Count both ways in turn and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=16)
    parser.add_argument("--cores", type=int, default=2)
    options = parser.parse_args()
    print("| Snakemake | looks | most threads | its own processor time, s | wall, s |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        stem = Bench(Path(folder)).data("4mm", "int16", [1])
        for name in ("as it comes", "with one timer"):
            project = Path(folder) / "project"
            shutil.rmtree(project, ignore_errors=True)
            # Without the interpreter and "-m snakemake".
            command = list(map(str, write_study(project, stem, options.runs)))[3:]
            call = [sys.executable, __file__, "--count", name, *command, "--cores", str(options.cores)]
            done = subprocess.run(call, cwd=project, capture_output=True, text=True)
            if done.returncode:
                sys.exit(done.stderr[-3000:])
            found = json.loads(done.stdout.splitlines()[-1])
            print(
                f"| {name} | {found['looks']} | {found['threads']} | {found['cpu']:.1f} | {found['wall']:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--count"]:
        run_and_count(sys.argv[2] == "with one timer", sys.argv[3:])
    else:
        main()
