"""A lesson shows the true steps of a fit, in words and pictures that say what the numbers say."""

import subprocess
import sys
from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image
from scipy.stats import multivariate_normal

import gmmkit
from gmmkit.errors import InputError, ParameterError
from gmmkit.io.samples import sample_path
from gmmkit.io.table import read_table
from gmmkit.lesson import Wording, draw_frames, follow, narrate, start_by_chance, teach
from gmmkit.lesson.animation import gif_bytes, png_bytes
from gmmkit.lesson.scenes import Scene, headline, scenes_of, view_of
from gmmkit.lesson.wording import letter, percent
from gmmkit.lesson.words import describe_step, milestones
from gmmkit.plot.bells import bells_plot, blended_colors, ellipse_of

COLUMNS = ("weight_g", "diameter_mm")


@pytest.fixture(scope="module")
def basket():
    return read_table(sample_path("fruit-basket", kind="table")).rows(COLUMNS)


@pytest.fixture(scope="module")
def lessons(basket):
    return teach(basket, 3)


@pytest.fixture(scope="module")
def wording(basket):
    return Wording.of(COLUMNS, basket, thing="fruit")


def shares_by_hand(rows, mixture):
    """Responsibilities from the definition, by another density."""
    parts = zip(mixture.weights, mixture.means, mixture.covariances, strict=True)
    joint = np.array([w * multivariate_normal(m, c).pdf(rows) for w, m, c in parts]).T
    return joint / joint.sum(axis=1, keepdims=True)


def maximized_by_hand(rows, shares):
    """Weights, means and covariances from the definition, one component after the other."""
    counts = shares.sum(axis=0)
    means = [r @ rows / r.sum() for r in shares.T]
    pairs = zip(shares.T, means, strict=True)
    covariances = [((rows - m).T * r) @ (rows - m) / r.sum() for r, m in pairs]
    return counts / len(rows), np.array(means), np.array(covariances)


@pytest.mark.parametrize("which", [0, 1])
def test_every_step_is_the_textbooks(basket, lessons, which):
    for step in lessons[which].steps[:6]:
        shares = shares_by_hand(basket, step.before)
        if lessons[which].assignment == "hard":
            shares = np.eye(3)[shares.argmax(axis=1)]
        np.testing.assert_allclose(step.responsibilities, shares, atol=1e-9)
        weights, means, covariances = maximized_by_hand(basket, shares)
        np.testing.assert_allclose(step.after.weights, weights, rtol=1e-9)
        np.testing.assert_allclose(step.after.means, means, rtol=1e-9)
        np.testing.assert_allclose(step.after.covariances, covariances, rtol=1e-7)


def test_each_step_begins_where_the_last_one_ended(lessons):
    for lesson in lessons:
        assert lesson.steps[0].before is lesson.start
        afters = [step.after for step in lesson.steps]
        assert [step.before for step in lesson.steps[1:]] == afters[:-1]
        assert lesson.mixture is afters[-1]


@pytest.mark.parametrize("seed", range(5))
def test_no_step_lowers_the_objective(basket, seed):
    for lesson in teach(basket, 3, seed=seed):
        reached = [step.log_likelihood for step in lesson.steps] + [lesson.log_likelihood]
        assert (np.diff(reached) > -1e-7).all()


def test_the_objective_of_hard_assignment_counts_each_rows_own_component(basket, lessons):
    hard = lessons[1]
    own = hard.mixture.log_joint(basket).max(axis=1).sum()
    assert hard.log_likelihood == pytest.approx(own, abs=1e-8)


def test_the_lesson_ends_where_a_fit_from_its_start_ends(basket, lessons):
    fitted = gmmkit.fit(basket, 3, start=lessons[0].start)
    # Both stop after two gains below 1e-4 nats a row; a fit sees the last one a step later.
    assert lessons[0].log_likelihood == pytest.approx(fitted.log_likelihood, abs=2 * 150e-4)


def test_soft_and_hard_begin_alike_and_end_apart(lessons):
    soft, hard = lessons
    assert soft.start is hard.start
    assert soft.mixture.log_density(soft.rows).sum() > hard.mixture.log_density(hard.rows).sum() + 5


def test_components_are_ordered_by_their_center_in_the_first_column(lessons):
    assert (np.diff(lessons[0].mixture.means[:, 0]) > 0).all()


def test_the_start_depends_on_the_set_of_rows_and_not_on_their_order(basket):
    shuffled = np.random.default_rng(3).permutation(basket)
    one, other = (start_by_chance(rows, 3, seed=7) for rows in (basket, shuffled))
    np.testing.assert_allclose(one.means, other.means, rtol=1e-12)


