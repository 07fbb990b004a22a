"""Whether two systems differ: paired tests over topics, corrected for how many pairs are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

TESTS = {"fisher": "Fisher's randomization test", "student": "the paired t-test", "tukey": "the randomized Tukey HSD test"}
CORRECTIONS = {"holm": "Holm-corrected", "bonferroni": "Bonferroni-corrected", "none": "uncorrected"}
ALPHA = 0.05
"""A difference is significant if its adjusted p is below this."""
PERMUTATIONS = 100_000
"""Sign patterns of the randomization test, the observed one among them: the smallest p is 1 in 100,000."""
REARRANGEMENTS = 10_000
"""Rearrangements of the randomized Tukey HSD test, the observed one among them."""
RESAMPLES = 10_000
BLOCK = 2**22
"""Numbers in one array of intermediate results: 32 MB."""
WIDTH = 192
"""Columns resampled at a time."""
TIED = 1e-10
"""Two sums count as equal if they differ by less than this fraction of the sum of absolute values."""
SEED = 42


@dataclass(frozen=True)
class Comparison:
    """System ``a`` against system ``b`` by one metric, over the same topics."""

    metric: str
    a: str
    b: str
    mean_a: float
    mean_b: float
    p: float
    """Two-sided."""
    p_adjusted: float
    """``p`` corrected within the family: all pairs compared by this metric."""
    tukey: float
    """p of the randomized Tukey HSD test over all systems, which needs no correction."""
    test: str
    correction: str
    """``tukey`` where ``p`` is ``tukey``."""
    low: float
    """Lower end of the 95 % bootstrap interval of ``delta``."""
    high: float
    effect: float | None
    """Cohen's d of the paired differences: their mean over their standard deviation; None where they do not vary."""
    wins: int
    """Topics on which a scores more than b."""
    ties: int
    losses: int

    @property
    def delta(self) -> float:
        """Mean of a minus mean of b."""
        return self.mean_a - self.mean_b

    @property
    def relative(self) -> float | None:
        """``delta`` as a fraction of b's mean; None where that is 0."""
        return self.delta / self.mean_b if self.mean_b else None

    @property
    def significant(self) -> bool:
        """Whether the adjusted p is below ALPHA."""
        return self.p_adjusted < ALPHA

    @property
    def direction(self) -> int:
        """1 where a is significantly better, -1 where it is worse, else 0."""
        return (1 if self.delta > 0 else -1) if self.significant else 0

    def reversed(self) -> Comparison:
        """The same comparison, of b against a."""
        return replace(
            self,
            a=self.b,
            b=self.a,
            mean_a=self.mean_b,
            mean_b=self.mean_a,
            low=-self.high,
            high=-self.low,
            effect=None if self.effect is None else -self.effect,
            wins=self.losses,
            losses=self.wins,
        )


def compare(
    scores: Mapping[str, Mapping[str, np.ndarray]], pairs: Sequence[tuple[str, str]], test: str = "fisher", correction: str = "holm"
) -> list[Comparison]:
    """Compares pairs of systems by every metric.

    ``scores`` maps system to metric to an array of one value a topic, topics in the same order everywhere. The family
    of the correction is the pairs of one metric; that of Tukey's test, which takes no other correction, all systems of
    ``scores``. Returns metric by metric, in the order of ``pairs``.
    """
    import numpy as np

    if not pairs:
        return []
    metrics = list(scores[pairs[0][0]])
    values = np.stack([np.stack([by_metric[metric] for metric in metrics], axis=1) for by_metric in scores.values()], axis=1)
    places = {name: number for number, name in enumerate(scores)}
    first, second = (np.array([places[pair[side]] for pair in pairs]) for side in (0, 1))
    # Columns of [topics, metrics x systems]: those of a, and those of b, metric by metric, in the order of the pairs.
    columns = values.transpose(0, 2, 1).reshape(len(values), -1)
    starts = np.repeat(np.arange(len(metrics)) * len(places), len(pairs))
    a_columns, b_columns = (np.tile(side, len(metrics)) + starts for side in (first, second))
    differences = columns[:, a_columns] - columns[:, b_columns]
    tukey_matrix = tukey(values)
    tukey_p = tukey_matrix[:, first, second].ravel()
    p = {"fisher": lambda: _fisher(columns, a_columns, b_columns), "tukey": lambda: tukey_p}.get(test, lambda: _t_test(differences))()
    correction = "tukey" if test == "tukey" else correction
    p_adjusted = np.concatenate([adjust(family, correction) for family in np.split(p, len(metrics))])
    low, high = bootstrap_interval(differences)
    comparisons = []
    for column, (metric, (a, b)) in enumerate((metric, pair) for metric in metrics for pair in pairs):
        difference = differences[:, column]
        spread = float(difference.std(ddof=1)) if len(difference) > 1 else 0.0
        comparisons.append(
            Comparison(
                metric=metric,
                a=a,
                b=b,
                mean_a=float(scores[a][metric].mean()),
                mean_b=float(scores[b][metric].mean()),
                p=float(p[column]),
                p_adjusted=float(p_adjusted[column]),
                tukey=float(tukey_p[column]),
                test=test,
                correction=correction,
                low=float(low[column]),
                high=float(high[column]),
                effect=float(difference.mean()) / spread if spread > 1e-12 else None,
                wins=int((difference > 0).sum()),
                ties=int((difference == 0).sum()),
                losses=int((difference < 0).sum()),
            )
        )
    return comparisons


