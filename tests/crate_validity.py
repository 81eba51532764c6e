"""Whether an unpacked archive is a valid Provenance Run Crate, as roc-validator says, without the network.

The validator fetches the contexts that give terms their meaning. Here they are what the specifications say of the terms
that our archives use: those of schema.org by the same name, but for a few.
"""

import json
import re
from functools import partial
from pathlib import Path

import requests
from rocrate_validator import services
from rocrate_validator.models import Severity
from rocrate_validator.utils import document_loader
from rocrate_validator.utils.http import HttpRequester

ROOT = Path(__file__).parents[1]
BIOSCHEMAS = "https://bioschemas.org"
ELSEWHERE = {
    "File": "http://schema.org/MediaObject",
    "conformsTo": "http://purl.org/dc/terms/conformsTo",
    "ComputationalWorkflow": f"{BIOSCHEMAS}/ComputationalWorkflow",
    "FormalParameter": f"{BIOSCHEMAS}/FormalParameter",
    "input": f"{BIOSCHEMAS}/ComputationalWorkflow#input",
    "output": f"{BIOSCHEMAS}/ComputationalWorkflow#output",
}
CONTEXTS = {
    "https://w3id.org/ro/crate/1.1/context": lambda terms: (
        {term: f"http://schema.org/{term}" for term in terms} | ELSEWHERE
    ),
    "https://w3id.org/ro/terms/workflow-run/context": lambda terms: {
        "sha256": "https://w3id.org/ro/terms/workflow-run#sha256"
    },
}


def terms_of(entities):
    """Types and properties that a description uses."""
    found = {key for entity in entities for key in entity if not key.startswith("@")}
    return found | {kind for entity in entities for kind in re.findall(r"\w+", str(entity["@type"]))}


def issues(folder, monkeypatch):
    """What keeps a folder from being a valid crate: the validator's sentences about requirements."""
    terms = terms_of(json.loads(Path(folder, "ro-crate-metadata.json").read_text())["@graph"])

    def context(url):
        return {"@context": CONTEXTS[url](terms)}

    def answer(_, url, *args, **options):
        response = requests.Response()
        response.headers["Content-Type"] = "application/ld+json"
        response.status_code = 200 if url in CONTEXTS else 404
        response._content = json.dumps(context(url)).encode() if url in CONTEXTS else b""
        return response

    monkeypatch.setattr(document_loader, "_fetch_json_ld", context)
    for way in ("get", "head"):
        monkeypatch.setattr(HttpRequester, way, partial(answer, None), raising=False)
    settings = services.ValidationSettings(
        rocrate_uri=str(folder),
        profile_identifier="provenance-run-crate-0.5",
        requirement_severity=Severity.REQUIRED,
    )
    return [issue.message for issue in services.validate(settings).get_issues()]
