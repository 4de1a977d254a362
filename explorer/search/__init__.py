"""Questions to answers. Composes the store and the parts.

    options    what can be asked of a search beside the query
    question   what was asked to what is meant: papers, texts, files; for and against
    corpus     what a search needs of a library
    listing    one paper or text to its answers, by one ranking
    searcher   a mixture to its answers, without repetition
    why        why a paper is an answer
    related    the answers that are stored with each paper
    answers    all of it: a question to matches, looked up where they are stored

Imports nothing heavy: an answer that is stored is looked up without NumPy.
"""

from explorer.search.answers import answer

__all__ = ["answer"]
