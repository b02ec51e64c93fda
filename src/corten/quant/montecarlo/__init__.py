"""Monte Carlo over compiled paths: the same seed gives the same bits, with any number of threads or workers."""

from corten.quant.montecarlo.cluster import RayExecutor
from corten.quant.montecarlo.engine import BLOCK, Simulation
from corten.quant.montecarlo.estimate import Estimate, tree_sum
from corten.quant.montecarlo.exercise import EarlyExercise, longstaff_schwartz, monomials

__all__ = [
    "BLOCK",
    "EarlyExercise",
    "Estimate",
    "RayExecutor",
    "Simulation",
    "longstaff_schwartz",
    "monomials",
    "tree_sum",
]
