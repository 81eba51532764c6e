"""Run an archived study again in a fresh folder, and compare every byte.

The archive's own code is run: verify only archives from people you trust.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "scripts"))

from seed_to_voxel.archive import contents, verifying
from seed_to_voxel.base.errors import InputError


def main(arguments: list[str] | None = None) -> int:
    """Verify an archive; 0 if every byte is the same."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path, help="what `snakemake crate` has made, packed or unpacked")
    parser.add_argument("--cores", default="2", help="how many to use (2)")
    parser.add_argument("--inputs", type=Path, help="folder where relative paths of inputs start (this one)")
    parser.add_argument("--folder", type=Path, help="empty folder to run it in, which is kept (a temporary one)")
    parser.add_argument("--files-only", action="store_true", help="look only whether the archive's files are whole")
    given = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory(prefix="verify-") as scratch:
            return verify(given, Path(scratch))
    except InputError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def verify(given: argparse.Namespace, scratch: Path) -> int:
    """Verify an archive with a folder to work in."""
    source = given.archive
    if not source.is_dir():
        source = scratch / "archive"
        verifying.unpack(given.archive, source)
    entities = verifying.described(source)
    if damaged := verifying.damaged(source, entities):
        raise InputError(f"{given.archive}: {len(damaged)} files are missing or damaged: {', '.join(damaged[:10])}")
    if unlisted := verifying.unlisted(source, entities):
        raise InputError(
            f"{given.archive}: {len(unlisted)} files are not in its description: {', '.join(unlisted[:10])}; expected "
            "those alone that it lists"
        )
    print("The archive is whole: all its files are those that its description lists.", flush=True)
    if given.files_only:
        return 0
    folder = (given.folder or scratch / "again").absolute()
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"{folder}: expected an empty folder")
    folder.mkdir(parents=True, exist_ok=True)
    place, wrong = verifying.lay_out(source, folder, entities, given.inputs)
    if wrong:
        told = "\n  ".join(wrong[:10])
        raise InputError(
            f"{len(wrong)} inputs are not what the study was made from (--inputs FOLDER is where relative paths "
            f"start):\n  {told}"
        )
    command = [sys.executable, "-m", "snakemake", "--cores", given.cores, "--configfile", contents.CONFIG]
    if subprocess.run(command, cwd=place, check=False).returncode:
        print("The study could not be run again; see above.", file=sys.stderr)
        return 1
    verdict = verifying.compare(place, entities, source)
    print("\n".join(verdict.lines()))
    print("Verified." if verdict.holds else "Not the same.")
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main())
