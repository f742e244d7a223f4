"""The 99th percentile of pooled inferences and the share of stalled ones, computed again; rederive_intervals.py looks
in here.

Needs numpy and scipy, nothing of bakeoff. Both rest on shares of inferences beyond a bound, whose mean over launches
(or pairs) is tested: the interval of the percentile holds the values that this test leaves.
"""

import numpy as np
from scipy.special import stdtr, stdtrit

TAILS = ("latency_p99", "latency_stalls")
STALLED = 2.0  # times the median of the inference's own block
LEVEL, FEWEST, FEWEST_IN_A_BLOCK = 0.99, 500, 5
PRIOR_SD = 1.5  # of the standardised effect, in the anytime-valid interval


class Stage:
    """Mean, standard deviation and (effective) number of replicates by a look."""

    def __init__(self, values, unseen, alike=None, least=0.0):
        n = values.size
        centred = values - values.mean()
        self.mean, self.count = values.mean(), n
        self.sd = np.sqrt(max(centred @ centred / (n - 1), least) + unseen / (n - 1))
        self.n = float(n)
        if alike is not None:
            square = centred @ centred
            are_equal = square <= 1e-12 * (values @ values)
            r = 0.0 if are_equal else centred[1:] @ centred[:-1] / square
            r = np.clip(r + (1 + 3 * r) / n + alike / np.sqrt(n), 0.0, 0.95 if alike else 0.99)
            self.n = n if alike and are_equal else max(n * (1 - r) / (1 + r), 2.0)

    def half_width(self, level, looked_at):
        if not looked_at:
            freedom = max(min(self.count - 1, self.n), 1)
            return stdtrit(freedom, (1 + level) / 2) * self.sd / np.sqrt(self.n)
        n, spread = self.n, 1 + self.n * PRIOR_SD**2
        allowed = (np.sqrt(spread) * (1 / (1 - level) + 0.5)) ** (2 / n)
        if n <= 1 or allowed >= spread:
            return np.inf
        return np.sqrt((n - 1) * (allowed - 1) / (1 - allowed / spread)) * self.sd / np.sqrt(n)

    def p_at_most_zero(self, side):
        """After a fixed number: one-sided, that the true mean is at most 0 (at least 0, with side −1)."""
        freedom = max(min(self.count - 1, self.n), 1)
        return stdtr(freedom, -side * self.mean / (self.sd / np.sqrt(self.n)))

    def bayes_factor(self, side):
        if side * self.mean <= 0 or self.n <= 1:
            return 1.0
        square, spread = self.mean**2 / (self.sd**2 / self.n) / (self.n - 1), 1 + self.n * PRIOR_SD**2
        return ((1 + square) / (1 + square / spread)) ** (self.n / 2) / np.sqrt(spread)


class Stages:
    """A mean as it stood at every look; a single one where the number of pairs was fixed."""

    def __init__(self, values, unseen, looks, series=False, least=0.0):
        self.looked_at = looks is not None
        alike = None if not series else 0.0 if self.looked_at else 0.3
        self.all = [Stage(values[:n], unseen, alike, least) for n in [*(looks or []), values.size]]
        self.last = self.all[-1]
        low, high = self.interval(0.90)
        if self.looked_at and np.isfinite([low, high]).all() and not low <= self.last.mean <= high:
            self.all = self.all[-1:]

    def interval(self, level):
        widths = [each.half_width(level, self.looked_at) for each in self.all]
        low = max(each.mean - width for each, width in zip(self.all, widths))
        return low, min(each.mean + width for each, width in zip(self.all, widths))

    def p_at_most_zero(self, side=1):
        if not self.looked_at:
            return self.last.p_at_most_zero(side)
        return 1 / (2 * max(1.0, *(each.bayes_factor(side) for each in self.all)) - 1)


class Tail:
    """A value, its interval, and one-sided p-values. `test` gives the stages of what is 0 were a value true; where the
    value is a mean itself, the `differences` it is of are given too.
    """

    def __init__(self, value, test, differences=None):
        self.value, self.test, self.differences, own = value, test, differences, test(value)
        self.looked_at, self.count, self.n = own.looked_at, own.last.count, own.last.n
        self.sd = own.last.sd if differences is not None else self.implied_sd(own.last)

    def implied_sd(self, last):
        """√n times the half-width over the critical value."""
        low, high = self.interval(0.95)
        width = last.half_width(0.95, self.looked_at)
        return (high - low) / 2 / (width / last.sd) if np.isfinite([low, high, width]).all() else None

    def interval(self, level):
        if self.differences is not None:
            low, high = self.test(self.value).interval(level)
            return self.value + low, self.value + high
        return self.end(-1, level), self.end(1, level)

    def end(self, side, level):
        """Outwards from the value, by doubling and then by halving."""

        def is_rejected(distance):
            low, high = self.test(self.value + side * distance).interval(level)
            return np.isfinite([low, high]).all() and (high < 0 if side > 0 else low > 0)

        inside, outside = 0.0, 0.01
        while not is_rejected(outside):
            inside, outside = outside, 2 * outside
            if inside > 100:
                return side * np.inf
        while outside - inside > 1e-12:
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if is_rejected(middle) else (middle, outside)
        return self.value + side * outside

    def p_at_most(self, bound, side=1):
        return self.test(bound).p_at_most_zero(side)


