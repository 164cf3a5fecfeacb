"""Fits beside what mclust prints: the same parameter counts, log likelihoods at least as high.

mclust 6.0.0's values, on tables that come with it and with R. Every excess over half a nat has to
be explained: mclust stops early there, or at another optimum (mixture_early_stop.py).

Needs ``tables/mclust`` below the directory that GMMKIT_REFERENCE_DATA names.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from mixture_early_stop import STOP, passing_of
from mixture_problems import VARIABLE, folder, table
from reporting import Figure, parser, report
from sklearn.datasets import load_iris

import gmmkit
from gmmkit.core.fits.criteria import icl

NEEDED = 1e-3
TO_EXPLAIN = 0.5


@dataclass(frozen=True)
class Reference:
    """What mclust prints of one model; higher criteria are better there.

    Attributes
    ----------
    bic : float
        2 log likelihood - parameters log n.
    """

    name: str
    family: str
    k: int
    n_parameters: int
    bic: float
    icl: float | None = None
    prior: str | None = None

    @property
    def title(self) -> str:
        """The problem in words."""
        prior = " with prior" if self.prior else ""
        return f"{self.name} {self.family},{self.k}{prior}"

    @property
    def log_likelihood(self) -> float:
        """What BIC and the count say, in nats; 0.001 off at most where BIC has three digits."""
        return 0.5 * (self.bic + self.n_parameters * float(np.log(len(table(self.name)))))


REFERENCES = (
    Reference("faithful", "EEE", 3, 11, -2314.3163, -2357.8242),
    Reference("faithful", "VVE", 2, 10, -2320.433, -2320.763),
    Reference("faithful", "VEE", 3, 13, -2322.103),
    Reference("faithful", "VVV", 2, 11, -2322.192),
    Reference("faithful", "EII", 2, 6, -3452.998),
    Reference("faithful", "EEI", 2, 7, -2354.601),
    Reference("faithful", "VVV", 1, 5, -2607.6225),
    # Its ratio to two components is 6.1305, and that of two to one 319.065.
    Reference("faithful", "VVV", 3, 17, -2607.6225 + 319.065 + 6.1305 - 12 * float(np.log(272))),
    Reference("iris", "VEV", 2, 26, -561.7285, -561.7289),
    Reference("iris", "VEV", 3, 38, -562.5522),
    Reference("iris", "VVV", 2, 29, -574.018),
    Reference("iris", "VVV", 3, 44, -580.840),
    Reference("iris", "EEE", 3, 24, -632.965),
    Reference("iris", "VEV", 2, 26, -580.8136, prior="default"),
    Reference("diabetes", "VVV", 3, 29, -4751.3164, -4770.1689),
    Reference("banknote", "VVE", 3, 53, -1607.5736, -1607.7099),
    Reference("thyroid", "VVI", 3, 32, -4777.9069, -4784.5149),
    Reference("acidity", "E", 2, 4, -392.0723, -398.5554),
    Reference("precip", "V", 2, 5, -572.1882, -575.2134),
    Reference("wreath", "EEV", 14, 57, -10902.7683, -10902.9082),
    Reference("chevron", "EEV", 9, 37, -21520.1867, -22067.2969),
)


def compare(reference: Reference) -> Iterator[Figure]:
    """Yield how one fit differs from what is printed."""
    rows, title = table(reference.name), reference.title
    fit = gmmkit.fit(
        rows, reference.k, covariance=reference.family, prior=reference.prior, seed=0, tol=1e-8,
        max_iter=5000,
    )  # fmt: skip
    off = fit.mixture.n_parameters - reference.n_parameters
    remark = f"{reference.n_parameters}; BIC {reference.bic:.4f}, ours {-fit.bic():.4f}"
    yield Figure(f"{title}: parameters", off, "", 0, 0, remark)
    excess = fit.log_likelihood - reference.log_likelihood
    remark = f"{reference.log_likelihood:.4f}, ours {fit.log_likelihood:.4f}"
    remark += "" if fit.valid else ", COLLAPSED"
    yield Figure(f"{title}: log likelihood", excess, "nats", -NEEDED, None, remark)
    if reference.icl is not None:
        ours = -icl(fit, rows)
        remark = f"{reference.icl:.4f}, ours {ours:.4f}"
        yield Figure(f"{title}: ICL", ours - reference.icl, "", remark=remark)
    if excess > TO_EXPLAIN:
        yield explained(reference, fit.log_likelihood)


def explained(reference: Reference, ours: float) -> Figure:
    """Return the relative gain with which some run of EM passes mclust's value, and goes on."""
    rows, value = table(reference.name), reference.log_likelihood
    passing = passing_of(rows, reference.family, reference.k, value)
    name = f"{reference.title}: gain there"
    if passing is None:
        return Figure(name, np.nan, "", at_most=STOP, remark="no run passes it")
    other = "" if passing.end > ours - NEEDED else f"; ours, {ours:.4f}, is another optimum"
    remark = f"EM from clusters ({passing.start}) goes on to {passing.end:.4f}{other}"
    return Figure(name, passing.gain, "of it", at_most=STOP, remark=remark)


def discriminant() -> Figure:
    """Return how EDDA's likelihood of iris differs: the classes known, one VEV mixture of them."""
    rows, classes = load_iris(return_X_y=True)
    model = gmmkit.GaussianMixtureClassifier(covariance_type="VEV", shared=True, tol=1e-10)
    mixture = model.fit(rows, classes).fit_results_[0].mixture
    value, wrong = float(mixture.log_density(rows).sum()), (model.predict(rows) != classes).mean()
    remark = f"-187.7097, ours {value:.4f}; error 0.02, ours {wrong:.2g}"
    return Figure("iris EDDA: log likelihood", value + 187.7097, "nats", -NEEDED, NEEDED, remark)


def main() -> int:
    """Compare every model, and end with 1 if one is off or an excess stays unexplained."""
    command = parser(__doc__)
    options = command.parse_args()
    if folder() is None:
        print(f"set {VARIABLE} to the directory that has tables/mclust", file=sys.stderr)
        return 2
    figures = [figure for reference in REFERENCES for figure in compare(reference)]
    return report("Differences to mclust 6.0.0", [*figures, discriminant()], options)


if __name__ == "__main__":
    sys.exit(main())
