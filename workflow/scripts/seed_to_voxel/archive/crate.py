"""Who made what from what in a study, as a Provenance Run Crate 0.5 (RO-Crate 1.1).

https://www.researchobject.org/workflow-run-crate/profiles/provenance_run_crate
"""

import base64
import json
import mimetypes
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..base.steps import Step
from . import contents as listing
from .contents import Contents

PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}

TERMS = "https://w3id.org/ro/terms/workflow-run/context"
COMPUTATIONAL = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
PARAMETER = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
COMPLETED = "http://schema.org/CompletedActionStatus"
BSD = "https://spdx.org/licenses/BSD-3-Clause"
SNAKEFILE = "Snakefile"
SCRIPTS = "workflow/scripts"

KINDS = {
    **{".gz": "application/gzip", ".tsv": "text/tab-separated-values", ".md": "text/markdown"},
    **{".smk": "text/x-python", ".yaml": "application/yaml", ".npy": "application/octet-stream", ".lock": "text/plain"},
    **{".sha256": "text/plain", ".bib": "text/plain", ".rst": "text/plain", ".j2": "text/plain", ".cff": "text/plain"},
}
"""Media types that Python does not know everywhere."""


def content_address(sha256: str, path: str) -> str:
    """Name of a file by its content, as in RFC 6920, and by its path: two jobs may make files of one content."""
    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")
    return f"ni:///sha-256;{digest}?path={quote(path)}"


def moment(seconds: float) -> str:
    """A time as ISO 8601 writes it, in UTC."""
    return datetime.fromtimestamp(round(seconds), UTC).isoformat()


def described(name: str, size: int, sha256: str) -> dict[str, Any]:
    """What is said of any file."""
    path = Path(name)
    kind = KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "text/plain"
    return {"name": path.name, "contentSize": str(size), "sha256": sha256, "encodingFormat": kind}


