"""Write what is known of every score into docs/choose-the-scores.md, from the facts beside the metrics."""

from __future__ import annotations

from pathlib import Path

from metrics.metric_facts import MetricFacts
from metrics.registry import FACTS

PAGE = Path(__file__).with_name("choose-the-scores.md")
BEGIN, END = "<!-- scores -->\n", "<!-- end of scores -->\n"


def tables() -> str:
    """One table a family, in the order in which scores are registered."""
    return "".join(f"\n### Of family `{family}`\n\n{_table(family)}\n" for family in dict.fromkeys(_families()))


def _families() -> list[str]:
    return [facts.family for facts in FACTS.values()]


def _table(family: str) -> str:
    rows = "".join(_row(facts) for facts in FACTS.values() if facts.family == family)
    return f"| Score | Better | How it is computed | Blind to | Defined by |\n|---|---|---|---|---|\n{rows}"


def _row(facts: MetricFacts) -> str:
    unit = f", in {facts.unit}" if facts.unit else ""
    lowest, highest = ("" if bound is None else f"{bound:g}" for bound in facts.range)
    between = f" {lowest} to {highest}" if lowest and highest else f" from {lowest}" if lowest else ""
    cells = (
        f"`{facts.name}`: {facts.meaning}",
        f"{facts.better}{unit}{';' if between else ''}{between}; ±{facts.negligible:g} is negligible",
        facts.convention,
        facts.blind_to,
        facts.citation,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def written(page: str) -> str:
    """The page with the tables as they are now."""
    before, _, rest = page.partition(BEGIN)
    return before + BEGIN + tables() + "\n" + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
