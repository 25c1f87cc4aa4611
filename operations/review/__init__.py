"""What a change of a stack does to its nodes and to what holds data: decided from two templates alone."""

from operations.review.changes import Change, compare
from operations.review.deciding import review
from operations.review.effects import Effect, NodeReview, OtherReview, Review

__all__ = ["Change", "Effect", "NodeReview", "OtherReview", "Review", "compare", "review"]
