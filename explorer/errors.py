"""What can go wrong in a way that the user can act on. Imports nothing.

    ExplorerError
    ├── InvalidInput          a file, record or option that cannot be used as it is
    │   └── UnknownFormat     a file that is in no format the explorer reads
    ├── UnknownPaper          the library holds no such paper; names the nearest ids
    ├── ModelNotAvailable     no model where it was looked for; says how to get one
    ├── ModelMismatch         a text query with another model than the library was built with
    ├── NotEnoughRoom         the disk or the memory will not do for what is to be built; says how much would
    ├── EngineUnavailable     no workers where some were asked for, or such as cannot do the work
    ├── NotFetched            a server on the network cannot be reached, or gives no good answer
    └── LibraryError
        ├── LibraryNotFound   the folder holds no library
        ├── LibraryExists     a build would overwrite a library made of something else
        ├── LibraryLocked     another process is writing this library
        ├── LibraryInaccessible  the folder cannot be read or written: permissions, a full disk
        ├── LibraryDamaged    a file of the library is missing, cut short or altered
        └── ForeignLibrary    written by a version of the explorer that this one does not understand

The command line turns exactly these into one line and exit status 1. Anything else is a bug and shows its traceback.
"""


class ExplorerError(Exception):
    """Be the root of everything the explorer raises on purpose."""


class InvalidInput(ExplorerError):
    """Say that a file, record or option cannot be used as it is."""


class UnknownFormat(InvalidInput):
    """Say that a file is in no format the explorer reads."""


class UnknownPaper(ExplorerError):
    """Say that the library holds no such paper, and which ids are nearest."""


class ModelNotAvailable(ExplorerError):
    """Say that no model was found, and how to get one."""


class ModelMismatch(ExplorerError):
    """Say that a text cannot be compared with vectors of another model."""


class EngineUnavailable(ExplorerError):
    """Say why workers cannot do the work that they were asked for, and what to do."""


class NotEnoughRoom(ExplorerError):
    """Say what a build needs and what there is, before it begins, and what to do."""


class NotFetched(ExplorerError):
    """Say why something could not be had from the network, and what to do."""


class LibraryError(ExplorerError):
    """Be the root of what is wrong with a library folder."""


class LibraryNotFound(LibraryError):
    """Say that a folder holds no library."""


class LibraryExists(LibraryError):
    """Say that a build would overwrite a library made of something else."""


class LibraryLocked(LibraryError):
    """Say that another process is writing this library."""


class LibraryInaccessible(LibraryError):
    """Say that a folder cannot be read or written, and what the system said."""


class LibraryDamaged(LibraryError):
    """Say which file of a library is missing, cut short or altered, and what repairs it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}; 'explorer verify' says what repairs it")
        self.what = what


class ForeignLibrary(LibraryError):
    """Say that a library was written by a version that this one does not understand."""
