"""What a latency's interval counts: launches, fresh processes of every arm with some pairs in each. Used by the other
scripts beside it; needs numpy.
"""

import numpy as np


def launch_sizes(measure):
    """Pairs in each launch: one for every three pairs, and at least six, where the experiment says nothing."""
    pairs, asked = measure["pairs"], measure.get("launches")
    count = min(pairs, max(min(pairs, 6), round(pairs / 3)) if asked is None else asked)
    least, larger = divmod(pairs, count)
    return [least + 1] * larger + [least] * (count - larger)


def first_looks(measure, by_launch):
    """After how many launches, or pairs, latency was first looked at; None where their number was fixed."""
    if measure["design"] != "sequential" or measure["min_pairs"] >= measure["pairs"]:
        return None
    if not by_launch:
        return measure["min_pairs"]
    sizes = launch_sizes(measure)
    enough = int(np.searchsorted(np.cumsum(sizes), measure["min_pairs"])) + 1
    return max(enough, 5) if max(enough, 5) < len(sizes) else None


def launches_of(records):
    """(pair, session of the runner) → launch; a runner that was restarted in the middle of one began another."""
    found = {}
    for one in records:
        if one["record"] == "latency_block" and one.get("launch") is not None:
            found[one["pair"], one["session"]] = one["session"], one["launch"]
    return found


class Launches:
    """Values of pairs or blocks in time order, and the launch of each."""

    def __init__(self, values, labels):
        self.values, self.labels = values, labels
        begun = list(dict.fromkeys(labels))
        self.places = np.array([begun.index(label) for label in labels], dtype=int)
        self.means = np.array([values[self.places == place].mean() for place in range(len(begun))])

    def weigh(self, means):
        """How many independent launches the first of them count as: fewer where neighbouring ratios resemble each other
        (Moran's test at 10 %, one-sided) and where they are skewed.
        """
        count, sd = means.size, means.std(ddof=1) if means.size > 1 else 0.0
        d = self.values[self.places < count]
        if count < 2 or sd <= 1e-12 * np.abs(means).max() or d.size < 8:
            return count
        wider = 1.0
        if neighbours(d) + 1 / d.size > 1.2815515655446004 * (d.size - 2) / (d.size * np.sqrt(d.size - 1)):
            of_pairs = d.std(ddof=1) * np.sqrt(inflation(d) / d.size) / (sd / np.sqrt(count))
            wider = max(1.0, np.sqrt(inflation(means)), of_pairs)
        centred = d - d.mean()
        skewness = (centred**3).mean() / d.std() ** 3
        wider *= 1 + max(0.0, abs(skewness) - 0.5 * np.sqrt(30 / d.size)) / np.sqrt(d.size)
        return max(count / wider**2, 2.0)

    weigh.widens = True  # the anytime interval has as many launches, of a spread that is so much wider

    def spread(self):
        """Standard deviation of the launches' own means beyond what their pairs make (analysis of variance)."""
        sizes = np.bincount(self.places)
        groups, n = sizes.size, self.values.size
        if groups < 2 or n == groups:
            return None
        within = ((self.values - self.means[self.places]) ** 2).sum() / (n - groups)
        between = (sizes * (self.means - self.values.mean()) ** 2).sum() / (groups - 1)
        return np.sqrt(max(0.0, (between - within) / ((n - (sizes**2).sum() / n) / (groups - 1))))

    def within(self):
        """Standard deviation of pairs within a launch."""
        left = self.values - self.means[self.places]
        return np.sqrt((left**2).sum() / (left.size - self.means.size))


def neighbours(values):
    """Lag-1 autocorrelation."""
    centred = values - values.mean()
    square = np.dot(centred, centred)
    return np.dot(centred[1:], centred[:-1]) / square if square > 0 else 0.0


def inflation(values):
    """(1 + r)/(1 − r), r freed of its bias (Kendall 1954)."""
    r, n = neighbours(values), values.size
    alike = np.clip(r + (1 + 3 * r) / n, 0.0, 0.95)
    return (1 + alike) / (1 - alike)
