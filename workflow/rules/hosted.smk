# Where the project lies on disk. Snakemake reads a Snakefile of a repository (github(...)) file by file, and scripts need the
# package beside them: the commit is unpacked once, and everything else is read from there.

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from snakemake.exceptions import WorkflowError

UNPACKED = Path(".snakemake") / "seed-to-voxel"


def unpacked(source):
    """The project's folder, unpacked from the repository that a Snakefile is read from."""
    repository = getattr(source, "repo_path", None)
    if repository is None and hasattr(source, "hosted_repo"):
        repository = source.hosted_repo.repo_clone
    if repository is None:
        raise WorkflowError(
            f"seed-to-voxel is read from {source}, and its scripts import the package beside them: expected github(...), "
            "gitlab(...) or a folder on disk. `git clone` it, and name the Snakefile there in the module's `snakefile`"
        )
    git = ["git", "-C", str(repository)]
    try:
        commit = subprocess.check_output(
            [*git, "rev-parse", f"{source.ref}^{{commit}}"], text=True
        ).strip()
        folder = UNPACKED / commit
        if not folder.is_dir():
            archive = subprocess.check_output([*git, "archive", "--format=tar", commit])
            unfinished = folder.with_name(f".{commit}-{os.getpid()}")
            tarfile.open(fileobj=io.BytesIO(archive)).extractall(unfinished, filter="data")
            try:
                unfinished.rename(folder)
            except OSError:
                # Another Snakemake of this folder was faster; what it has unpacked is the same.
                shutil.rmtree(unfinished, ignore_errors=True)
                if not folder.is_dir():
                    raise
    except (OSError, subprocess.CalledProcessError) as error:
        raise WorkflowError(
            f"seed-to-voxel could not be unpacked from {repository} at {source.ref} ({error})"
        ) from None
    return folder.resolve()


if hasattr(workflow.current_basedir, "__fspath__"):
    HOME = Path(workflow.current_basedir).parents[1]
else:
    HOME = unpacked(workflow.current_basedir)
