"""What else a report says with uncertainty, computed again: p-values, smallest detectable changes, bounds in sentences,
shares of worse images, and what remains after Holm's correction.

    python rederive_sentences.py RUN

Needs what rederive_intervals.py and rederive_scores.py beside it need, and reads what they read; exit code 1 where
RUN/comparison.json says something else.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from rederive_intervals import (
    LATENCY,
    OF_CYCLES,
    PRIOR_SD,
    anytime_half_width,
    anytime_interval,
    effective_n,
    effective_n_at_a_look,
    look_at,
    seed_of,
    series,
    t_interval,
    valid_looks,
)
from rederive_scores import score_series
from rederive_tails import TAILS
from scipy.special import betainc, betaincinv, stdtr, stdtrit
from scipy.stats import permutation_test

UNITS = {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9, "B": 1.0, "bytes": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9}
UNITS |= {
    "KiB": 2**10,
    "MiB": 2**20,
    "uJ": 1e-3,
    "mJ": 1.0,
    "J": 1e3,
    "mW": 1.0,
    "W": 1e3,
    "dB": 1.0,
    "": 1.0,
    "%": 0.01,
    "points": 1.0,
    "point": 1.0,
}


def amount(text):
    """`5 %` as 0.05, `40 MB` as 4e7."""
    number, unit = re.fullmatch(r"\s*([\d.eE+-]+)\s*(\S*)\s*", str(text)).groups()
    return float(number) * UNITS[unit]


class Known:
    """Values of a quantity, and how their mean is judged: by t, or by every look since `first_look`."""

    def __init__(self, values, first_look=None, weigh=len, weigh_at_a_look=len):
        self.values, self.first_look, self.weigh = values, first_look, weigh_at_a_look if first_look else weigh
        spread = values.std(ddof=1) if values.size > 1 else np.nan
        self.sd = 0.0 if spread <= 1e-12 * np.abs(values).max() else spread
        self.n = self.weigh(values)

    def interval(self, level):
        if self.first_look:
            return anytime_interval(self.values, self.first_look, self.weigh, level)
        return t_interval(self.values, self.n, level)

    def p_at_most(self, bound, side=1):
        """One-sided: that the true mean is at most `bound`; at least, with side −1."""
        if self.values.size < 2:
            return 1.0
        mean, freedom = self.values.mean(), max(min(self.values.size - 1, self.n), 1)
        if self.sd == 0.0:
            return 1.0 if side * (mean - bound) <= 1e-12 * max(1.0, abs(bound)) else 0.0
        if not self.first_look:
            return stdtr(freedom, -side * (mean - bound) / (self.sd / np.sqrt(self.n)))
        factors = [1.0]
        for at, sd, n in valid_looks(self.values, self.first_look, self.weigh):
            if n > 1 and side * (at - bound) > 0:
                square, spread = (at - bound) ** 2 / (sd**2 / n) / (n - 1), 1 + n * PRIOR_SD**2
                factors.append(((1 + square) / (1 + square / spread)) ** (n / 2) / np.sqrt(spread))
        return 1 / (2 * max(factors) - 1)

    def p_of_no_difference(self, *name):
        """By sign flips; after looking on the way, by the looks. None where there are too few."""
        d = self.values
        if self.first_look:
            return min(1.0, 2 * min(self.p_at_most(0.0), self.p_at_most(0.0, -1)))
        if d.size < 6:
            return None
        if not d.any():
            return 1.0
        random = np.random.default_rng(seed_of(*name))
        kind = {"permutation_type": "samples", "vectorized": True, "n_resamples": 9999, "batch": 500}
        return min(permutation_test((d,), lambda x, axis: np.mean(x, axis=axis), rng=random, **kind).pvalue, 1.0)

    def detectable(self):
        """(t.975 + t.80)·s/√n, found 4 times in 5; after looking with the half-width of the last look for t.975."""
        error, freedom = self.sd / np.sqrt(self.n), max(min(self.values.size - 1, self.n), 1)
        critical = stdtrit(freedom, 0.975) * error
        if self.first_look:
            _, sd, n = look_at(self.values, self.weigh)
            critical = anytime_half_width(n, sd, 0.95)
        found = critical + stdtrit(freedom, 0.80) * error
        return found if np.isfinite(found) else None


class KnownTail(Known):
    """The same of a 99th percentile, or of a share of stalled inferences, as rederive_tails.py has it."""

    def __init__(self, tail):
        self.tail, self.values, self.first_look = tail, np.full(tail.count, tail.value), tail.looked_at
        self.sd, self.n = tail.sd, tail.n

    def interval(self, level):
        return self.tail.interval(level)

    def p_at_most(self, bound, side=1):
        return self.tail.p_at_most(bound, side)

    def detectable(self):
        error, freedom = self.sd / np.sqrt(self.n), max(min(self.values.size - 1, self.n), 1)
        critical = stdtrit(freedom, 0.975) * error
        if self.first_look:
            critical = anytime_half_width(self.n, self.sd, 0.95)
        found = critical + stdtrit(freedom, 0.80) * error
        return found if np.isfinite(found) else None

    def p_of_no_difference(self, *name):
        if self.tail.differences is not None and not self.first_look:
            return Known(self.tail.differences).p_of_no_difference(*name)
        return min(1.0, 2 * min(self.p_at_most(0.0), self.p_at_most(0.0, -1)))


def holm(p_values):
    """Step-down: the smallest times their number, the next times one less, never falling."""
    order, adjusted, largest = np.argsort(p_values, kind="stable"), np.ones(len(p_values)), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, (len(p_values) - rank) * p_values[index])
        adjusted[index] = min(1.0, largest)
    return adjusted


def tail(differences, groups, margin, turn):
    """(images worse by more than the margin, images; groups with one such, groups of which all are such, groups)."""
    worse = turn * differences < -margin * (1 + 1e-9) - 1e-12
    of_groups = [worse[groups == one] for one in dict.fromkeys(groups)]
    some, whole = sum(one.any() for one in of_groups), sum(one.all() for one in of_groups)
    return worse.sum(), worse.size, some, whole, len(of_groups)


def share_at_most(count, n):
    """Clopper-Pearson, one-sided 95 %."""
    return 1.0 if count >= n else betaincinv(count + 1, n - count, 0.95)


def across(effects, variances):
    """Random effects, every device alike: the interval of their mean, and of one more device."""
    k, mean, own, seen = effects.size, effects.mean(), variances.mean(), effects.var(ddof=1)
    tau, variance = max(seen - own, 0.0), max(seen, own) / k
    half, beyond = stdtrit(k - 1, 0.975) * np.sqrt(variance), stdtrit(k - 2, 0.975) * np.sqrt(tau + variance)
    return np.exp([mean - half, mean + half]), np.exp([mean - beyond, mean + beyond])


# --- numbers in sentences ---------------------------------------------------------------------------------------------


def rounded(number, like, upward=None):
    """As many decimals as `like` has (nine digits are enough): a bound up, what is at least down, others nearest."""
    if abs(number - float(like)) <= 1e-9 * abs(number):
        return like
    places = len(like.partition(".")[2])
    if upward is not None:
        number *= 10.0**places
        number = (np.ceil(number - 1e-9) if upward else np.floor(number + 1e-9)) / 10.0**places
    return f"{number + 0.0:.{places}f}"


SIZES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}


def as_factor(ratio, like, upward=None):
    """A ratio as `like` tells it: `2.4`, `6.4 million`, `1/230`, to two significant digits where that is what it has;
    the text itself where it is words alone.
    """
    part, like = like.startswith("1/"), like.removeprefix("1/").replace(",", "")
    said = re.match(r"([\d.]+)(?: (\w+illion|thousand))?", like)
    if not said:
        return like
    number = (1 / ratio if part else ratio) / SIZES.get(said[2], 1.0)
    again = rounded(number, said[1], upward)
    if again != said[1] and len(said[1]) > 2:
        step = 10.0 ** (np.floor(np.log10(number)) - 1)
        coarse = np.floor(number / step + 1e-9) * step if upward is False else float(f"{number:.1e}")
        again = said[1] if np.isclose(coarse, float(said[1]), rtol=1e-9) else again
    return again


def is_factor(text):
    return "times as" in text or text.startswith(("1/", "less than a millionth"))


def bare(text):
    """Without thousands' commas, as `as_factor` gives it."""
    said = re.match(r"(?:1/)?([\d.,]+)", text)
    return said[1].replace(",", "") if said else text


