"""What was measured, as Markdown: a table for each case, and what was aimed at beside what was reached."""

import statistics
from dataclasses import dataclass

from measuring import LABELS, SIZES, Bench
from steps import case_of
from whole import example_case, further_run, workflow_case

MEMORY_BEFORE = 370
"""MB that the three steps took at 2 mm when a run's quality was still measured in a pass of its own."""


@dataclass(frozen=True)
class Aim:
    """A line of the table of aims.

    Attributes
    ----------
    what : str
    values : list of float
        Of the rounds.
    least : float
        What must be reached, by the median.
    best : float, optional
        What is aimed at beyond.
    at_most : bool
        Whether smaller is better.
    digits : str
        Format of a value.
    """

    what: str
    values: list[float]
    least: float
    best: float | None = None
    at_most: bool = False
    digits: str = ".2f"

    def holds(self, bound: float) -> bool:
        """Whether the median keeps to a bound."""
        middle = statistics.median(self.values)
        return middle <= bound if self.at_most else middle >= bound

    def cells(self) -> list[str]:
        """The line's cells: what, aim, measured, reached."""
        aim = f"at {'most' if self.at_most else 'least'} {self.least:g}"
        reached = "yes" if self.holds(self.least) else "no"
        if self.best is not None:
            aim += f", better {self.best:g}"
            reached = "yes, the better too" if self.holds(self.best) else reached
        return [self.what, aim, spread(self.values, self.digits), reached]


def spread(values: list[float], digits: str = ".2f") -> str:
    """Median (min to max); a single value alone."""
    middle, low, high = (f"{value:{digits}}" for value in (statistics.median(values), min(values), max(values)))
    return f"{middle} ({low} to {high})" if len(values) > 1 else middle


def markdown(header: list[str], rows: list[list[str]]) -> list[str]:
    """Lines of a table."""
    return [f"| {' | '.join(cells)} |" for cells in (header, ["---"] * len(header), *rows)]


def tables(bench: Bench) -> list[str]:
    """The measurements, case by case; a step's imports are the difference of its two times."""
    lines = []
    timed = [m for m in bench.measured if "wall" in m]
    for case in dict.fromkeys(m["case"] for m in timed):
        rows = []
        for way in dict.fromkeys(m["way"] for m in timed if m["case"] == case):
            wall, cpu, work, peak = (bench.values(case, way, key) for key in ("wall", "cpu", "work_cpu", "peak"))
            rows.append([LABELS[way], spread(wall), spread(cpu), spread(work) if work else "", spread(peak, ".0f")])
            parts = bench.values(case, way, "parts")
            for step in parts[0] if parts else ():
                times = ([part[step][key] for part in parts] for key in ("wall", "cpu", "work_cpu", "peak"))
                wall, cpu, work, peak = times
                rows.append([f"- {step}", spread(wall), spread(cpu), spread(work), spread(peak, ".0f")])
        header = ["way", "wall, s", "processor, s", "processor without imports, s", "peak, MB"]
        rounds = max(m["repetition"] for m in timed if m["case"] == case) + 1
        lines += [f"**{case}**, median (min to max) of {rounds}", "", *markdown(header, rows), ""]
    for size in SIZES:
        ways = [("loop", 1), *(("workflow", cores) for cores in numbers_of_cores(bench))]
        rows = []
        for way, cores in ways:
            if wall := further_run(bench, size, way, "wall", cores):
                cpu = further_run(bench, size, way, "cpu", cores)
                rows.append([f"{LABELS[way]}, cores: {cores}", spread(wall), spread(cpu)])
        if rows:
            lines += [f"**{size}, a further run**: several runs less one, shared out", ""]
            lines += [*markdown(["way", "wall, s", "processor, s"], rows), ""]
    differences = [m for m in bench.measured if m.get("parity")]
    if differences:
        rows = [[m["case"], m["way"], f"{m['largest']:.1e}", str(m["only_one"])] for m in differences]
        lines += markdown(["run", "beside", "largest difference in r", "voxels in one mask only"], rows)
        lines += [
            "",
            "NiftiSpheresMasker (nilearn 0.14.1) cuts the mean of a sphere to an integer when the file holds "
            "integers; the difference vanishes when it is given the same values as float (`dtype='float32'`).",
            "",
        ]
    return lines


