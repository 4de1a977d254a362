"""What changes a library: papers come, go and are known better, pictures are drawn anew, damage is found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import InvalidInput
from explorer.store import LibraryFolder

if TYPE_CHECKING:
    from explorer.builder import InputOptions
    from explorer.embedder import Embedder, ModelFiles
    from explorer.growth import GrowthReport, Verification
    from explorer.papers import Paper


class Growing:
    """Change a library on disk, then go on with its new state. Another writer meanwhile is refused: LibraryLocked."""

    _folder: LibraryFolder
    _model: str | Path | Embedder | None

    def add(
        self, inputs: str | Path | Sequence[str | Path], *, vectors: str | Path | None = None, **reading: Any
    ) -> GrowthReport:
        """Add the papers in files to the library; only texts that are new, or other than they were, are embedded.

        Old papers keep their places on the map. `vectors` names a .npy file with ready (n, d) vectors in the order of
        the records; `columns` and `strict` say how files are read, as for `build`. Raises InvalidInput, ModelMismatch,
        ModelNotAvailable, LibraryError.
        """
        from explorer.growth import AddOptions, add

        given = None if vectors is None else Path(vectors)
        options = AddOptions(input_files(inputs), given, reading_options(reading))
        report = add(self._folder.path, options, self._own_model(given))
        self._reopen()
        return report

    def update(self, inputs: str | Path | Sequence[str | Path], **reading: Any) -> GrowthReport:
        """Take over what files say of papers that the library has; papers that it lacks are left out.

        A text is embedded again only where it is another than before. Raises as `add` does.
        """
        from explorer.growth import AddOptions, add

        options = AddOptions(input_files(inputs), None, reading_options(reading), known_only=True)
        report = add(self._folder.path, options, self._own_model(None))
        self._reopen()
        return report

    def remove(self, *ids: str) -> GrowthReport:
        """Remove papers, named by their ids in any form. Raises UnknownPaper, and then removes none; InvalidInput."""
        from explorer.growth import remove

        report = remove(self._folder.path, ids)
        self._reopen()
        return report

    def duplicates(self) -> list[list[Paper]]:
        """Return groups of papers that are one paper several times: one title and close texts, or nearly one text."""
        return [self._folder.database.papers(rows) for rows in self._folder.duplicates()]

    def merge_duplicates(self) -> GrowthReport:
        """Let every group of `duplicates` become one paper that is known by the ids of all."""
        from explorer.growth import merge_duplicates

        report = merge_duplicates(self._folder.path)
        self._reopen()
        return report

    def refit(self) -> GrowthReport:
        """Draw the map anew, turned and scaled to lie on the old one as well as it can."""
        from explorer.growth import refit

        report = refit(self._folder.path)
        self._reopen()
        return report

    def verify(self, *, deep: bool = False) -> Verification:
        """Look at every file, and at whether they agree; `deep` compares every paper rather than a sample."""
        from explorer.growth import verify

        return verify(self._folder.path, deep=deep)

    def _own_model(self, vectors: Path | None) -> ModelFiles | Embedder | None:
        """Return what embeds the library's texts; None where vectors are given."""
        if vectors is not None:
            return None
        from explorer.embedder import model_for

        stored = self._folder.manifest.model
        if not stored and self._model is None:
            return None
        return model_for(stored, self._model)

    def _reopen(self) -> None:
        """Read the state that is committed now, and forget what was computed of the one before."""
        folder = LibraryFolder(self._folder.path)
        self._folder.close()
        for name in ("papers", "_corpus"):
            vars(self).pop(name, None)
        self._folder = folder


def input_files(inputs: str | Path | Sequence[str | Path]) -> tuple[Path, ...]:
    """Return the files that a user names, one or several."""
    return tuple(Path(file) for file in ([inputs] if isinstance(inputs, str | Path) else inputs))


def reading_options(named: dict[str, Any]) -> InputOptions:
    """Return how files are read. Raises InvalidInput for a name that is no option."""
    from explorer.builder import InputOptions

    try:
        return InputOptions(**named)
    except TypeError as error:
        raise InvalidInput(f"there is no such option of reading: {error}") from None