def looks_of(first_look, *arms, least=0):
    """After every pair from `first_look` on, once the arms have `least` inferences each; without the last look."""
    if first_look is None:
        return None
    return [
        n
        for n in range(max(first_look, 2), len(arms[0]))
        if all(sum(block.size for block in arm[:n]) >= least for arm in arms)
    ]


def is_known(quantity, *arms):
    """Whether there is a value: enough inferences, none of which took no time."""
    if not all(arms) or any(block.min() <= 0 for arm in arms for block in arm):
        return False
    if quantity == "latency_p99":
        return min(sum(block.size for block in arm) for arm in arms) >= FEWEST
    return min(block.size for arm in arms for block in arm) >= FEWEST_IN_A_BLOCK


def merged(arm, labels):
    """The blocks of a launch together."""
    return [
        np.concatenate([block for block, own in zip(arm, labels) if own == label]) for label in dict.fromkeys(labels)
    ]


def counts(arm, bound):
    return np.array([np.sum(block > bound) for block in arm], dtype=float)


def sizes(arm):
    return np.array([block.size for block in arm], dtype=float)


def ratio_of_p99(ours, theirs, first_look):
    """ln(candidate / baseline), of the logarithms of blocks."""
    looks, m, k = looks_of(first_look, ours, theirs, least=FEWEST), sizes(ours), sizes(theirs)
    own, other = np.concatenate(ours), np.concatenate(theirs)

    def test(value):
        both = np.sort(np.concatenate([own, other - value]))[::-1]
        n = both.size
        bound = both[n - 1 - int(np.floor((n - 1) * LEVEL))]
        far, near = (int(np.floor(n * min(times * (1 - LEVEL), 1.0))) for times in (3.0, 1 / 3))
        far, near = both[min(far, n - 1)], both[max(near - 1, 0)]
        moved = [block - value for block in theirs]
        shares = [counts(ours, bound).sum() / m.sum(), counts(moved, bound).sum() / k.sum()]
        each = [(counts(ours, bound) - shares[0] * m) / m.mean(), (counts(moved, bound) - shares[1] * k) / k.mean()]
        r = (np.sum((other - value <= near) & (other - value > far)) + 2) / (np.sum((own <= near) & (own > far)) + 2)
        found = [
            Stages(shares[1] - shares[0] + b * each[1] - a * each[0], (a / m.mean()) ** 2 + (b / k.mean()) ** 2, looks)
            for a, b in ((1.0, 1.0), (2 * r / (1 + r), 2 / (1 + r)))
        ]
        return max(found, key=lambda one: one.last.sd)

    return Tail(np.quantile(other, LEVEL) - np.quantile(own, LEVEL), test)


def own_p99(arm, first_look):
    """ln of one arm's own, of the logarithms of blocks."""
    looks, m = looks_of(first_look, arm, least=FEWEST), sizes(arm)
    one = 1 / m.mean()

    def test(value):
        excess = one * (counts(arm, value) - (1 - LEVEL) * m)
        return Stages(excess, one**2, looks, series=True, least=one * LEVEL * (1 - LEVEL))

    return Tail(np.quantile(np.concatenate(arm), LEVEL), test)


def stalled(arm, labels):
    """Per cent of the inferences of each launch; each by the median of its own block."""
    of_blocks = merged([1.0 * (block > STALLED * np.median(block)) for block in arm], labels)
    return 100 * np.array([launch.sum() / launch.size for launch in of_blocks])


def difference_of_stalls(ours, theirs, labels, first_look):
    """Candidate − baseline, in points."""
    d = stalled(theirs, labels) - stalled(ours, labels)
    ours, theirs = merged(ours, labels), merged(theirs, labels)
    looks, unseen = looks_of(first_look, ours), (100 / sizes(ours).mean()) ** 2 + (100 / sizes(theirs).mean()) ** 2
    return Tail(d.mean(), lambda value: Stages(d - value, unseen, looks), d)


def own_stalls(arm, labels, first_look):
    shares, launches = stalled(arm, labels), merged(arm, labels)
    looks, one = looks_of(first_look, launches), 100 / sizes(launches).mean()

    def test(value):
        by_chance = one * value * (100 - value) / 100
        return Stages(shares - value, one**2, looks, series=True, least=by_chance)

    return Tail(shares.mean(), test)


def tails_of(quantity, ours, theirs, alone, labels, first_look):
    """(candidate against baseline, the candidate's own value), None for what is not known; from blocks of times, and
    the launch of each, of both arms and of the candidate alone.
    """
    both, one = None, None
    if is_known(quantity, ours, theirs) and len(set(labels[0])) > 1:
        logs = [[np.log(block) for block in merged(arm, labels[0])] for arm in (ours, theirs)]
        is_p99 = quantity == "latency_p99"
        both = ratio_of_p99(*logs, first_look) if is_p99 else difference_of_stalls(ours, theirs, labels[0], first_look)
        both = both if np.isfinite(both.interval(0.95)).all() or not is_p99 else None
    if is_known(quantity, alone) and len(set(labels[1])) > 1:
        logs = [np.log(block) for block in merged(alone, labels[1])]
        is_p99 = quantity == "latency_p99"
        one = own_p99(logs, first_look) if is_p99 else own_stalls(alone, labels[1], first_look)
    return both, one