def numbers_of_cores(bench: Bench) -> list[int]:
    """With how many cores the workflow was run, ascending."""
    return sorted({m["cores"] for m in bench.measured if "cores" in m})


def ratios_of_further_runs(bench: Bench, size: str, key: str, cores: int) -> list[float]:
    """What the loop takes for a further run over what the workflow takes, round by round."""
    loop, ours = further_run(bench, size, "loop", key), further_run(bench, size, "workflow", key, cores)
    return [theirs / own for theirs, own in zip(loop, ours, strict=False)]


def aims(bench: Bench, cores: int = 2) -> list[Aim]:
    """All that is aimed at, of what was measured; the sceptic's opponent first."""
    small, large = (case_of(size, "int16", 1) for size in ("4mm", "2mm"))
    found = []
    for size, processor, wall in (("4mm", (1.3, 2), 2.5), ("2mm", (6, 8), None)):
        name = f"{size[0]} mm, a further run"
        # With one core, as the loop has, and with several, where runs beside each other share caches and memory.
        for number in numbers_of_cores(bench):
            cpu = ratios_of_further_runs(bench, size, "cpu", number)
            found.append(Aim(f"{name}, processor time, (e) on 1 core / (d) on {number}", cpu, *processor))
        if wall:
            walls = ratios_of_further_runs(bench, size, "wall", cores)
            found.append(Aim(f"{name}, wall, (e) on 1 core / (d) on {cores}", walls, wall))
    for key, imports, least in (("cpu", "with imports", (10, 3.5)), ("work_cpu", "without imports", (20, 2))):
        for letter, way, bound in zip("ab", ("nilearn", "nilearn_best"), least, strict=True):
            what = f"4 mm, the three steps, processor time {imports}, ({letter}) / (c)"
            found.append(Aim(what, bench.ratios(small, way, "steps", key), bound))
    for letter, way, bound in (("a", "nilearn", 25), ("b", "nilearn_best", 3)):
        what = f"2 mm, the three steps, processor time without imports, ({letter}) / (c)"
        found.append(Aim(what, bench.ratios(large, way, "steps", "work_cpu"), bound))
    for size, least in (("4mm", 3.5), ("2mm", 3)):
        example, single = example_case(size), workflow_case(size, 1, cores)
        walls = bench.ratios(example, "example", "workflow", "wall", below_case=single)
        found.append(
            Aim(f"{size[0]} mm, whole workflow, 1 run, wall, the example script / (d) on {cores}", walls, least)
        )
    found.append(
        Aim(
            "2 mm, peak memory of (c), MB",
            bench.values(large, "steps", "peak"),
            MEMORY_BEFORE,
            at_most=True,
            digits=".0f",
        )
    )
    found.append(Aim("2 mm, peak memory, (a) / (c)", bench.ratios(large, "nilearn", "steps", "peak"), 8))
    found.append(Aim("4 mm, peak memory, (a) / (c)", bench.ratios(small, "nilearn", "steps", "peak"), 2))
    for n_seeds in (8, 64):
        many = bench.ratios(case_of("4mm", "int16", n_seeds), "steps", "steps", "work_cpu", below_case=small)
        found.append(Aim(f"4 mm, {n_seeds} seeds / 1 seed, processor time", many, 1.5, at_most=True))
    for floor in ("floor_of_libraries", "floor_of_parts"):
        for case in (large, small):
            over = bench.ratios(case, "steps", floor, "work_cpu")
            found.append(Aim(f"{case[0]} mm, (c) / {LABELS[floor]}", over, 1.5, at_most=True))
    for m in bench.measured:
        # Given integers, nilearn's own seed is cut to integers: shown, and no aim.
        if m.get("parity") and not (m["way"].endswith("as it is") and "int16" in m["case"]):
            what = f"largest difference in r, {m['case']}, {m['way']}"
            found.append(Aim(what, [m["largest"]], 1e-5, at_most=True, digits=".1e"))
    return [aim for aim in found if aim.values]


def reach(bench: Bench) -> list[str]:
    """What was aimed at and what was measured."""
    return markdown(["what", "aim", "measured", "reached"], [aim.cells() for aim in aims(bench)])
