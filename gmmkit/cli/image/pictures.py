"""Reading the images of a request, one at a time, so that many of them never fill the memory."""

import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gmmkit.cli.image.request import Request
from gmmkit.cli.inputs import Source
from gmmkit.cli.progress import Step
from gmmkit.errors import GmmkitError, ImageWarning

if TYPE_CHECKING:
    from gmmkit.io.image import Picture


def read_source(source: Source, request: Request) -> "Picture":
    """Read one image by the limits and the page of a request.

    Examples
    --------
    >>> from gmmkit.cli.inputs import find_sources
    >>> request = Request(images=("sample:coffee",), out="labels")
    >>> source, = find_sources(request.images).sources
    >>> read_source(source, request).shape
    (400, 600)
    """
    from gmmkit.io.image import open_image

    limit = {} if request.max_pixels is None else {"max_pixels": request.max_pixels}
    page = request.page if source.page is None else source.page
    return open_image(source.path, page=None if page == "all" else page, **limit)


def paged(sources: Sequence[Source]) -> list[Source]:
    """Return every page of every image; those that cannot be read stay, to fail when they are.

    Examples
    --------
    >>> from gmmkit.cli.inputs import find_sources
    >>> [source.argument for source in paged(find_sources(["sample:coffee"]).sources)]
    ['sample:coffee']
    """
    return [page for source in sources for page in source.pages(_page_count(source))]


def _page_count(source: Source) -> int:
    from gmmkit.io.image import count_pages

    try:
        return count_pages(source.path)
    except GmmkitError:
        return 1


class ReadablePictures:
    """The images of a request that can be read, each read when its turn comes and then let go.

    Those that can not are left out and kept in `unreadable`, by the user's word for them.
    """

    def __init__(self, request: Request, sources: Sequence[Source], step: Step) -> None:
        self._request = request
        self._sources = sources
        self._step = step
        self.unreadable: dict[str, GmmkitError] = {}

    def __iter__(self) -> Iterator["Picture"]:
        for source in self._sources:
            picture = self._read(source)
            if picture is not None:
                yield picture

    def _read(self, source: Source) -> "Picture | None":
        try:
            with self._step(source.argument), warnings.catch_warnings():
                # They come again, with the name of the image, when it is segmented.
                warnings.simplefilter("ignore", ImageWarning)
                return read_source(source, self._request)
        except GmmkitError as error:
            self.unreadable[source.argument] = error
            return None
