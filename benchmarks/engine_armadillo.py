"""Armadillo as a peer: a C++ program that is compiled for this machine and measures itself."""

import json
import shutil
import subprocess
import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from engine_peer import Iterated, Peer, PeerError, Score, Scored, parameters_of
from engine_scorer import Parameters
from engine_workloads import RIDGE, Workload

SOURCE = Path(__file__).with_name("armadillo_em.cpp")
COMPILE = ("g++", "-O3", "-march=native", "-fopenmp", "-std=c++17")
_TYPES = {"float32": "float", "float64": "double"}


class Armadillo(Peer):
    """Armadillo's gmm_diag and gmm_full in the rows' own precision, on all threads.

    `folder` is where it is compiled, and where rows are handed over.
    """

    name = "Armadillo"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._written: Workload | None = None

    def absent(self) -> str:
        """Return why it takes no part, or nothing."""
        return self._compiled[1]

    def version(self) -> str:
        """Return which release was compiled."""
        return self._run("version").strip()

    def iterate(self, workload: Workload) -> Iterated:
        """Let the program fit for few and for many iterations, both in one process."""
        with self._folder_of(workload, workload.start) as folder:
            said = self._asked("fit", workload, folder, workload.few, workload.many, RIDGE)
            iterations = said["many_iterations"] - said["few_iterations"]
            if iterations < 1:
                raise PeerError(f"ended after {said['many_iterations']} iterations by itself")
            seconds = (said["many"] - said["few"]) / iterations
            remark = f"{workload.rows.dtype}, {said['many_iterations']} iterations"
            return Iterated(seconds, _fitted(Path(folder), workload), remark)

    def scorers(self, workload: Workload, parameters: Parameters) -> tuple[Score, Score]:
        """Return calls of the program, which does both each time and is asked for one."""
        return (
            lambda: self._scored(workload, parameters, "scoring", "log-densities"),
            lambda: self._scored(workload, parameters, "labeling", "labels"),
        )

    def _scored(self, workload: Workload, parameters: Parameters, stage: str, name: str) -> Scored:
        with self._folder_of(workload, parameters) as folder:
            said = self._asked("score", workload, folder)
            return Scored(said[stage], np.fromfile(Path(folder) / name))

    def _folder_of(
        self, workload: Workload, parameters: Parameters
    ) -> "tempfile.TemporaryDirectory[str]":
        """Return a new folder with the mixture, and with the rows, which are written once."""
        rows = self.folder / "rows"
        if self._written is not workload:
            workload.rows.tofile(rows)
            self._written = workload
        made = tempfile.TemporaryDirectory(dir=self.folder)
        (Path(made.name) / "rows").symlink_to(rows)
        for name in ("weights", "means", "covariances"):
            np.ascontiguousarray(getattr(parameters, name)).tofile(Path(made.name) / name)
        return made

    def _asked(self, task: str, workload: Workload, folder: str, *rest: float) -> dict[str, Any]:
        sizes = [*workload.rows.shape, workload.start.shape[0]]
        kind = _TYPES[workload.rows.dtype.name]
        found: dict[str, Any] = json.loads(
            self._run(task, kind, workload.covariance, *sizes, folder, *rest)
        )
        return found

    def _run(self, *words: object) -> str:
        command = [str(self._compiled[0]), *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise PeerError(_last_line(done.stderr) or f"ended with status {done.returncode}")
        return done.stdout

    @cached_property
    def _compiled(self) -> tuple[Path, str]:
        """The program, and why there is none."""
        program = self.folder / "armadillo_em"
        if shutil.which(COMPILE[0]) is None:
            return program, f"there is no {COMPILE[0]} to compile it"
        command = [*COMPILE, str(SOURCE), "-o", str(program), "-larmadillo"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return program, ""
        reason = next((x for x in done.stderr.splitlines() if "error" in x), "g++ failed")
        return program, f"{SOURCE.name} does not compile: {reason}; install libarmadillo-dev"


def _fitted(folder: Path, workload: Workload) -> Parameters:
    weights, means, covariances = (
        np.fromfile(folder / f"fitted-{name}").reshape(getattr(workload.start, name).shape)
        for name in ("weights", "means", "covariances")
    )
    return parameters_of(weights, means, covariances)


def _last_line(text: str) -> str:
    return next(reversed(text.strip().splitlines()), "")
