"""Where the pictures of a lesson go: one animation, or a folder with a picture of each step."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gmmkit.cli.inputs import Source
from gmmkit.cli.outputs import check_output, check_outputs, make_folder
from gmmkit.cli.progress import progress_bar
from gmmkit.errors import OutputWriteError

if TYPE_CHECKING:
    from gmmkit.lesson.animation import Uint8Array
    from gmmkit.lesson.scenes import Scene

    Frames = Iterable[tuple[Scene, Uint8Array]]


@dataclass(frozen=True)
class LessonFiles:
    """What ``-o`` says.

    Parameters
    ----------
    output : Path
        NAME.gif, or a folder.
    force : bool
        Whether to replace what is there.

    Examples
    --------
    >>> LessonFiles(Path("lesson.gif"), False).animated
    True
    """

    output: Path
    force: bool

    @property
    def animated(self) -> bool:
        """Whether it is one file."""
        return self.output.suffix.lower() == ".gif"

    def check(self, source: Path) -> None:
        """Refuse, before any work, an output that cannot be.

        Raises
        ------
        OutputExistsError, OutputWriteError
        """
        if self.animated:
            check_output(self.output, [source], force=self.force)
        elif not self.output.is_dir() and (self.output.exists() or self.output.suffix):
            raise OutputWriteError(
                f"cannot draw to {self.output}",
                found=f"a name that ends in {self.output.suffix!r}, and no folder",
                needed="NAME.gif for an animation, or a folder for pictures",
                hint=f"-o {self.output.stem}.gif",
            )

    def paths(self, scenes: Sequence["Scene"]) -> list[Path]:
        """Return the files that scenes lead to.

        Examples
        --------
        >>> [path.name for path in LessonFiles(Path("lesson.gif"), False).paths([])]
        ['lesson.gif']
        """
        if self.animated:
            return [self.output]
        return [self.output / f"{scene.name}.png" for scene in scenes]

    def check_paths(self, scenes: Sequence["Scene"], source: Source) -> None:
        """Refuse, before anything is drawn, a folder that holds such pictures already.

        Raises
        ------
        OutputExistsError, OutputWriteError
        """
        if not self.animated:
            check_outputs(self.paths(scenes), [source], self.output, force=self.force)

    def write(self, scenes: Sequence["Scene"], frames: "Frames") -> list[Path]:
        """Write the frames as they are drawn, and return the files."""
        from gmmkit.io.files import write_atomically

        paths = self.paths(scenes)
        if not self.animated:
            make_folder(self.output)
        contents = (
            self._animation(scenes, frames) if self.animated else self._pictures(scenes, frames)
        )
        for path, content in zip(paths, contents, strict=True):
            write_atomically(path, content, force=self.force)
        return paths

    def _animation(self, scenes: Sequence["Scene"], frames: "Frames") -> Iterator[bytes]:
        from gmmkit.lesson.animation import gif_bytes

        pictures = [picture for _, picture in _watched(frames, len(scenes))]
        yield gif_bytes(pictures, [scene.seconds for scene in scenes])

    def _pictures(self, scenes: Sequence["Scene"], frames: "Frames") -> Iterator[bytes]:
        from gmmkit.lesson.animation import png_bytes

        return (png_bytes(picture) for _, picture in _watched(frames, len(scenes)))


def _watched(frames: "Frames", total: int) -> Iterator[tuple["Scene", "Uint8Array"]]:
    """Show a progress bar while frames are drawn one by one."""
    remaining = iter(frames)
    with progress_bar(total) as step:
        for number in range(1, total + 1):
            with step(f"drawing picture {number}"):
                frame = next(remaining)
            yield frame
