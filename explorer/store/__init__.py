"""The library folder: SQLite for papers, flat arrays for the rest, one manifest, atomic commit, checksums.

    manifest.json           names every other file; replacing it is the commit
    papers-<id>.sqlite      papers, words for look-ups
    vectors-<id>.npy        unit vectors, row i of paper i
    neighbors-<id>.npy      rows of each row's nearest, and similarities-<id>.npy their cosines
    codes-<id>.npy          of many papers: short codes of the vectors, list by list, for searches; places-<id>.npy says
                            whose they are, sizes-, centers- and axes-<id>.npy what lists and codes are
    layout-<id>.npy         coordinates on the map, and faithfulness-<id>.npy how true each paper's place is
    topics-<id>.npy         ids of each paper's topics, coarse to fine, and labels-<id>.json what these are
    rejected-<id>.jsonl     records that could not become papers, with line and reason
    .paper-explorer-work/   of a build under way: shards that a resumed build takes up again

May import papers and errors. Reading single rows needs the standard library only; NumPy is imported for whole arrays.
"""

from explorer.store.arrays import ArrayWriter, StoredRows, load_array, write_array
from explorer.store.database import PaperDatabase
from explorer.store.files import describe_file
from explorer.store.folder import LibraryFolder, is_library, new_generation, own_files, read_manifest
from explorer.store.manifest import EXACT_SEARCH, FORMAT, FileEntry, Manifest
from explorer.store.papers import Outcome, PaperWriter
from explorer.store.roles import ROLES, SAMPLE, SEARCHED
from explorer.store.shards import find_shard, keep_shard
from explorer.store.terms import StoredTerms
from explorer.store.workshop import Workshop, require_own_folder, tidy

__all__ = [
    "EXACT_SEARCH",
    "FORMAT",
    "ROLES",
    "SAMPLE",
    "SEARCHED",
    "ArrayWriter",
    "FileEntry",
    "LibraryFolder",
    "Manifest",
    "Outcome",
    "PaperDatabase",
    "PaperWriter",
    "StoredRows",
    "StoredTerms",
    "Workshop",
    "describe_file",
    "find_shard",
    "is_library",
    "keep_shard",
    "load_array",
    "new_generation",
    "own_files",
    "read_manifest",
    "require_own_folder",
    "tidy",
    "write_array",
]