def p_values(differences: np.ndarray, test: str) -> np.ndarray:
    """Two-sided p of each column of (topics, pairs) differences under the hypothesis that the two systems are equal."""
    import numpy as np

    if test == "student":
        return _t_test(differences)
    pairs = differences.shape[1]
    zero = np.zeros((len(differences), 1))
    return _fisher(np.hstack([differences, zero]), np.arange(pairs), np.full(pairs, pairs))


def _fisher(scores: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """How often a mean is at least as far from zero when each topic's difference takes a random sign.

    ``scores``: [topics, columns]; ``a`` and ``b``: the two columns of every pair. All 2^topics patterns where they are fewer than
    PERMUTATIONS, else as many random ones, the same for every pair (Smucker, Allan and Carterette, CIKM 2007). The observed
    pattern counts as one of them, so p is never 0.

    A pattern's signs are summed over each column once, and a pair's sum is the difference of its columns' sums: there are far
    more pairs than systems.
    """
    import numpy as np

    topics, pairs = len(scores), len(a)
    observed, sizes, lengths = np.empty(pairs), np.empty(pairs), np.abs(scores).sum(axis=0)
    for block in _blocks(pairs, max(1, BLOCK // topics)):
        differences = scores[:, a[block]] - scores[:, b[block]]
        observed[block], sizes[block] = np.abs(differences.sum(axis=0)), np.abs(differences).sum(axis=0)
    # Sums in another order differ in their last digits: equal ones must count as equal.
    threshold = observed - TIED * sizes
    # Where two systems are nearly equal, the difference of their sums has too few digits: there the differences are summed.
    near = (sizes > 0) & (TIED * sizes < 4 * topics * np.finfo(float).eps * (lengths[a] + lengths[b]))
    if near.any():
        near_differences = scores[:, a[near]] - scores[:, b[near]]
        a, b, columns = a.copy(), b.copy(), scores.shape[1]
        a[near], b[near] = columns + np.arange(near_differences.shape[1]), columns + near_differences.shape[1]
        scores = np.hstack([scores, near_differences, np.zeros((topics, 1))])
    count, patterns = np.zeros(pairs), 0
    for signs in _signs(topics):
        patterns += len(signs)
        for rows in _blocks(len(signs), max(1, BLOCK // scores.shape[1])):
            sums = np.ascontiguousarray((signs[rows] @ scores).T)
            for block in _blocks(pairs, max(1, BLOCK // 64 // sums.shape[1])):
                count[block] += (np.abs(sums[a[block]] - sums[b[block]]) >= threshold[block, None]).sum(axis=1)
    extra = 1 if patterns < 2**topics else 0  # the observed pattern, which is not among the random ones
    return (count + extra) / (patterns + extra)


def _signs(topics: int) -> Iterator[np.ndarray]:
    """Patterns of signs, 1 or -1: [patterns, topics] at a time."""
    import numpy as np

    if 2**topics <= PERMUTATIONS:
        yield (np.arange(2**topics)[:, None] >> np.arange(topics) & 1) * 2.0 - 1.0
        return
    random = np.random.default_rng(SEED)
    for start in range(1, PERMUTATIONS, 10_000):
        yield random.integers(0, 2, (min(10_000, PERMUTATIONS - start), topics), dtype=np.int8) * 2.0 - 1.0


def _blocks(count: int, size: int) -> Iterator[slice]:
    """Slices of ``size`` over ``count`` items; the last also takes the remainder, because BLAS sums a narrow slice in another order."""
    starts = range(0, max(1, count - size + 1), size)
    return (slice(start, count if start == starts[-1] else start + size) for start in starts)


def _t_test(differences: np.ndarray) -> np.ndarray:
    """The paired t-test; 1 where no difference differs from 0 or there is one topic only."""
    import numpy as np
    from scipy.special import stdtr

    topics = len(differences)
    if topics < 2:
        return np.ones(differences.shape[1])
    mean, error = differences.mean(axis=0), differences.std(axis=0, ddof=1) / np.sqrt(topics)
    t = np.divide(mean, error, out=np.where(mean == 0, 0.0, np.inf), where=error > 0)
    return 2 * stdtr(topics - 1, -np.abs(t))


def tukey(scores: np.ndarray) -> np.ndarray:
    """Two-sided p of every pair of systems by the two-way randomized Tukey HSD test: [metrics, systems, systems].

    ``scores``: [topics, systems, metrics]. A pair's p is how often the best and the worst of all systems are at least as far
    apart as the two, when the systems' scores change places at random within each topic. It is corrected for all pairs, and does
    not assume normality as ANOVA does (Carterette, ACM TOIS 30:1, 2012; Sakai, Laboratory Experiments in Information Retrieval,
    Springer 2018). The observed arrangement counts as one, so p is never 0. With two systems it is Fisher's test.
    """
    import numpy as np

    topics, systems, metrics = scores.shape
    sums = scores.sum(axis=0).T
    # Sums in another order differ in their last digits: equal ones must count as equal.
    threshold = np.abs(sums[:, :, None] - sums[:, None, :]) - 1e-10 * topics
    random = np.random.default_rng(SEED)
    ranges = np.full((metrics, REARRANGEMENTS), np.inf)
    for start in range(1, REARRANGEMENTS, 1000):
        size = min(1000, REARRANGEMENTS - start)
        places = np.tile(np.arange(systems), (size, 1))
        total = np.zeros((size, systems, metrics))
        for row in scores:
            total += row[random.permuted(places, axis=1)]
        ranges[:, start : start + size] = np.ptp(total, axis=1).T
    ranges.sort(axis=1)
    below = [np.searchsorted(ranges[metric], threshold[metric]) for metric in range(metrics)]
    return (REARRANGEMENTS - np.stack(below)) / REARRANGEMENTS


def adjust(p: np.ndarray, correction: str) -> np.ndarray:
    """The p-values of one family, corrected so that the chance of any false positive in it stays below ALPHA."""
    import numpy as np

    family = len(p)
    if correction in ("none", "tukey"):
        return p
    if correction == "bonferroni":
        return np.minimum(1.0, family * p)
    order = np.argsort(p, kind="stable")
    holm = np.empty(family)
    holm[order] = np.minimum(1.0, np.maximum.accumulate((family - np.arange(family)) * p[order]))
    return holm


def bootstrap_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ends of the 95 % percentile bootstrap interval of each column's mean, topics resampled RESAMPLES times."""
    import numpy as np

    topics = len(values)
    draws = np.random.default_rng(SEED).integers(0, topics, (RESAMPLES, topics))
    counts = np.zeros((RESAMPLES, topics))
    np.add.at(counts, (np.arange(RESAMPLES)[:, None], draws), 1.0)
    low, high = np.empty(values.shape[1]), np.empty(values.shape[1])
    for block in _blocks(values.shape[1], WIDTH):
        means = np.ascontiguousarray((counts @ values[:, block] / topics).T)
        low[block], high[block] = np.percentile(means, [2.5, 97.5], axis=1)
    return low, high