def ends_in(text, ends, is_ratio):
    """What stands in `(between … and …)`: the ends of the 95 % interval, without their signs."""
    found = re.search(r"\(between ([^()]+?) and ([^()]+)\)", text)
    if not found:
        return
    if is_factor(text.partition(" (between")[0].rpartition(" is ")[2]) or any(map(is_factor, found.groups())):
        alone = not any(map(is_factor, found.groups()))  # both in the words before the bracket
        for said, end in zip(found.groups(), ends):
            if alone or is_factor(said):
                yield "between", bare(said), as_factor(end, said)
            elif re.match(r"[\d.]+ %", said):
                yield "between", said.partition(" %")[0], rounded(100 * abs(end - 1), said.partition(" %")[0])
        return
    numbers = [re.match(r"[\d.]+", each) for each in found.groups()]
    if all(numbers):
        said = sorted((each[0] for each in numbers), key=float)
        shown = sorted(100 * abs(end - 1) if is_ratio else abs(end) for end in ends)
        yield "between", said, [rounded(*each) for each in zip(shown, said)]


def speed_in(text, known):
    """How many times the speed, beside `N % faster`: one over the ratio of the times."""
    found = re.search(r"% faster(?: \([^)]*\))?, ([\d.]+) times the speed", text)
    if found:
        yield "times the speed", found[1], rounded(np.exp(-known.values.mean()), found[1])


