"""What notebooks show: well-formed, escaped, without scripts, colors or outside files."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from strategies import blobs, make_mixture

from gmmkit import Mixture, fit
from gmmkit.core.notebook.cards import fit_card, mixture_card
from gmmkit.core.notebook.markup import bullets, card, paragraph, table
from gmmkit.report import describe, describe_fit

ROWS = blobs(80, 2, 2, seed=1)
HOSTILE = '<script>alert("x")</script> & co'
KINDS = ("mixture", "fit", "mixture report", "fit report")


@pytest.fixture(scope="module")
def shown():
    """Everything that a notebook may be given."""
    mixture = make_mixture("full", 3, 2)
    result = fit(ROWS, 2, seed=0, max_iter=1)
    names = [HOSTILE, "b"]
    return {
        "mixture": mixture_card(mixture),
        "fit": fit_card(result),
        "mixture report": describe(mixture, names=names, units=["<b>", ""])._repr_html_(),
        "fit report": describe_fit(result, names=names, rows=ROWS)._repr_html_(),
    }


@pytest.mark.parametrize("name", KINDS)
def test_markup_is_well_formed(shown, name):
    assert ElementTree.fromstring(shown[name]).tag == "div"


@pytest.mark.parametrize("name", KINDS)
def test_markup_has_no_scripts_links_or_outside_files(shown, name):
    tags = {element.tag for element in ElementTree.fromstring(shown[name]).iter()}
    assert tags <= {"div", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li"}
    elements = ElementTree.fromstring(shown[name]).iter()
    attributes = {attribute for element in elements for attribute in element.attrib}
    assert attributes <= {"style"}
    assert "url(" not in shown[name]


@pytest.mark.parametrize("name", KINDS)
def test_markup_sets_no_color_so_that_it_is_legible_on_any_page(shown, name):
    styles = " ".join(re.findall('style="([^"]*)"', shown[name]))
    assert not re.search(r"(?<!-)color:|#[0-9a-f]{3}|rgb", styles)
    assert re.findall(r"background:(\w+)", styles) in ([], ["none"] * styles.count("background"))


@pytest.mark.parametrize("name", KINDS)
def test_markup_is_small(shown, name):
    assert len(shown[name]) < 12_000


@pytest.mark.parametrize("name", ["mixture report", "fit report"])
def test_names_are_shown_as_they_are_and_never_read_as_markup(shown, name):
    texts = list(ElementTree.fromstring(shown[name]).itertext())
    assert any(HOSTILE in text for text in texts)


@pytest.mark.parametrize(
    "markup",
    [paragraph(HOSTILE), bullets([HOSTILE]), table([HOSTILE], [[HOSTILE]]), card(HOSTILE)],
)
def test_every_part_escapes_its_text(markup):
    assert set(ElementTree.fromstring(markup).itertext()) == {HOSTILE}


def test_a_card_shows_the_largest_components_and_counts_the_others():
    k = 30
    weights = np.arange(1, k + 1) / (k * (k + 1) / 2)
    mixture = Mixture(weights, np.zeros((k, 11)), np.array([np.eye(11)] * k))
    tree = ElementTree.fromstring(mixture_card(mixture))
    rows = [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")]
    assert rows[0] == ["component", "share", *(f"x{j}" for j in range(8))]
    assert [row[0] for row in rows[1:]] == [str(index) for index in range(29, 17, -1)]
    assert "… and 18 smaller components and 3 columns more" in mixture_card(mixture)


def test_a_card_of_a_fit_says_how_it_ended():
    result = fit(ROWS, 2, seed=0, max_iter=1)
    assert "not converged after 1 iterations" in fit_card(result)
    assert f"{result.bic():,.2f}" in fit_card(result)
