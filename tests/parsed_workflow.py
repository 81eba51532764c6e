"""What Snakemake itself makes of the rules: it reads the Snakefile, and says what each rule has.

As a program it does so in a process of its own, since the Snakefile changes Snakemake while it is read.
"""

import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CONFIGS = ({}, {"dataset": {"kind": "simulated"}, "quality": {"refuse": {"max_mean_fd": 0.5}}})
"""All rules are read by one of these: the show, and a study that refuses runs."""


class Rule(NamedTuple):
    """A rule that runs a script.

    Attributes
    ----------
    name : str
    script, environment : pathlib.Path or None
    output, log : list of str
    benchmark, message : str or None
    resources : list of str
        Names of those that the rule states.
    modules : str or None
        The parameter that makes a job run again when the modules of its script change.
    """

    name: str
    script: Path
    environment: Path | None
    output: list[str]
    log: list[str]
    benchmark: str | None
    message: str | None
    resources: list[str]
    modules: str | None


def read(config):
    """Read the Snakefile with a config; the rules that run something, as plain values."""
    from snakemake.api import SnakemakeApi
    from snakemake.settings.types import ConfigSettings, OutputSettings, ResourceSettings

    with tempfile.TemporaryDirectory() as folder, SnakemakeApi(OutputSettings()) as api:
        given = Path(folder) / "study.yaml"
        given.write_text(json.dumps(config))
        workflow = api.workflow(
            ResourceSettings(cores=1),
            ConfigSettings(configfiles=[given] if config else []),
            snakefile=ROOT / "Snakefile",
            workdir=Path(folder),
        )
        for rule in workflow._workflow.rules:
            if rule.norun:
                continue
            folder_of_rule = Path(str(rule.basedir))
            yield {
                "name": rule.name,
                "script": rule.script and str((folder_of_rule / rule.script).resolve()),
                "environment": rule.conda_env and str((folder_of_rule / rule.conda_env).resolve()),
                "output": list(map(str, rule.output)),
                "log": list(map(str, rule.log)),
                "benchmark": rule.benchmark and str(rule.benchmark),
                "message": rule.message,
                # All rules have some of Snakemake's own.
                "resources": sorted(rule.ruleinfo.resources[1] if rule.ruleinfo.resources else []),
                "modules": dict(rule.params.items()).get("modules"),
            }


@cache
def rules():
    """All rules that run a script, in the order they are read.

    Returns
    -------
    list of Rule
    """
    found = {}
    for config in CONFIGS:
        done = subprocess.run([sys.executable, __file__, json.dumps(config)], capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr)
        for said in json.loads(done.stdout.splitlines()[-1]):
            paths = {key: said[key] and Path(said[key]) for key in ("script", "environment")}
            found.setdefault(said["name"], Rule(**(said | paths)))
    return list(found.values())


if __name__ == "__main__":
    print(json.dumps(list(read(json.loads(sys.argv[1])))))
