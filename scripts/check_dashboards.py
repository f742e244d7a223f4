"""Checks the dashboards of monitoring/grafana against the types of Grafana's own schema (npm's @grafana/schema).

    python scripts/check_dashboards.py [FOLDER]

FOLDER is where npm installs it and TypeScript (kept for the next time; default: a folder in the cache of this user).
Without node and npm nothing is checked, and that is said. The types say that Grafana reads the JSON; what it draws is
another matter.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

DASHBOARDS = Path(__file__).parents[1] / "monitoring" / "grafana" / "dashboards"
PACKAGES = ("@grafana/schema@13", "typescript@7")
# Panels whose own options have types: the panel's type → its folder in the schema and its name there.
PANELS = {
    "timeseries": ("timeseries", "TimeSeriesPanelCfg"),
    "state-timeline": ("statetimeline", "StateTimelinePanelCfg"),
    "stat": ("stat", "StatPanelCfg"),
    "table": ("table", "TablePanelCfg"),
}
# An enumeration's values are names in TypeScript and texts in JSON.
PLAIN = """
type Plain<T> = T extends string ? (string extends T ? string : `${T}`)
  : T extends number | boolean | null | undefined ? T
  : T extends (infer U)[] ? Plain<U>[]
  : T extends object ? { [K in keyof T]: Plain<T[K]> } : T;
"""


def typescript_of(dashboard: dict[str, object]) -> str:
    """A program that only says: this JSON is of these types."""
    parts = ["import type { Dashboard } from '@grafana/schema';"]
    for kind, (folder, name) in PANELS.items():
        place = f"@grafana/schema/dist/esm/raw/composable/{folder}/panelcfg/x/{name}_types.gen"
        parts.append(f"import type {{ Options as {kind.replace('-', '_')} }} from '{place}';")
    parts += [PLAIN, f"export const dashboard: Plain<Dashboard> = {json.dumps(dashboard, indent=1)};"]
    panels = dashboard["panels"]
    assert isinstance(panels, list)
    for panel in panels:
        if panel["type"] in PANELS:
            kind = panel["type"].replace("-", "_")
            options = json.dumps(panel["options"], indent=1)
            parts.append(f"export const panel{panel['id']}: Partial<Plain<{kind}>> = {options};")
    return "\n".join(parts)


def main(folder: Path) -> int:
    """0 where all is well or nothing could be checked, 1 where a dashboard is not of the types."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        print("dashboards: NOT CHECKED: node and npm are needed (Debian: apt install nodejs npm)")
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    compiler = folder / "node_modules" / ".bin" / "tsc"
    if not compiler.exists() or not (folder / "node_modules" / "@grafana" / "schema").is_dir():
        (folder / "package.json").write_text('{"private": true, "type": "module"}\n')
        install = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock", *PACKAGES]
        done = subprocess.run(install, cwd=folder, check=False)
        if done.returncode != 0:
            print(f"dashboards: NOT CHECKED: npm could not install {' and '.join(PACKAGES)}")
            return 0
    names = []
    for path in sorted(DASHBOARDS.glob("*.json")):
        names.append(f"{path.stem}.ts")
        (folder / names[-1]).write_text(typescript_of(json.loads(path.read_text(encoding="utf-8"))), encoding="utf-8")
    options = ["--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"]
    done = subprocess.run([str(compiler), *options, *names], cwd=folder, check=False)
    print(f"dashboards: {', '.join(names)}: {'as Grafana types them' if done.returncode == 0 else 'NOT of its types'}")
    return 0 if done.returncode == 0 else 1


if __name__ == "__main__":
    given = Path(sys.argv[1]) if len(sys.argv) > 1 else Path.home() / ".cache" / "bakeoff-tests" / "grafana-schema"
    sys.exit(main(given))