def test_neither_offset_nor_units_change_what_belongs_where(basket):
    scale, offset = np.array([1024.0, 2.0**-10]), np.array([1e8, -1e3])
    one, other = (
        teach(rows, 3, assignments=["soft"])[0] for rows in (basket, basket * scale + offset)
    )
    np.testing.assert_allclose(one.responsibilities, other.responsibilities, atol=1e-4)


def test_a_bell_that_shrinks_to_a_point_is_named():
    rows = np.concatenate([np.random.default_rng(0).normal(size=(40, 2)), np.full((8, 2), 9.0)])
    (lesson,) = teach(rows, 2, assignments=["soft"])
    assert lesson.collapsed == (1,)
    assert "B collapsed" in narrate([lesson], Wording.of(["a", "b"], rows))


def test_a_soft_lesson_ends_at_the_second_small_gain_in_a_row(lessons):
    soft = lessons[0]
    reached = [step.log_likelihood for step in soft.steps] + [soft.log_likelihood]
    small = np.diff(reached) < 1e-4 * len(soft.rows)
    assert small[-2:].all()
    assert not (small[:-2] & small[1:-1]).any()


def test_a_hard_lesson_ends_as_soon_as_nothing_changes_sides(lessons):
    hard = lessons[1]
    labels = [step.responsibilities.argmax(axis=1) for step in hard.steps]
    assert (labels[-1] == hard.responsibilities.argmax(axis=1)).all()
    assert all((one != other).any() for one, other in pairwise(labels))


def test_a_bell_that_nobody_belongs_to_stays_where_it_was_and_is_named():
    rows = np.random.default_rng(0).normal(size=(40, 2))
    start = gmmkit.Mixture([0.5, 0.5], [[0.0, 0.0], [99.0, 99.0]], [np.eye(2)] * 2)
    lesson = follow(rows, start, assignment="hard")
    assert lesson.mixture.weights.tolist() == [1.0, 0.0]
    assert lesson.mixture.means[1].tolist() == pytest.approx([99.0, 99.0])
    assert lesson.collapsed == (1,)


def test_a_lesson_that_is_cut_short_says_so(basket, wording):
    (lesson,) = teach(basket, 3, assignments=["soft"], max_iter=2)
    assert not lesson.settled
    text = narrate([lesson], wording)
    assert "Ended after 2 steps, unsettled" in text
    assert "More steps would still change the bells." in text


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (
            np.zeros((6000, 1)) + np.arange(6000.0)[:, None],
            "found 6,000 rows; needed at most 5,000",
        ),
        ([[1.0, 5.0], [2.0, 5.0], [3.0, 5.0]], "found 5 in every row of column 1"),
        ([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], "columns say the same"),
        ([[1.0], [2.0], [1.0]], "found 2 distinct rows, 3 components"),
        ([[1.0], [np.nan], [2.0]], "NaN"),
    ],
)
def test_rows_that_teach_nothing_are_refused(rows, match):
    with pytest.raises(InputError, match=match):
        teach(rows, 3)


def test_an_assignment_that_there_is_not(basket):
    with pytest.raises(ParameterError, match="found 'fuzzy'; needed 'soft' or 'hard'"):
        follow(basket, start_by_chance(basket, 2, seed=0), assignment="fuzzy")


@pytest.mark.parametrize("n_steps", [1, 5, 8, 9, 25, 200])
def test_milestones_ascend_from_the_first_step_to_the_last(n_steps):
    shown = milestones(n_steps, 8)
    assert shown[0] == 1
    assert shown[-1] == n_steps
    assert (np.diff(shown) > 0).all()
    assert len(shown) <= 8


def test_the_words_name_the_row_that_changed_most(lessons, wording):
    soft = lessons[0]
    change = soft.steps[4].responsibilities - soft.steps[3].responsibilities
    row, component = np.unravel_index(change.argmax(), change.shape)
    before, after = (soft.steps[i].responsibilities[row, component] for i in (3, 4))
    told = describe_step(soft, 5, wording).expectation
    assert told.startswith(f"Fruit {row + 1} (")
    assert told.endswith(
        f"{letter(component)} from {before:.0%} to {after:.0%}.".replace("%", " %")
    )


