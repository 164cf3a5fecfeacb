"""Who can fit a mixture from a given start for a given number of iterations: a class each.

Everyone gets the same rows; what a library converts before its first iteration and after its last
is in the time for few iterations as much as in that for many, and cancels.
"""

import os
import warnings
from functools import lru_cache
from typing import Any

import numpy as np
from engine_peer import Peer, Score, failed, parameters_of, released, timed
from engine_scorer import Float64Array, Parameters, responsibilities
from engine_workloads import RIDGE, Workload

SCIKIT_LEARN = "scikit-learn"


class ScikitLearn(Peer):
    """scikit-learn, with parameters in the rows' own precision so that it stays there."""

    name = package = SCIKIT_LEARN
    module = "sklearn"
    has_same_ridge = True

    def fit(self, workload: Workload, iterations: int) -> Any:
        """Fit from the start."""
        from sklearn.exceptions import ConvergenceWarning

        model = self._model(workload)
        model.max_iter = iterations
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                return model.fit(workload.rows)
            except ValueError as problem:
                raise failed(problem) from problem

    def parameters(self, model: Any) -> Parameters:
        """Return a model's numbers."""
        return parameters_of(model.weights_, model.means_, model.covariances_)

    def remark(self, workload: Workload, model: Any) -> str:
        """Return its arithmetic."""
        return f"{model.means_.dtype}"

    def scorers(self, workload: Workload, parameters: Parameters) -> tuple[Score, Score]:
        """Return an estimator's methods."""
        model, kind = self._model(workload), workload.rows.dtype
        model.weights_ = parameters.weights.astype(kind)
        model.means_ = parameters.means.astype(kind)
        model.covariances_ = parameters.covariances.astype(kind)
        model.precisions_cholesky_ = _upper_roots(parameters).astype(kind)
        return (
            lambda: timed(lambda: model.score_samples(workload.rows)),
            lambda: timed(lambda: model.predict(workload.rows)),
        )

    def _model(self, workload: Workload) -> Any:
        from sklearn.mixture import GaussianMixture

        start, kind = workload.start, workload.rows.dtype
        return GaussianMixture(
            start.shape[0],
            covariance_type=workload.covariance,
            weights_init=start.weights.astype(kind),
            means_init=start.means.astype(kind),
            precisions_init=start.precisions.astype(kind),
            tol=0.0,
            reg_covar=RIDGE,
        )


class Pomegranate(Peer):
    """pomegranate on torch, which is held to as many threads as there are processors."""

    name = package = module = "pomegranate"

    def version(self) -> str:
        """Return which releases they are."""
        return f"{released('pomegranate')} (torch {released('torch')})"

    def fit(self, workload: Workload, iterations: int) -> Any:
        """Fit from the start; minus infinity is the tolerance that never ends it early."""
        model = self._model(workload, workload.start)
        model.max_iter, model.tol = iterations, -np.inf
        try:
            return model.fit(_tensor(workload))
        except (RuntimeError, ValueError) as problem:
            raise failed(problem) from problem

    def parameters(self, model: Any) -> Parameters:
        """Return a model's numbers."""
        parts = [(one.means.numpy(), one.covs.numpy()) for one in model.distributions]
        means, covariances = zip(*parts, strict=True)
        return parameters_of(model.priors.numpy(), means, covariances)

    def remark(self, workload: Workload, model: Any) -> str:
        """Return its arithmetic."""
        return f"{model.priors.numpy().dtype}, {_torch().get_num_threads()} threads"

    def scorers(self, workload: Workload, parameters: Parameters) -> tuple[Score, Score]:
        """Return a model's methods."""
        model = self._model(workload, parameters)
        rows = _tensor(workload)
        return (
            lambda: timed(lambda: model.log_probability(rows).numpy()),
            lambda: timed(lambda: model.predict(rows).numpy()),
        )

    def _model(self, workload: Workload, parameters: Parameters) -> Any:
        from pomegranate.distributions import Normal
        from pomegranate.gmm import GeneralMixtureModel

        kind = workload.rows.dtype
        pairs = zip(parameters.means, parameters.covariances, strict=True)
        try:
            components = [
                Normal(mean.astype(kind), spread.astype(kind), covariance_type=workload.covariance)
                for mean, spread in pairs
            ]
            return GeneralMixtureModel(components, priors=parameters.weights.astype(kind))
        except (RuntimeError, ValueError) as problem:
            raise failed(problem) from problem


