"""A finished study in one file, the same bytes for the same study."""

import hashlib
import subprocess
import zipfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from ..base.errors import InputError
from ..base.steps import Step
from ..study import checksums
from ..study.names import Names
from . import bill, contents
from .crate import Crate

PACKED = (".gz", ".png", ".zip")
"""Endings of files that do not become smaller."""

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip archive can say; when jobs ran stands in its description."""

LICENSE = "Not stated: that of the data is for those to say whose they are; the workflow is under BSD-3-Clause"

README = """\
# {name}

An archive of a study by seed-to-voxel {version}: a Provenance Run Crate ([RO-Crate](https://www.researchobject.org/ro-crate/)).

- `results/`: what the study left; `report.html` is where to begin.
- `study/`: its config, and the files that this names: tables, and images and masks of a paper.
- `inputs.sha256`: what it was made from and is not here, by SHA-256.
- `Snakefile`, `workflow/`, `envs/`, `uv.lock`: the workflow as it was.
- `sbom.cdx.json`: what was installed (CycloneDX).
- `ro-crate-metadata.json`: who made what from what, and when.

To run it again in a fresh folder and compare every byte, where [uv](https://docs.astral.sh/uv/) is:

    unzip {archive} -d study && cd study
    uv sync --no-dev
    uv run --no-sync python workflow/verify.py . --cores 2

`--inputs FOLDER` is where the paths in `inputs.sha256` start.
"""


def check(names: Names) -> None:
    """Refuse before anything is computed what cannot be archived.

    Parameters
    ----------
    names : seed_to_voxel.study.names.Names

    Raises
    ------
    InputError
        If a part of the study alone is worked on, or what describes archives is not installed.
    """
    if names.part:
        raise InputError("part: an archive is of a whole study; `part: null` with `snakemake crate` packs all parts")
    if find_spec("rocrate") is None:
        raise InputError(
            "`snakemake crate` needs the package rocrate beside Snakemake, and it is not installed here: `uv sync`, or "
            "`pip install rocrate` in the environment that Snakemake runs in"
        )


def commit_of(root: Path) -> str | None:
    """The commit of a repository, ``-dirty`` behind it where files differ; None where there is no repository."""
    asked = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=40", "--exclude", "*"]
    try:
        top = subprocess.run([*asked[:3], "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=True)
        # A study's own repository around an unpacked project says nothing of this one.
        if Path(top.stdout.strip()).resolve() != root.resolve():
            return None
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip() or None
    except (OSError, subprocess.CalledProcessError):
        return None


def pack(
    steps: Sequence[Step],
    names: Names,
    root: Path,
    config: Mapping[str, Any],
    software: Mapping[str, str],
    version: str,
    conda: Path | None = None,
) -> tuple[Path, list[str]]:
    """Write the archive of a finished study.

    Parameters
    ----------
    steps : sequence of seed_to_voxel.base.steps.Step
    names : seed_to_voxel.study.names.Names
    root : pathlib.Path
        The project's folder.
    config : dict
        The study's, checked, with its defaults, paths as they were found.
    software : dict of str to str
        Versions by name, Snakemake's among them.
    version : str
        Of this workflow.
    conda : pathlib.Path, optional
        Folder of deployed environments.

    Returns
    -------
    path : pathlib.Path
        It is replaced as a whole.
    doubts : list of str
        What cannot be told of its inputs, sentences; they are in its README, too.

    Raises
    ------
    InputError
        See `check`; if an input was replaced; or if a file is not the one that was listed.
    """
    import yaml

    check(names)
    target = Path(names.crate)
    found = contents.gather(steps, names, root)
    own, tables = contents.settled(config)
    found.files |= tables
    # In the order that it had, which sidecars follow.
    found.texts[contents.CONFIG] = yaml.safe_dump(own, sort_keys=False, allow_unicode=True)
    packages = bill.of_this_python() + (bill.of_conda(conda) if conda else [])
    found.texts[contents.BILL] = bill.written(packages, "seed-to-voxel", version)
    title = f"Seed-to-voxel correlation maps ({config['dataset']['kind']})"
    said = "".join(f"\n{doubt}\n" for doubt in found.doubts)
    found.texts[contents.README] = README.format(name=title, version=version, archive=target.name) + said
    by_text = {name: text.encode() for name, text in found.texts.items()}
    sizes = {name: path.stat().st_size for name, path in found.files.items()} | {
        name: len(content) for name, content in by_text.items()
    }
    known = {name: found.digests[name] for name in found.files if name in found.digests}
    digests = {name: known.get(name) or checksums.sha256(path) for name, path in found.files.items()} | {
        name: hashlib.sha256(content).hexdigest() for name, content in by_text.items()
    }
    n_runs = len({step.wildcards["run"] for step in steps if "run" in step.wildcards})
    notes = {
        "name": title,
        "description": f"What seed-to-voxel {version} made of {n_runs} runs, from what, and how",
        "license": LICENSE,
    }
    crate = Crate(found, steps, names.derivatives, software, version, commit_of(root), notes, sizes, digests)
    by_text[contents.METADATA] = crate.text().encode()
    write_zip(target, found.files, by_text, digests)
    return target, found.doubts


def write_zip(target: Path, files: Mapping[str, Path], texts: Mapping[str, bytes], digests: Mapping[str, str]) -> None:
    """Write a zip archive, the same bytes for the same content; one of an earlier time stays until it is whole.

    Parameters
    ----------
    target : pathlib.Path
    files : dict of str to pathlib.Path
        By their names in the archive.
    texts : dict of str to bytes
    digests : dict of str to str
        SHA-256 that the files must have.

    Raises
    ------
    InputError
        If one has another.
    """
    unfinished = target.with_name(f".{target.name}")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            # The description first, where readers look for it.
            for name in sorted({*files, *texts}, key=lambda name: (name != contents.METADATA, name)):
                entry = zipfile.ZipInfo(name, EPOCH)
                entry.compress_type = zipfile.ZIP_STORED if name.endswith(PACKED) else zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                if name in texts:
                    archive.writestr(entry, texts[name])
                else:
                    entry.file_size = files[name].stat().st_size
                    # What is listed may have been read long ago; what is copied is read now.
                    with archive.open(entry, "w") as sink:
                        found = _copy(files[name], sink)
                    if found != digests[name]:
                        raise InputError(
                            f"{files[name]}: expected the SHA-256 {digests[name]}, as it was listed, found {found}: it "
                            "was changed or damaged since; delete it, and the same command makes it anew"
                        )
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def _copy(path: Path, sink: IO[bytes]) -> str:
    """Copy a file to where something is written, and return the SHA-256 of what was copied."""
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while piece := source.read(1 << 20):
            digest.update(piece)
            sink.write(piece)
    return digest.hexdigest()
