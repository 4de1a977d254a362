"""How right the answers are. Composes the search; the model is handed in.

collection   papers and questions whose relevant papers are known, in the layout of BEIR
retrieval    what each ranking reaches on a collection
checks       what can be said of a library without labels
"""

from explorer.evaluation.checks import check_library
from explorer.evaluation.collection import Collection, read_collection
from explorer.evaluation.retrieval import Measured, evaluate

__all__ = ["Collection", "Measured", "check_library", "evaluate", "read_collection"]
