"""Every interval of a score in a run folder, computed again from the table of scores.

    python rederive_scores.py RUN

Needs numpy, scipy and something that reads parquet (pandas), nothing of bakeoff. Reads RUN/run.json and
RUN/tables/quality.parquet, and compares with RUN/comparison.json: exit code 1 where a digit differs. A score of a whole
set (psnr_pooled), of which the table has no value but contributions, is passed over and named.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from rederive_intervals import bootstrap_interval, digits, t_interval


def by_scene(values, scenes):
    """Means over scenes, in order of first appearance; crops of one scene are one replicate."""
    return np.array([values[scenes == scene].mean() for scene in dict.fromkeys(scenes)])


def score_series(run):
    """(device, candidate, quantity) → candidate − baseline of each replicate; the candidate's own scores by scene; and
    of every image in both its difference (infinite where one is identical to its reference) and its group.
    """
    manifest = json.loads((run / "run.json").read_text(encoding="utf-8"))
    path, found = run / "tables" / "quality.parquet", {}
    scores = pd.read_parquet(path) if path.exists() else pd.DataFrame(columns=["device", "quantity"])
    baseline, crops = manifest["arms"][0]["name"], manifest["experiment"]["data"]["scene_separator"] is not None
    for (device, quantity), rows in scores.groupby(["device", "quantity"]):
        if "contribution" in rows and rows["contribution"].notna().any():
            print(device, quantity, "is of a whole set, and not computed again here", sep="  ")
            continue
        table = rows.pivot(index="item", columns="arm", values="value").astype(float).sort_index()
        scene = rows.drop_duplicates("item").set_index("item")["scene"].astype(str).reindex(table.index).to_numpy()
        for arm in manifest["arms"][1:]:
            if not {arm["name"], baseline} <= set(table.columns):
                continue
            before, after = table[baseline].to_numpy(), table[arm["name"]].to_numpy()
            with np.errstate(invalid="ignore"):
                d = np.where(before == after, 0.0, after - before)  # also where both are infinite
            finite, lost = np.isfinite(d), np.inf if quantity.startswith("lpips") else -np.inf
            d = np.where(np.isnan(after) & ~np.isnan(before), lost, d)  # a missing value is the worst there is
            d = np.where(np.isnan(before) & ~np.isnan(after), -lost, d)
            known = ~np.isnan(d)
            own = by_scene(after[np.isfinite(after)], scene[np.isfinite(after)])
            each = by_scene(d[finite], scene[finite]) if crops else d[finite]
            groups = scene[known] if crops else np.arange(known.sum())
            found[device, arm["name"], quantity] = each, own, d[known], groups
    return found


def main():
    run = Path(sys.argv[1])
    comparison = json.loads((run / "comparison.json").read_text(encoding="utf-8"))
    seed, of_all = json.loads((run / "run.json").read_text(encoding="utf-8"))["seed"], score_series(run)
    count, differ = 0, 0
    for device in comparison["devices"]:
        for one in device["contrasts"]:
            place = device["device"], one["candidate"], one["quantity"]
            if place not in of_all or not one["effect"].get("interval"):
                continue
            d = of_all[place][0]
            for name, ends in (("interval", t_interval(d)), ("robust_interval", bootstrap_interval(d, seed, *place))):
                said = one["effect"][name]
                before = None if said is None else digits((one["effect"]["estimate"] + 0.0, said["low"], said["high"]))
                again = None if ends is None else digits((d.mean() + 0.0, *ends))
                count, differ = count + 1, differ + (again != before)
                print(*place, name, again, "" if again == before else f"but comparison.json has {before}", sep="  ")
    print(f"{count} intervals, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