def test_the_words_name_the_bell_that_moved_farthest_in_units_of_the_spread(lessons, wording):
    step = lessons[0].steps[5]
    moved = np.abs(step.after.means - step.before.means) / lessons[0].rows.std(axis=0)
    farthest = int(moved.max(axis=1).argmax())
    told = describe_step(lessons[0], 6, wording).maximization
    assert told.startswith(f"{letter(farthest)} moves farthest: from ")


def test_the_words_count_who_changes_sides(lessons, wording):
    hard = lessons[1]
    labels = [step.responsibilities.argmax(axis=1) for step in hard.steps[:2]]
    movers = int((labels[0] != labels[1]).sum())
    assert describe_step(hard, 2, wording).expectation.startswith(f"{movers} fruits change sides")


def test_the_words_say_how_far_the_objective_rises(lessons, wording):
    soft = lessons[0]
    gain = soft.steps[1].log_likelihood - soft.steps[0].log_likelihood
    assert describe_step(soft, 1, wording).gain.endswith(f"up by {gain:.1f}")


def test_the_story_fits_a_terminal_and_ends_with_shares_centers_and_doubts(lessons, wording):
    text = narrate(lessons, wording, seed=0)
    assert max(map(len, text.splitlines())) <= 88
    soft = lessons[0]
    heaviest = f"{soft.mixture.weights[2]:.0%} of the fruits".replace("%", " %")
    assert f"  C  {heaviest}, around {soft.mixture.means[2, 0]:.0f} g" in text
    sure = int((soft.responsibilities.max(axis=1) >= 0.95).sum())
    assert f"{sure} of 150 fruits surely belong to one bell" in text
    doubtful = int(soft.responsibilities.max(axis=1).argmin()) + 1
    assert f"The least sure is fruit {doubtful} (" in " ".join(text.split())


@pytest.mark.parametrize(
    ("column", "label"),
    [
        ("weight_g", "weight (g)"),
        ("sepal length (cm)", "sepal length (cm)"),
        ("hue_deg", "hue (°)"),
        ("body_mass", "body mass"),
        ("g", "g"),
    ],
)
def test_a_unit_is_taken_from_the_end_of_a_name(column, label):
    assert Wording.of([column], [[1.0], [2.0]]).quantities[0].label == label


@pytest.mark.parametrize(("spread", "shown"), [(40.0, "123"), (4.0, "123.5"), (0.04, "123.457")])
def test_numbers_have_the_digits_that_the_spread_deserves(spread, shown):
    rows = np.array([[-spread], [spread]])
    assert Wording.of(["x"], rows).quantities[0].written(123.4567) == shown


def test_a_share_is_called_all_only_if_it_is():
    assert [percent(x) for x in (0.0, 0.004, 0.005, 0.994, 0.996, 1.0)] == [
        *("0 %", "<1 %", "0 %", "99 %", ">99 %", "100 %"),
    ]


def test_scenes_begin_with_the_rows_and_end_with_the_longest_lesson(lessons):
    scenes = scenes_of(lessons)
    assert [scenes[0].phase, scenes[1].phase, scenes[-1].phase] == ["rows", "start", "end"]
    assert scenes[-1].step == max(len(lesson.steps) for lesson in lessons)
    names = [scene.name for scene in scenes]
    assert sorted(set(names)) == names


def test_the_two_halves_of_a_step_show_old_and_new_bells_in_the_same_colors(lessons, wording):
    soft, (expected, maximized) = (
        lessons[0],
        [
            view_of(lessons[0], Scene(phase, 2, 1.0), wording)
            for phase in ("expectation", "maximization")
        ],
    )
    assert expected.mixture is soft.steps[1].before
    assert maximized.mixture is soft.steps[1].after
    assert expected.responsibilities is maximized.responsibilities


def test_the_trail_of_a_center_leads_from_the_start_to_where_it_is(lessons, wording):
    soft = lessons[0]
    for phase, length in (("expectation", 2), ("maximization", 3)):
        view = view_of(soft, Scene(phase, 3, 1.0), wording)
        ways = [*view.trail, view.mixture.means]
        assert len(view.trail) == length
        for means, step in zip(ways, soft.steps, strict=False):
            np.testing.assert_array_equal(means, step.before.means)


def test_a_lesson_that_stands_shows_how_it_stands_while_the_other_goes_on(lessons, wording):
    hard = lessons[1]
    view = view_of(hard, Scene("both", len(lessons[0].steps), 1.0), wording)
    assert view.mixture is hard.mixture
    assert view.note.startswith(f"stands after {len(hard.steps)} steps")


