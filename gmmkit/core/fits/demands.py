"""What a fit is asked beside number and form of components, and whether that goes together."""

from dataclasses import dataclass, replace

from gmmkit.core.execution import Executor
from gmmkit.core.expectation import SOFT, Expectation
from gmmkit.core.families import Family
from gmmkit.core.fits.data import Data
from gmmkit.core.fits.preparation import Problem
from gmmkit.core.fits.uniform import USUAL_SHARE, uniform_noise
from gmmkit.core.mixture import Mixture
from gmmkit.core.noise import Noise
from gmmkit.core.priors import ConjugatePrior, default_prior
from gmmkit.errors import ParameterError


@dataclass(frozen=True)
class Demands:
    """What a fit is asked for.

    Parameters
    ----------
    expectation : Expectation
        Soft or hard, of all rows or of those not trimmed.
    noise : float, bool or Noise, optional
        A constant density for rows that belong nowhere, or its share to begin with.
    fixed : Mixture, optional
        Components that keep their means and covariances.
    prior : str or ConjugatePrior, optional
        What is believed of means and covariances; ``"default"`` as mclust does.
    """

    expectation: Expectation = SOFT
    noise: float | bool | Noise | None = None
    fixed: Mixture | None = None
    prior: str | ConjugatePrior | None = None

    @property
    def noisy(self) -> bool:
        """Whether there is to be a noise component."""
        return self.noise is not None and self.noise is not False

    def check(self, data: Data, family: Family, n_components: int) -> None:
        """Refuse what does not go together.

        Raises
        ------
        ParameterError
            If something does not.
        """
        gaps = data.source is not data.complete
        if self.expectation.trim and not data.in_memory:
            raise ParameterError(
                "trimming needs all rows in memory",
                found=f"trim={self.expectation.trim} of rows that come in chunks",
                needed="an array of rows",
                hint="fit a sample of the rows, or add noise=True instead",
            )
        if self.expectation.trim and (gaps or self.noisy):
            raise ParameterError(
                "trimming does not go with missing values, labels or noise",
                found=f"trim={self.expectation.trim} beside one of them",
                needed="complete rows without labels, and no noise component",
                hint="leave one of them out",
            )
        if self.noisy and data.has_gaps:
            raise ParameterError(
                "a noise component needs complete rows",
                found="missing values",
                hint="fill them first (gmmkit.impute), or fit without noise",
            )
        if isinstance(self.prior, str) and self.prior != "default":
            raise ParameterError(
                "there is no such prior",
                found=repr(self.prior),
                needed="'default', or a gmmkit.ConjugatePrior",
            )
        if isinstance(self.prior, ConjugatePrior):
            self.prior.check_suits(family, data.source.n_features)
        if self.fixed is not None:
            _check_fixed(self.fixed, data, family, n_components)

    def added_to(self, problem: Problem, n_components: int, executor: Executor) -> Problem:
        """Return the problem with what is demanded, in its working coordinates."""
        if self.noisy:
            noise = self.noise if isinstance(self.noise, Noise) else self._box(problem, executor)
            volume = problem.units.log_volume
            noise = Noise(noise.weight, noise.log_density + volume)
            problem = replace(problem, noise=noise)
        if self.prior is not None:
            prior = self._prior(problem, n_components).standardized(problem.units)
            regularization = replace(problem.regularization, prior=prior)
            problem = replace(problem, regularization=regularization)
        if self.fixed is None:
            return problem
        fixed = problem.units.standardize(self.fixed)
        regularization = replace(problem.regularization, n_fixed=fixed.n_components)
        return replace(problem, fixed=fixed, regularization=regularization)

    def _prior(self, problem: Problem, n_components: int) -> ConjugatePrior:
        if isinstance(self.prior, ConjugatePrior):
            return self.prior
        return default_prior(problem.summary, problem.family, n_components)

    def _box(self, problem: Problem, executor: Executor) -> Noise:
        share = USUAL_SHARE if self.noise is True else self.noise
        return uniform_noise(problem.complete, share, executor)  # type: ignore[arg-type]


def _check_fixed(fixed: Mixture, data: Data, family: Family, n_components: int) -> None:
    if not family.independent:
        raise ParameterError(
            "components cannot be fixed where covariances depend on each other",
            found=repr(family),
            needed="full, diag or spherical covariances",
        )
    wanted = (data.source.n_features, family.name)
    given = (fixed.n_features, fixed.covariance.family.name)
    if wanted != given or fixed.n_components > n_components or fixed.noise is not None:
        raise ParameterError(
            "the fixed components do not match",
            found=f"{fixed!r}",
            needed=f"at most {n_components} {wanted[1]} Gaussians in {wanted[0]} dimensions",
        )
