"""A test double of conda-forge: a `file://` channel made of the packages of the locked environment.

conda-forge is out of a test machine's reach, and the locked environment has the very versions that `envs/`
asks for. Their installed files become real `.conda` packages, with the dependencies that their metadata
states, and the running CPython becomes a `python` package; a real solver and installer then deploy them.
"""

import hashlib
import io
import json
import os
import platform
import re
import shutil
import stat
import sys
import sysconfig
import tarfile
import venv
import zipfile
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from pathlib import Path, PurePosixPath

import zstandard
from environments import CONDA_NAMES
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SUBDIR = "linux-64"
BUILD = "local_0"
WITNESS = "SEED_TO_VOXEL_WITNESS"
"""Environment variable: a folder where each Python of the channel tells what it has imported, as it ends."""

SITECUSTOMIZE = f'''
"""Tell, as this Python ends, which script it ran and which files it imported."""
import atexit
import os


def tell(folder):
    import json
    import sys
    import tempfile

    files = {{name: getattr(module, "__file__", None) for name, module in list(sys.modules.items())}}
    if sys.argv[0] != "-c":
        with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".json", delete=False) as told:
            json.dump({{"script": sys.argv[0], "prefix": sys.prefix, "python": sys.executable, "files": files}}, told)


if os.environ.get("{WITNESS}"):
    atexit.register(tell, os.environ["{WITNESS}"])
'''


def requirements(distribution, extras=()):
    """The requirements of a distribution that hold on this machine.

    Parameters
    ----------
    distribution : importlib.metadata.Distribution
    extras : iterable of str

    Returns
    -------
    list of packaging.requirements.Requirement
    """
    stated = map(Requirement, distribution.requires or [])
    return [
        each
        for each in stated
        if each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras))
    ]


def closure(names):
    """The distributions that some need, themselves included.

    Parameters
    ----------
    names : iterable of str
        As on PyPI, possibly with extras.

    Returns
    -------
    dict of str to importlib.metadata.Distribution
        By canonical name.
    """
    found = {}
    done = set()
    waiting = [Requirement(name) for name in names]
    while waiting:
        wanted = waiting.pop()
        key = (canonicalize_name(wanted.name), frozenset(wanted.extras))
        if key not in done:
            done.add(key)
            found[key[0]] = metadata.distribution(wanted.name)
            waiting += requirements(found[key[0]], wanted.extras)
    return found


def site_files(distribution):
    """Files of a distribution inside site-packages, with what was compiled of them.

    Parameters
    ----------
    distribution : importlib.metadata.Distribution

    Returns
    -------
    dict of str to pathlib.Path
        The files by their path below site-packages. Console scripts are left out: they name the Python
        that they were installed for.
    """
    site = Path(distribution.locate_file(""))
    found = {}
    for entry in map(PurePosixPath, distribution.files):
        path = site / entry
        if entry.parts[0] != ".." and "__pycache__" not in entry.parts and path.is_file():
            found[str(entry)] = path.resolve()
            # Compiling anew in every environment would take minutes.
            compiled = entry.parent / "__pycache__" / f"{entry.stem}.{sys.implementation.cache_tag}.pyc"
            if entry.suffix == ".py" and (site / compiled).is_file():
                found[str(compiled)] = (site / compiled).resolve()
    return found


def python_files(folder):
    """Files of a relocatable copy of the running CPython, without its site-packages.

    Parameters
    ----------
    folder : pathlib.Path
        Where files that have no original are made.

    Returns
    -------
    dict of str to pathlib.Path
        The files by their path below the prefix.
    """
    version = sysconfig.get_python_version()
    libraries = Path(sysconfig.get_config_var("installed_base")) / "lib"
    executable = (libraries.parent / "bin" / f"python{version}").resolve()
    standard = Path(sysconfig.get_path("stdlib"))
    found = {f"bin/python{version}": executable}
    found |= {f"lib/{path.name}": path.resolve() for path in libraries.glob(f"libpython{version}*.so*")}
    unneeded = {"site-packages", "dist-packages", "test", "tests", "idlelib", "ensurepip", "lib2to3", "turtledemo"}
    for top, folders, files in os.walk(standard):
        folders[:] = [name for name in folders if name not in unneeded and not name.startswith("config-")]
        for name in files:
            if name != "sitecustomize.py" and not re.search(r"\.opt-\d\.pyc$", name):
                path = Path(top, name)
                found[f"lib/python{version}/{path.relative_to(standard)}"] = path.resolve()
    witness = folder / "sitecustomize.py"
    witness.write_text(SITECUSTOMIZE, encoding="utf-8")
    found[f"lib/python{version}/site-packages/sitecustomize.py"] = witness
    link = folder / "python"
    link.unlink(missing_ok=True)
    link.symlink_to(f"python{version}")
    found["bin/python"] = found["bin/python3"] = link
    return found