class Crate:
    """The description of an archive, made once.

    Parameters
    ----------
    contents : Contents
    steps : sequence of seed_to_voxel.base.steps.Step
    derivatives : str
        Folder of the derivatives.
    software : dict of str to str
        Versions of what the study stands on, by name; Snakemake among them.
    version : str
        Of this workflow.
    commit : str or None
        Of its repository, where it is one.
    notes : dict of str to str
        `name`, `description` and `license` of the study.
    sizes, digests : dict of str to (int, str)
        Of each file in the archive.
    """

    def __init__(
        self,
        contents: Contents,
        steps: Sequence[Step],
        derivatives: str,
        software: Mapping[str, str],
        version: str,
        commit: str | None,
        notes: Mapping[str, str],
        sizes: Mapping[str, int],
        digests: Mapping[str, str],
    ) -> None:
        from rocrate.rocrate import ROCrate

        self.contents, self.steps, self.sizes, self.digests = contents, steps, sizes, digests
        self.made = {path for step in steps for path in step.made}
        self.scripts = {f"{SCRIPTS}/{step.script}" for step in steps}
        self.crate = ROCrate(version="1.1")
        self.crate.metadata.extra_contexts.append(TERMS)
        self.crate.metadata["conformsTo"] = [
            {"@id": "https://w3id.org/ro/crate/1.1"},
            {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"},
        ]
        ended = [step.ended for step in steps if step.ended]
        began = [step.began for step in steps if step.began]
        root = self.crate.root_dataset
        root.append_to(
            "conformsTo",
            [
                self.context(url, "CreativeWork", name=name, version=url.rpartition("/")[2])
                for url, name in PROFILES.items()
            ],
        )
        for key, value in notes.items():
            root[key] = value
        # That of the study, not of the moment in which it is packed.
        root["datePublished"] = moment(max(ended, default=0))
        self.parts = {name: self.file(name) for name in contents.names}
        self.parts[listing.README]["about"] = root
        self.inputs = {path: self.input(path, contents.digests[path]) for path in contents.left_out}
        root["hasPart"] = [*self.parts.values(), *self.inputs.values()]
        self.derivatives = self.context(
            f"{derivatives}/",
            "Dataset",
            name="Derivatives",
            description="The study's maps, series, tables and figures",
            hasPart=[part for name, part in self.parts.items() if name.startswith(f"{derivatives}/")],
        )
        root.append_to("hasPart", self.derivatives)
        engine = self.software("snakemake", software["snakemake"])
        workflow = self.workflow(version, commit, software)
        root["mainEntity"] = workflow
        run = self.context(
            "#run",
            "CreateAction",
            name="The study",
            instrument=workflow,
            description="All jobs of the study together",
            actionStatus=COMPLETED,
            object=[self.parts[name] for name in contents.names if name.startswith(f"{listing.STUDY}/")]
            + [self.inputs[path] for path in contents.left_out if path not in self.made],
            result=[self.derivatives],
            **({"startTime": moment(min(began))} if began else {}),
            **({"endTime": moment(max(ended))} if ended else {}),
        )
        controlled = [self.step(index, step) for index, step in enumerate(steps, 1)]
        self.context(
            "#organised",
            "OrganizeAction",
            name="Snakemake's run of it",
            instrument=engine,
            object=controlled,
            result=run,
            actionStatus=COMPLETED,
        )
        root["mentions"] = [run, *(self.crate.dereference(f"#job-{index}") for index in range(1, len(steps) + 1))]

    def context(self, identifier: str, kind: str | list[str], /, **properties: Any) -> Any:
        """Add something that the description speaks of; packing puts files where they belong."""
        from rocrate.model.contextentity import ContextEntity

        entity = self.crate.add(ContextEntity(self.crate, identifier, {"@type": kind}))
        for key, value in properties.items():
            # As the specification recommends, a list of one is written as that one.
            entity[key] = value[0] if isinstance(value, list) and len(value) == 1 else value
        return entity

    def file(self, name: str) -> Any:
        """A file in the archive."""
        if name == SNAKEFILE:
            kind: str | list[str] = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
        elif name in self.scripts:
            kind = ["File", "SoftwareSourceCode", "SoftwareApplication"]
        else:
            kind = "File"
        return self.context(name, kind, **described(name, self.sizes[name], self.digests[name]))

    def input(self, path: str, sha256: str) -> Any:
        """A file that stays where it is, named by its content."""
        whence = "Made or fetched by the study" if path in self.made else "Given to the study"
        return self.context(
            content_address(sha256, path),
            "File",
            **described(path, Path(path).stat().st_size, sha256),
            alternateName=path,
            description=f"{whence}; not in the archive. Its name there is the alternateName",
        )

    def software(self, name: str, version: str) -> Any:
        """A program or package."""
        url = f"https://www.python.org/downloads/release/python-{version.replace('.', '')}/"
        if name != "python":
            url = f"https://pypi.org/project/{name}/{version}/"
        return self.context(url, "SoftwareApplication", name=name, softwareVersion=version, url=url)

    def workflow(self, version: str, commit: str | None, software: Mapping[str, str]) -> Any:
        """The Snakefile, with its steps and the scripts that they call."""
        language = self.context(
            "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
            "ComputerLanguage",
            name="Snakemake",
            identifier={"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
            url={"@id": "https://snakemake.github.io"},
        )
        self.context(BSD, "CreativeWork", name="BSD 3-Clause")
        scripts = {step.rule: step.script for step in self.steps if step.script}
        self.tools = {}
        for script in sorted(set(scripts.values())):
            tool = self.tools[script] = self.parts[f"{SCRIPTS}/{script}"]
            tool["version"] = version
        self.howto = {
            rule: self.context(
                f"{SNAKEFILE}#{rule}", "HowToStep", name=rule, position=str(position), workExample=self.tools[script]
            )
            for position, (rule, script) in enumerate(scripts.items(), 1)
        }
        formal = {"conformsTo": {"@id": PARAMETER}}
        self.context(PARAMETER, "CreativeWork", name="FormalParameter", version="1.0-RELEASE")
        config = self.context(
            "#config",
            "FormalParameter",
            name="config",
            additionalType="File",
            valueRequired=True,
            description="The study's config",
            **formal,
        )
        self.parts[listing.CONFIG]["exampleOfWork"] = config
        config["workExample"] = self.parts[listing.CONFIG]
        output = self.context(
            "#derivatives",
            "FormalParameter",
            name="derivatives",
            additionalType="Dataset",
            description="Folder of the derivatives",
            workExample=self.derivatives,
            **formal,
        )
        self.derivatives["exampleOfWork"] = output
        workflow = self.parts[SNAKEFILE]
        for key, value in {
            "name": "seed-to-voxel",
            "description": "Seed-to-voxel correlation maps of preprocessed fMRI runs",
            "version": version,
            "license": {"@id": BSD},
            "programmingLanguage": language,
            "hasPart": list(self.tools.values()),
            "step": list(self.howto.values()),
            "input": config,
            "output": output,
            "conformsTo": self.context(COMPUTATIONAL, "CreativeWork", name="ComputationalWorkflow", version="1.0"),
            "softwareRequirements": [self.software(name, one) for name, one in software.items() if name != "snakemake"],
            **({"identifier": f"git:{commit}"} if commit else {}),
        }.items():
            workflow[key] = value
        return workflow

    def step(self, index: int, step: Step) -> Any:
        """A job: what its script took and made, and that Snakemake had it done."""
        name = f"#job-{index}"
        done = self.context(
            name,
            "CreateAction",
            name=step.name,
            instrument=self.tools[str(step.script)],
            description=f"A job of the rule {step.rule}",
            object=[self.thing(path) for path in step.taken if self.thing(path)],
            result=[self.thing(path) for path in step.made if self.thing(path)],
            actionStatus=COMPLETED,
            **({"startTime": moment(step.began)} if step.began else {}),
            **({"endTime": moment(step.ended)} if step.ended else {}),
        )
        return self.context(
            f"{name}-control",
            "ControlAction",
            name=f"Snakemake has done {step.name}",
            instrument=self.howto[step.rule],
            object=done,
            actionStatus=COMPLETED,
        )

    def thing(self, path: str) -> Any:
        """What stands for a path: a file of the archive, an input, or something that is gone."""
        if found := self.parts.get(path) or self.inputs.get(path):
            return found
        if Path(path).is_dir():
            return self.crate.dereference(f"{path}/") or self.context(
                f"{path}/",
                "Dataset",
                name=Path(path).name,
                hasPart=[part for name, part in self.parts.items() if name.startswith(f"{path}/")],
            )
        gone = f"#removed-{path}"
        return self.crate.dereference(gone) or self.context(
            gone, "CreativeWork", name=path, description="Removed as soon as it had been used"
        )

    def text(self) -> str:
        """The metadata file's content."""
        return json.dumps(self.crate.metadata.generate(), indent=1, ensure_ascii=False) + "\n"
