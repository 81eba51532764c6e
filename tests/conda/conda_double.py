"""A test double of the `conda` command: what Snakemake 9.27 asks of it, answered from a local channel.

Environments are solved and installed for real, by py-rattler; only the channel is another one. Whatever
Snakemake does not ask is refused, so that a change of what it asks is noticed.
"""

import argparse
import asyncio
import json
import os
import re
import sys
from pathlib import Path

import yaml

VERSION = "24.11.3"
"""Recent enough for Snakemake, which wants 24.7.1."""

FORGE = "https://conda.anaconda.org/conda-forge/"

ACTIVATE = """\
export CONDA_PREFIX="$1"
export PATH="$1/bin:$PATH"
"""


def install_command(folder, channel):
    """Write the command `conda` with its `activate`.

    Parameters
    ----------
    folder : pathlib.Path
        Becomes the installation of this conda; packages are unpacked and kept there too.
    channel : pathlib.Path
        Stands in for conda-forge.

    Returns
    -------
    pathlib.Path
        The folder to be put on PATH.
    """
    binaries = folder / "bin"
    binaries.mkdir(parents=True)
    command = binaries / "conda"
    command.write_text(
        f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "{folder}" "{channel}" "$@"\n',
        encoding="utf-8",
    )
    command.chmod(0o755)
    (binaries / "activate").write_text(ACTIVATE, encoding="utf-8")
    return binaries


def read_environment(path):
    """The specifications of an environment file, or the URLs of a file of exact pins, and whether they are exact."""
    text = Path(path).read_text(encoding="utf-8")
    if path.endswith(".txt"):
        return [line for line in text.splitlines() if line.startswith("https://")], True
    content = yaml.safe_load(text)
    if content["channels"] != ["conda-forge"]:
        sys.exit(f"this conda knows only conda-forge, {path} names {content['channels']}")
    return content["dependencies"], False


async def exact_records(channel, urls):
    """Records of the packages that conda-forge's URLs name, each with its MD5 if that is stated, and of no others."""
    import rattler

    index = json.loads((channel / "linux-64" / "repodata.json").read_text(encoding="utf-8"))["packages.conda"]
    records = []
    for url in urls:
        address, _, md5 = url.partition("#")
        package = index.get(address.removeprefix(f"{FORGE}linux-64/"))
        if package is None or md5 not in ("", package["md5"]):
            sys.exit(f"PackagesNotFoundError: {url}")
        spec = "{name} =={version} {build}".format_map(package)
        solved = await rattler.solve([local(channel)], [spec], virtual_packages=rattler.VirtualPackage.detect())
        # Like conda, which takes such a list as it is: what a package needs is not added.
        records += [record for record in solved if record.name.normalized == package["name"]]
    return records


def local(channel):
    """The local channel under conda-forge's name."""
    import rattler

    # Without its last slash the alias would lose its last part.
    alias = f"{channel.parent.as_uri()}/"
    return rattler.Channel(channel.name, rattler.ChannelConfig(channel_alias=alias))


async def create(folder, channel, file, prefix):
    """Solve an environment file and install what it asks for."""
    import rattler

    wanted, exact = read_environment(file)
    if exact:
        records = await exact_records(channel, wanted)
    else:
        try:
            records = await rattler.solve([local(channel)], wanted, virtual_packages=rattler.VirtualPackage.detect())
        except rattler.exceptions.SolverError as error:
            sys.exit(f"LibMambaUnsatisfiableError: {error}")
    await rattler.install(records, prefix, cache_dir=folder / "pkgs", show_progress=False)


def main(folder, channel, arguments):
    """Answer one call."""
    line = " ".join(arguments)
    if line == "--version":
        print(f"conda {VERSION}")
    elif line == "info --json":
        print(json.dumps({"conda_prefix": str(folder), "platform": "linux-64", "conda_version": VERSION}))
    elif line == "config --get channel_priority --json":
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif re.fullmatch(r"clean (-y --tarballs( --packages)?|--all -y)", line):
        (folder / "cleaned").write_text(line, encoding="utf-8")
    elif re.match(r"(env )?create ", line):
        parser = argparse.ArgumentParser(prog="conda create")
        parser.add_argument("command", nargs="+", choices=["env", "create"])
        parser.add_argument("--quiet", action="store_true")
        parser.add_argument("--no-default-packages", action="store_true")
        parser.add_argument("--yes", action="store_true")
        parser.add_argument("--file", required=True)
        parser.add_argument("--prefix", required=True)
        given = parser.parse_args(arguments)
        asyncio.run(create(folder, channel, given.file, given.prefix))
    else:
        sys.exit(f"this conda has not been taught: conda {line}")


if __name__ == "__main__":
    # Snakemake's own settings of the interpreter are not meant for the installer.
    os.environ.pop("PYTHONPATH", None)
    status = 0
    try:
        main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
    except SystemExit as end:
        print(end, file=sys.stderr)
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    # A thread of py-rattler that outlasts the interpreter would abort the process now and then.
    os._exit(status)