def _compressed(archive, members):
    """Write a .tar.zst from (name, path or bytes) pairs; links stay links, and files keep their times.

    A compiled file counts only as long as its source has the time that is written in it.
    """
    with (
        archive.open("wb") as raw,
        zstandard.ZstdCompressor(level=1).stream_writer(raw) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as tar,
    ):
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
                continue
            found = content.lstat()
            entry.mode, entry.mtime = stat.S_IMODE(found.st_mode), int(found.st_mtime)
            if content.is_symlink():
                entry.type, entry.linkname = tarfile.SYMTYPE, os.readlink(content)
                tar.addfile(entry)
            else:
                entry.size = found.st_size
                with content.open("rb") as file:
                    tar.addfile(entry, file)


def pack(folder, name, version, depends, files):
    """Write one `.conda` package.

    Parameters
    ----------
    folder : pathlib.Path
        The channel's platform folder.
    name, version : str
    depends : list of str
        Match specifications.
    files : dict of str to pathlib.Path
        By their path below the prefix.

    Returns
    -------
    tuple of (str, dict)
        File name, and the package's record in repodata.json.
    """
    stem = f"{name}-{version}-{BUILD}"
    record = {
        "name": name,
        "version": version,
        "build": BUILD,
        "build_number": 0,
        "depends": sorted(depends),
        "subdir": SUBDIR,
        "platform": "linux",
        "arch": "x86_64",
    }
    paths = []
    for path, source in sorted(files.items()):
        if source.is_symlink():
            paths.append({"_path": path, "path_type": "softlink"})
        else:
            content = source.read_bytes()
            paths.append(
                {
                    "_path": path,
                    "path_type": "hardlink",
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size_in_bytes": len(content),
                }
            )
    info = {
        "info/index.json": record,
        "info/paths.json": {"paths_version": 1, "paths": paths},
        "info/about.json": {"summary": f"{name} of the locked environment"},
    }
    parts = {
        f"info-{stem}.tar.zst": [(path, json.dumps(content).encode()) for path, content in info.items()],
        f"pkg-{stem}.tar.zst": sorted(files.items()),
    }
    package = folder / f"{stem}.conda"
    with zipfile.ZipFile(package, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        for part, members in parts.items():
            written = folder / part
            _compressed(written, members)
            archive.write(written, part)
            written.unlink()
    content = package.read_bytes()
    record |= {
        "sha256": hashlib.sha256(content).hexdigest(),
        "md5": hashlib.md5(content, usedforsecurity=False).hexdigest(),
        "size": len(content),
    }
    return package.name, record


def build(root, names):
    """Make the channel `conda-forge` below a folder.

    Parameters
    ----------
    root : pathlib.Path
    names : iterable of str
        What the environments declare, as on PyPI and without Python; what these need is packed as well.

    Returns
    -------
    pathlib.Path
        The channel's folder.
    """
    channel = root / "conda-forge"
    folder = channel / SUBDIR
    folder.mkdir(parents=True)
    version = sysconfig.get_python_version()
    jobs = [("python", platform.python_version(), [], python_files(channel))]
    for name, distribution in closure(names).items():
        depends = [f"python {version}.*"]
        for needed in requirements(distribution):
            spec = CONDA_NAMES.get(canonicalize_name(needed.name), canonicalize_name(needed.name))
            depends.append(f"{spec} {needed.specifier}".strip())
        files = {f"lib/python{version}/site-packages/{path}": file for path, file in site_files(distribution).items()}
        jobs.append((CONDA_NAMES.get(name, name), distribution.version, depends, files))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        packages = dict(pool.map(lambda job: pack(folder, *job), jobs))
    # py-rattler's own indexing was seen to abort as it ended.
    write_repodata(folder, packages)
    write_repodata(channel / "noarch", {})
    return channel


def write_repodata(folder, packages):
    """Write the index of a platform's packages."""
    folder.mkdir(exist_ok=True)
    content = {"info": {"subdir": folder.name}, "packages": {}, "packages.conda": packages, "repodata_version": 1}
    (folder / "repodata.json").write_text(json.dumps(content), encoding="utf-8")


def make_runner(folder, names):
    """Make a virtual environment that holds some distributions of this one, and nothing else.

    Parameters
    ----------
    folder : pathlib.Path
    names : iterable of str
        As on PyPI, possibly with extras.

    Returns
    -------
    pathlib.Path
        Its Python.
    """
    venv.create(folder, symlinks=True)
    site = folder / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
    for distribution in closure(names).values():
        for path, file in site_files(distribution).items():
            target = site / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, target)
    return folder / "bin" / "python"
