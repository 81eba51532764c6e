"""Software bill of materials: every package that was installed where the jobs ran, in the format of CycloneDX 1.5."""

import json
import platform
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import quote


def component(kind: str, name: str, version: str, sha256: str | None = None) -> dict[str, Any]:
    """A package as CycloneDX lists it.

    Parameters
    ----------
    kind : {"pypi", "conda", "generic"}
        Type of its package URL, https://github.com/package-url/purl-spec.
    name, version : str
    sha256 : str, optional
        Of the package's file.
    """
    url = f"pkg:{kind}/{quote(name.lower() if kind == 'pypi' else name)}@{quote(version)}"
    found: dict[str, Any] = {"type": "library", "bom-ref": url, "name": name, "version": version, "purl": url}
    return found | ({"hashes": [{"alg": "SHA-256", "content": sha256}]} if sha256 else {})


def of_this_python() -> list[dict[str, Any]]:
    """Packages that the Python which reads this can import."""
    return [
        component("pypi", one.metadata["Name"], one.version) for one in metadata.distributions() if one.metadata["Name"]
    ]


def of_conda(folder: Path) -> list[dict[str, Any]]:
    """Packages of the environments that Snakemake has deployed.

    Parameters
    ----------
    folder : pathlib.Path
        Where they lie, such as ``.snakemake/conda``.
    """
    found = []
    for record in sorted(folder.glob("*/conda-meta/*.json")):
        package = json.loads(record.read_text(encoding="utf-8"))
        found.append(component("conda", package["name"], package["version"], package.get("sha256")))
    return found


def written(components: Iterable[dict[str, Any]], name: str, version: str) -> str:
    """The bill as a text, the same for the same packages.

    Parameters
    ----------
    components : iterable of dict
        From `component`; those that stand twice are listed once.
    name, version : str
        Of what they are the parts of.
    """
    by_url = {one["bom-ref"]: one for one in components}
    python = component("generic", "python", platform.python_version())
    content = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "application", "bom-ref": f"pkg:generic/{name}@{version}"}
            | {"name": name, "version": version}
        },
        "components": [python, *(by_url[url] for url in sorted(by_url))],
    }
    return json.dumps(content, indent=1) + "\n"