def losses(known, is_ratio, turn):
    """As a loss that people see: (at least, at most), each a one-sided 95 % bound."""
    low, high = known.interval(0.90)
    if not is_ratio:
        return (-high, -low) if turn > 0 else (low, high)
    return 100 * (np.exp(low) - 1), 100 * (np.exp(high) - 1)


def of_contrast(one, known, is_ratio, turn):
    shown = [np.exp(end) if is_ratio else end for end in known.interval(0.95)]
    yield from ends_in(one["words"], shown, is_ratio)
    yield from speed_in(one["words"], known)
    least, most = losses(known, is_ratio, turn)
    said = re.match(r"(no difference larger than|not worse by more than) ([\d.]+)", one["words"])
    if said:
        size = max(abs(least), abs(most)) if said[1].startswith("no ") else max(most, 0.0)
        yield said[1], said[2], rounded(size, said[2], upward=True)


def of_reason(reason, rule, known, is_ratio, turn, scores):
    if known is not None and not (rule["at_most"] or rule["at_least"]):
        shown = [np.exp(end) if is_ratio else end for end in known.interval(0.95)]
        yield from ends_in(reason, shown, is_ratio)
        yield from speed_in(reason, known)
        least, most = losses(known, is_ratio, turn)
        for pattern, size, upward in (
            (r"at worst ([\d.]+)", most, True),
            (r" is at least ([\d.]+) .*beyond the agreed", least, False),
        ):
            said = re.search(pattern, reason)
            if said:
                name, factor = pattern.partition(" (")[0].strip(), re.search(r"is at least (.+?) times as", reason)
                if factor and not upward:
                    yield name, bare(factor[1]), as_factor(1 + size / 100, factor[1], upward)
                else:
                    yield name, said[1], rounded(size, said[1], upward)
    said = re.search(r"proves (?:only )?a share of at most ([\d.]+) %", reason)
    if said:
        _, _, some, _, groups = tail(*scores, amount(rule["item_margin"]), turn)
        yield "a share of at most", said[1], rounded(100 * share_at_most(some, groups), said[1], upward=True)


def p_broken(rule, known, own, is_ratio, turn, scores):
    """The p-value behind "broken", of whichever part of the rule has the smaller one."""
    parts = [1.0]
    if rule["at_most"] or rule["at_least"]:
        side = 1 if rule["at_most"] else -1
        bound = amount(rule["at_most"] or rule["at_least"]) * (100 if rule["quantity"] == "latency_stalls" else 1)
        if own is not None:
            parts.append(2 * own.p_at_most(np.log(bound) if is_ratio else bound, side))
    elif known is not None:
        agreed = rule["no_worse_than"]
        size = amount(agreed or rule["improve_by_at_least"]) * (-1 if agreed else 1)  # a gain
        bound = np.log1p(-size) if is_ratio else turn * size
        parts.append(known.p_at_most(bound, -turn) * (1 if agreed else 2))
    if rule["item_margin"] and rule["worst_share"] and scores is not None:
        _, _, _, whole, groups = tail(*scores, amount(rule["item_margin"]), turn)
        parts.append(betainc(whole, groups - whole + 1, amount(rule["worst_share"])) if whole else 1.0)
    return min(parts)