def test_every_scene_has_a_headline(lessons, wording):
    assert len({headline(scene, wording) for scene in scenes_of(lessons)}) == len(
        scenes_of(lessons)
    )


def test_pure_rows_have_the_colors_of_their_components_and_others_lie_between():
    pure, mixed, noise = blended_colors([[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]])
    assert (pure * 255).round().astype(int).tolist() == [0x00, 0x72, 0xB2]
    light = (np.array([0x00, 0x72, 0xB2]) / 255) ** 2.2 + (
        np.array([0xE6, 0x9F, 0x00]) / 255
    ) ** 2.2
    np.testing.assert_allclose(mixed**2.2, light / 2, atol=1e-12)
    assert (noise * 255).round().astype(int).tolist() == [0x76] * 3


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_an_ellipse_holds_the_share_that_it_says(level):
    covariance = np.array([[4.0, 1.8], [1.8, 1.0]])
    width, height, angle = ellipse_of(covariance, level)
    points = np.random.default_rng(1).multivariate_normal([0, 0], covariance, size=20_000)
    turn = np.radians(angle)
    along = points @ np.array([np.cos(turn), np.sin(turn)])
    aside = points @ np.array([-np.sin(turn), np.cos(turn)])
    inside = ((2 * along / width) ** 2 + (2 * aside / height) ** 2 <= 1).mean()
    # Five standard errors: a false alarm in two million.
    assert inside == pytest.approx(level, abs=5 * np.sqrt(level * (1 - level) / 20_000))


def test_bells_are_drawn_of_the_first_two_columns_and_none_for_a_lost_component():
    pytest.importorskip("matplotlib")
    mixture = gmmkit.Mixture([1.0, 0.0], np.zeros((2, 3)), [np.diag([4.0, 1.0, 9.0])] * 2)
    from matplotlib.figure import Figure

    ax = bells_plot(np.eye(3), mixture, levels=[0.5], ax=Figure().subplots())
    (bell,) = ax.patches
    assert bell.width / bell.height == pytest.approx(2.0)
    assert bell.height == pytest.approx(2 * np.sqrt(-2 * np.log(0.5)))


def test_a_line_is_no_plane():
    with pytest.raises(ParameterError, match="at least two columns"):
        bells_plot([[1.0], [2.0]])


def test_frames_are_the_same_pictures_every_time(lessons, wording):
    pytest.importorskip("matplotlib")
    scenes = [scenes_of(lessons)[i] for i in (0, -1)]
    one, other = ([p for _, p in draw_frames(lessons, wording, scenes=scenes)] for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert one[0].shape == one[1].shape == (580, 1000, 3)
    assert (one[0] != one[1]).any()


def test_a_lesson_in_one_column_has_no_picture():
    rows = [[0.0], [1.0], [5.0], [6.0]]
    with pytest.raises(InputError, match="a picture needs two columns"):
        draw_frames(teach(rows, 2), Wording.of(["a"], rows))


def test_an_animation_keeps_durations_and_white(lessons, wording):
    pytest.importorskip("matplotlib")
    scenes = scenes_of(lessons)[1:4]
    pictures = [picture for _, picture in draw_frames(lessons, wording, scenes=scenes)]
    payload = gif_bytes(pictures, [0.5, 0.7, 1.0])
    assert payload == gif_bytes(pictures, [0.5, 0.7, 1.0])
    with Image.open(BytesIO(payload)) as animation:
        assert animation.n_frames == 3
        shown = []
        for number in range(3):
            animation.seek(number)
            shown.append((animation.info["duration"], animation.convert("RGB").getpixel((0, 0))))
    assert shown == [(500, (255,) * 3), (700, (255,) * 3), (1000, (255,) * 3)]


def test_pictures_of_different_sizes_make_no_animation():
    small, large = np.zeros((2, 2, 3), np.uint8), np.zeros((4, 2, 3), np.uint8)
    with pytest.raises(InputError, match="found 2 pictures and 2 durations"):
        gif_bytes([small, large], [1.0, 1.0])


def test_a_frame_as_png_has_its_pixels():
    picture = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(BytesIO(png_bytes(picture)))), picture)


def test_a_story_needs_neither_matplotlib_nor_pillow():
    code = (
        "import sys; sys.modules['matplotlib'] = sys.modules['PIL'] = None\n"
        "from gmmkit.lesson import Wording, narrate, teach\n"
        "rows = [[0.0], [1.0], [5.0], [6.0]]\n"
        "print(narrate(teach(rows, 2), Wording.of(['a_g'], rows)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("4 rows, each measured by a (g).")
