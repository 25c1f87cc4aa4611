"""The negative control of every fault: what the product's own guide makes of the same writers and the same checker."""

from rehearsal.guide.control import Control, run
from rehearsal.guide.recipe import RecipeError

__all__ = ["Control", "RecipeError", "run"]