# --- the run ----------------------------------------------------------------------------------------------------------


class Run:
    """Everything that is known of it."""

    def __init__(self, run):
        self.manifest = json.loads((run / "run.json").read_text(encoding="utf-8"))
        self.comparison = json.loads((run / "comparison.json").read_text(encoding="utf-8"))
        self.rules, self.seed = self.manifest["experiment"]["rules"], self.manifest["seed"]
        self.known, self.own, self.scores, self.contrasts = {}, {}, {}, {}
        of_all, looks = series(run)
        for place, (differences, own, weigh) in of_all.items():
            if place[2] in TAILS:
                self.known[place] = KnownTail(differences) if differences is not None else None
                self.own[place] = KnownTail(own) if own is not None else None
                continue
            look = looks.get(place[2])
            alike = (effective_n, effective_n_at_a_look) if place[2] in {*LATENCY, *OF_CYCLES} else (len, len)
            self.known[place] = Known(differences, look, weigh, weigh) if differences.size else None
            self.own[place] = Known(own, look, *alike) if own.size > 1 else None
        for place, (differences, own, *images) in score_series(run).items():
            self.known[place] = Known(differences) if differences.size else None
            self.own[place], self.scores[place] = Known(own) if own.size > 1 else None, images
        for device in self.comparison["devices"]:
            for one in device["contrasts"]:
                place = device["device"], one["candidate"], one["quantity"]
                self.contrasts[place] = one
                if "estimate" not in one["effect"]:  # why not, its reason says
                    self.known[place] = None
                if one["candidate_value"]["kind"] != "available":
                    self.own[place] = None

    def parts(self, place):
        """What is known, whether as a ratio, and the sign of better."""
        is_ratio = place not in self.scores and place[2] != "latency_stalls"
        turn = -1 if is_ratio or place not in self.scores or place[2].startswith("lpips") else 1
        return self.known.get(place), is_ratio, turn

    def of_contrasts(self):
        for place, one in self.contrasts.items():
            known, is_ratio, turn = self.parts(place)
            if known is None or known.values.size < 2:
                continue
            least = known.detectable()
            least = np.expm1(least) if is_ratio and least is not None else least
            ours = {"sd": known.sd, "minimum_detectable": least}
            ours["p_value"] = known.p_of_no_difference(self.seed, *place)
            margins = [
                amount(each["item_margin"])
                for each in self.rules
                if each["item_margin"] and each["quantity"] == place[2]
            ]
            if margins and place in self.scores:
                count, n, some, _, groups = tail(*self.scores[place], min(margins), turn)
                ours |= {"share_worse": count / n, "share_worse_upper": share_at_most(some, groups)}
            for name, number in ours.items():
                yield (
                    (*place, name),
                    *(None if each is None else f"{each:.9g}" for each in (one["effect"][name], number)),
                )
            if np.isfinite(known.interval(0.90)).all() and np.isfinite(known.interval(0.95)).all():
                for name, before, again in of_contrast(one, known, is_ratio, turn):
                    yield (*place, name), before, again

    def of_rules(self):
        results = [
            (device["device"], candidate, rule, result["reason"])
            for device in self.comparison["devices"]
            for candidate in (arm["name"] for arm in self.manifest["arms"][1:])
            for rule, result in zip(self.rules, [one for one in device["rules"] if one["candidate"] == candidate])
        ]
        for candidate, rule, device, reason in ((two, three, one, four) for one, two, three, four in results):
            place = device, candidate, rule["quantity"]
            known, is_ratio, turn = self.parts(place)
            if known is not None and (known.values.size < 2 or not np.isfinite(known.interval(0.95)).all()):
                known = None
            for name, before, again in of_reason(reason, rule, known, is_ratio, turn, self.scores.get(place)):
                yield (*place, name), before, again
            said = re.search(r"\(p = ([\d.]+) after Holm\)", reason)
            if said:
                devices = [one["device"] for one in self.comparison["devices"]]
                p_values = []
                for each in devices:
                    at = each, candidate, rule["quantity"]
                    known, is_ratio, turn = self.parts(at)
                    p_values.append(p_broken(rule, known, self.own.get(at), is_ratio, turn, self.scores.get(at)))
                yield (*place, "p after Holm"), said[1], f"{holm(p_values)[devices.index(device)]:.2f}"

    def of_verdicts(self):
        """Which quantities without a rule are named as worse: by the p-values of their intervals, after Holm."""
        ruled = {rule["quantity"] for rule in self.rules}
        for verdict in self.comparison["verdicts"]:
            places = [at for at in self.contrasts if at[1] == verdict["candidate"] and at[2] not in ruled]
            counted = [at for at in places if self.contrasts[at]["effect"].get("replicate") == "file"]
            tested = [at for at in places if at not in counted]
            p_values = [self.p_worse(at) for at in tested]
            named = {at for at, p in zip(tested, holm(p_values)) if p <= 0.05} | set(counted) | set(self.slow(places))
            named = [self.contrasts[at]["words"] for at in named if self.contrasts[at]["outcome"] == "worse"]
            said = [one for one in verdict["reasons"] if "o rule asks about it, but" in one]
            said = [next((words for words in named if f"is {words}." in one), one) for one in said]
            yield (verdict["candidate"], "worse though no rule asks"), sorted(said), sorted(named)

    def slow(self, places):
        """Which quantities of single slow inferences the verdict's own sentence may name: after Holm over these alone,
        beyond half a point, or beyond 2 % and what was agreed for a latency.
        """
        tails = [at for at in places if at[2] in ("latency_p90", *TAILS)]
        agreed = [
            amount(one["no_worse_than"])
            for one in self.rules
            if one["no_worse_than"] and one["quantity"] in (*LATENCY, "latency_p99")
        ]
        for at, p in zip(tails, holm([self.p_worse(at) for at in tails])):
            size = self.contrasts[at]["effect"].get("estimate")
            if p <= 0.05 and (size > 0.5 if at[2] == "latency_stalls" else size - 1 > max([0.02, *agreed])):
                yield at

    def of_all_devices(self):
        """Of the quantities that rules ask about, in their order."""
        asked = dict.fromkeys(rule["quantity"] for rule in self.rules)
        for verdict in self.comparison["verdicts"]:
            said = [one for one in verdict["reasons"] if re.match(r"Across \d+ devices ", one)]
            for quantity in asked:
                places = [at for at in self.contrasts if at[1:] == (verdict["candidate"], quantity)]
                known = [self.known.get(at) for at in places if at not in self.scores]
                known = [one for one in known if one is not None and one.values.size > 1]
                if len(known) < 4 or min(one.sd for one in known) == 0:
                    continue
                ends, another = across(*np.array([(one.values.mean(), one.sd**2 / one.values.size) for one in known]).T)
                mean, _, beyond = said.pop(0).partition("; one more device")
                for name, before, again in ends_in(mean, ends, is_ratio=True):
                    yield (verdict["candidate"], quantity, "across devices", name), before, again
                for before, end in zip(re.search(r"between (.+?) and (.+?), 19 times", beyond).groups(), another):
                    number = as_factor(end, before) if is_factor(before) else None
                    if number is None and "%" in before:
                        number = rounded(100 * abs(end - 1), bare(before))
                    if number is not None:
                        yield (verdict["candidate"], quantity, "one more device"), bare(before), number

    def p_worse(self, place):
        known, _, _ = self.parts(place)
        if known is None or known.values.size < 2 or self.contrasts[place]["outcome"] != "worse":
            return 1.0
        return min(1.0, 2 * min(known.p_at_most(0.0), known.p_at_most(0.0, -1)))


def main():
    run = Run(Path(sys.argv[1]))
    count, differ = 0, 0
    for place, before, again in (*run.of_contrasts(), *run.of_rules(), *run.of_verdicts(), *run.of_all_devices()):
        count, differ = count + 1, differ + (again != before)
        print(*place, again, "" if again == before else f"but comparison.json has {before}", sep="  ")
    print(f"{count} numbers, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