class Mlpack(Peer):
    """mlpack's binding: float64, and always from k-means of its own, which is kept short.

    It takes a model to start from, but neither that nor its seed changes where it starts.
    """

    name = package = module = "mlpack"
    has_same_start = False

    def fit(self, workload: Workload, iterations: int) -> Any:
        """Fit; the count that it is given includes one that it does not do."""
        import mlpack

        try:
            return mlpack.gmm_train(
                input_=workload.rows.astype(np.float64),
                gaussians=workload.start.shape[0],
                diagonal_covariance=workload.covariance == "diag",
                kmeans_max_iterations=1,
                max_iterations=iterations + 1,
                tolerance=np.finfo(np.float64).tiny.item(),
            )["output_model"]
        except RuntimeError as problem:
            raise failed(problem) from problem

    def parameters(self, model: Any) -> Parameters:
        """Return a model's numbers."""
        found = model.get_cpp_params()["GMM"]
        means = [each["mean"].ravel() for each in found["dists"]]
        covariances = [each["covariance"] for each in found["dists"]]
        return parameters_of(found["weights"].ravel(), means, covariances)

    def remark(self, workload: Workload, model: Any) -> str:
        """Return its limits."""
        return "float64, from its own k-means"


class OpenCV(Peer):
    """OpenCV 4's EM: float64; it takes the start as the responsibilities that this leads to."""

    name = "OpenCV"
    package = "opencv-python-headless<5"
    module = "cv2"

    def absent(self) -> str:
        """Return why it takes no part, or nothing."""
        missing = super().absent()
        if missing:
            return missing
        import cv2

        has_em = hasattr(cv2, "ml") and hasattr(cv2.ml, "EM")
        return "" if has_em else f"OpenCV {cv2.__version__} has no EM: pip install '{self.package}'"

    def version(self) -> str:
        """Return which release it is."""
        import cv2

        return str(cv2.__version__)

    def fit(self, workload: Workload, iterations: int) -> Any:
        """Fit; the first maximization needs no expectation before it, and the last has one."""
        import cv2

        kinds = {"full": cv2.ml.EM_COV_MAT_GENERIC, "diag": cv2.ml.EM_COV_MAT_DIAGONAL}
        model = cv2.ml.EM.create()
        model.setClustersNumber(workload.start.shape[0])
        model.setCovarianceMatrixType(kinds[workload.covariance])
        model.setTermCriteria((cv2.TERM_CRITERIA_COUNT, iterations, 0.0))
        try:
            model.trainM(workload.rows, _responsibilities(workload))
        except cv2.error as problem:
            raise failed(problem) from problem
        return model

    def parameters(self, model: Any) -> Parameters:
        """Return a model's numbers."""
        return parameters_of(model.getWeights().ravel(), model.getMeans(), model.getCovs())

    def remark(self, workload: Workload, model: Any) -> str:
        """Return its arithmetic."""
        return "float64"


def everyone() -> list[Peer]:
    """Return all peers but Armadillo, which has to be compiled first."""
    return [ScikitLearn(), Pomegranate(), Mlpack(), OpenCV()]


def _upper_roots(parameters: Parameters) -> Float64Array:
    """Return scikit-learn's factors of precisions: inverses of lower Cholesky factors, turned."""
    if parameters.is_diagonal:
        return 1 / np.sqrt(parameters.covariances)
    lower = np.linalg.cholesky(parameters.covariances)
    return np.linalg.inv(lower).transpose(0, 2, 1)


@lru_cache(maxsize=1)
def _responsibilities(workload: Workload) -> Float64Array:
    return responsibilities(workload.rows, workload.start)


def _torch() -> Any:
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    return torch


def _tensor(workload: Workload) -> Any:
    """Return the rows as torch sees them, not copied; it only warns of those it may not write."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return _torch().from_numpy(workload.rows)
