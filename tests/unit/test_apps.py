"""The worked applications do what their pages say, on the samples that come with gmmkit."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from gmmkit.core.mixture import Mixture
from gmmkit.io.samples import sample_path
from gmmkit.io.table import read_table

_APPS = Path(__file__).parents[2] / "apps"


def script(name: str) -> ModuleType:
    """The script of an application, loaded from its file."""
    path = _APPS / name / f"{name}.py"
    if not path.exists():
        pytest.skip("the project's applications are not beside these tests")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What who_is_speaking prints with the quick background model, and where it ran."""
    return run_in(tmp_path_factory.mktemp("app"), script("who_is_speaking"))


def run_in(folder: Path, module: ModuleType, *words: str) -> tuple[str, Path]:
    """Run a script's story in a folder, and return what it prints."""
    from contextlib import chdir, redirect_stdout
    from io import StringIO

    printed = StringIO()
    with chdir(folder), redirect_stdout(printed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BACKGROUND", "fast")
        module.main(*words)
    return printed.getvalue(), folder


def answers(text: str) -> dict[str, str]:
    """Who is said to speak in which recording."""
    lines = (line.split() for line in text.splitlines() if " is " in line)
    return {words[0]: words[2] for words in lines}


def test_everyone_is_known_by_name_and_the_stranger_by_none(told: tuple[str, Path]) -> None:
    assert answers(told[0]) == {
        "someone": "ana",
        "test-ben": "ben",
        "test-carla": "carla",
        "test-dmitri": "dmitri",
        "test-emeka": "emeka",
        "stranger": "unknown",
    }


def test_a_true_claim_is_accepted_and_a_false_one_rejected(told: tuple[str, Path]) -> None:
    assert "someone as ana: accepted" in told[0]
    assert "someone as ben: rejected" in told[0]


def test_two_recordings_are_compared_without_a_registry(told: tuple[str, Path]) -> None:
    assert "ana-1 and someone: the same voice" in told[0]
    assert "ana-1 and stranger: different voices" in told[0]


def test_the_evidence_is_drawn_and_nothing_else_is_left_behind(told: tuple[str, Path]) -> None:
    assert [path.name for path in told[1].iterdir()] == ["who_is_speaking.png"]
    with Image.open(told[1] / "who_is_speaking.png") as picture:
        assert min(picture.size) > 300


def test_people_can_be_enrolled_from_folders_of_their_own(tmp_path: Path) -> None:
    for name in ("ana", "ben", "carla"):
        for number in (1, 2, 3):
            source = sample_path(f"{name}-{number}", kind="recording")
            (tmp_path / "people" / name).mkdir(parents=True, exist_ok=True)
            (tmp_path / "people" / name / source.name).symlink_to(source)
    test = str(sample_path("test-ben", kind="recording"))
    text, _ = run_in(tmp_path, script("who_is_speaking"), "people", test)
    assert answers(text) == {"test-ben": "ben"}


def test_the_page_shows_what_the_script_prints(told: tuple[str, Path]) -> None:
    page = (_APPS / "who_is_speaking" / "README.md").read_text("utf-8")
    block = page.split("```")[3]
    assert words_of(block) == words_of(told[0])


def words_of(text: str) -> list[str]:
    """The words of a text without numbers, and without whom a stranger sounds like."""
    kept = [line.split("LLR")[0] if "unknown" in line else line for line in text.splitlines()]
    return [
        word for word in " ".join(kept).split() if not word.strip("+-.,").replace(".", "").isdigit()
    ]


@pytest.fixture(scope="module")
def basket(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What fruit_basket prints, and where it ran."""
    from contextlib import chdir, redirect_stdout
    from io import StringIO

    module, folder, printed = script("fruit_basket"), tmp_path_factory.mktemp("fruits"), StringIO()
    with chdir(folder), redirect_stdout(printed):
        module.main()
    return printed.getvalue(), folder


def test_each_bell_of_the_basket_is_a_sort_of_fruit(basket: tuple[str, Path]) -> None:
    lines = [line for line in basket[0].splitlines() if line.startswith("bell ")]
    most = [line.rsplit(": ", 1)[1].split(",")[0].split()[1] for line in lines]
    assert most == ["lemons", "apples", "oranges"]


def test_soft_assignment_finds_the_sorts_better_than_hard(basket: tuple[str, Path]) -> None:
    mistakes = {
        line.split(":")[0]: int(line.split()[1])
        for line in basket[0].splitlines()
        if "in a wrong bell" in line
    }
    assert mistakes["soft"] < 15
    assert mistakes["hard"] > 1.5 * mistakes["soft"]


def test_the_color_makes_most_fruits_sure(basket: tuple[str, Path]) -> None:
    by_size, by_color = (
        int(line.split(": ")[1].split()[0])
        for line in basket[0].splitlines()
        if "surely belong" in line
    )
    assert by_size < 130 < 140 < by_color


def test_the_baskets_page_shows_what_the_script_prints(basket: tuple[str, Path]) -> None:
    page = (_APPS / "fruit_basket" / "README.md").read_text("utf-8")
    shown, printed = page.split("```")[3], basket[0]
    number = re.compile(r"\d+(?:\.\d+)?")
    assert number.sub("#", shown).split() == number.sub("#", printed).split()
    # Where a fit stops may differ a little from one processor to another.
    pairs = zip(number.findall(shown), number.findall(printed), strict=True)
    assert max(abs(float(one) - float(other)) for one, other in pairs) <= 2


def test_the_basket_is_drawn_and_nothing_else_is_left_behind(basket: tuple[str, Path]) -> None:
    assert [path.name for path in basket[1].iterdir()] == ["fruit_basket.png"]
    with Image.open(basket[1] / "fruit_basket.png") as picture:
        assert min(picture.size) > 300


# What is printed, where it ran, the script, and what it drew: map, scans, path, ...
Robot = tuple[str, Path, ModuleType, Any]


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Robot:
    """One run of robot_map in a folder of its own."""
    from contextlib import chdir, redirect_stdout
    from io import StringIO
    from unittest.mock import Mock

    folder, printed = tmp_path_factory.mktemp("robot"), StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(_APPS / "robot_map")
        module = script("robot_map")
        draw = Mock(wraps=module.draw)
        patch.setattr(module, "draw", draw)
        with chdir(folder), redirect_stdout(printed):
            module.main()
    return printed.getvalue(), folder, module, draw.call_args.args


def test_every_beam_ends_at_a_wall_within_the_noise_of_its_range(robot: Robot) -> None:
    origins, directions, ranges = robot[3][1].beams()
    ends = origins + ranges[:, None] * directions
    assert robot[2].clearance(ends).max() < 6 * robot[2].DEVIATION


def test_the_map_tells_hits_from_free_points_of_scans_that_it_has_not_seen(robot: Robot) -> None:
    assert float(robot[0].split("AUC ")[1].split()[0]) > 0.99


def test_stops_a_meter_are_hits_over_meters_of_beam(robot: Robot) -> None:
    world = robot[3][0]
    places = np.array([[2.0, 5.4], [4.0, 4.0], [9.4, 2.0]])
    hits = world.n_hits * np.exp(world.hits.log_density(places))
    meters = world.beam_meters * np.exp(world.free.log_density(places))
    np.testing.assert_allclose(np.exp(world.log_stops(places)), hits / meters, rtol=1e-9)


def test_the_robot_gets_to_its_goal_without_touching_a_wall(robot: Robot) -> None:
    module, path = robot[2], robot[3][2]
    np.testing.assert_array_equal(path[[0, -1]], [module.START, module.GOAL])
    assert module.clearance(module.places_on(path, 0.005)).min() > module.RADIUS


def test_the_path_keeps_its_bound_and_to_places_that_were_seen(robot: Robot) -> None:
    _, _, module, (world, _, path, *_) = robot
    pieces = np.stack([path[:-1], path[1:]], axis=1)
    assert world.hits_in_the_way(pieces).max() <= module.LIMIT
    assert world.seen(module.places_on(path, 0.1)).all()


def test_no_way_has_more_hits_in_it_than_the_bound_says(robot: Robot) -> None:
    from scipy.stats import binom

    module, world, random = robot[2], robot[3][0], np.random.default_rng(3)
    starts = random.uniform((0, 0), (module.WIDTH, module.HEIGHT), (100, 2))
    pieces = np.stack([starts, starts + random.normal(size=(100, 2))], axis=1)
    hits = world.hits.sample(50_000, seed=4)
    counts = np.array([in_the_way(hits, a, b, module.RADIUS) for a, b in pieces])
    most = np.minimum(world.hits_in_the_way(pieces) / world.n_hits, 1.0)
    # A false alarm in a hundred thousand runs; and the bound does not say everything is possible.
    assert binom.sf(counts - 1, len(hits), most).min() > 1e-7
    assert np.median(most[counts > 0] * len(hits) / counts[counts > 0]) < 2


def in_the_way(hits: Any, start: Any, end: Any, radius: float) -> int:
    """How many points a disk touches that is moved straight from start to end."""
    along = end - start
    share = np.clip((hits - start) @ along / (along @ along), 0, 1)
    away = np.linalg.norm(hits - start - share[:, None] * along, axis=1)
    return int((away <= radius).sum())


def test_no_path_leads_into_a_room_that_was_not_seen(robot: Robot) -> None:
    module, world = robot[2], robot[3][0]
    with pytest.raises(SystemExit, match="no path is known to be free"):
        module.route(world, module.START, np.array([6.2, 8.5]))


def test_the_robots_page_shows_what_the_script_prints(robot: Robot) -> None:
    page = (_APPS / "robot_map" / "README.md").read_text("utf-8")
    number = re.compile(r"\d+(?:\.\d+)?")
    assert number.sub("#", page.split("```")[3]).split() == number.sub("#", robot[0]).split()


def test_the_map_is_drawn_and_nothing_else_is_left_behind(robot: Robot) -> None:
    assert [path.name for path in robot[1].iterdir()] == ["robot_map.png"]
    with Image.open(robot[1] / "robot_map.png") as picture:
        assert min(picture.size) > 700


@pytest.fixture(scope="module")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, ModuleType]:
    """What fraud_alerts prints, where it ran, and the script."""
    return output_of(script("fraud_alerts"), tmp_path_factory.mktemp("payments"))


def output_of(module: ModuleType, folder: Path) -> tuple[str, Path, ModuleType]:
    """Run a script in a folder, and return what it prints."""
    from contextlib import chdir, redirect_stdout
    from io import StringIO

    printed = StringIO()
    with chdir(folder), redirect_stdout(printed):
        module.main()
    return printed.getvalue(), folder, module


Alerts = tuple[str, Path, ModuleType]


def test_the_oddest_payments_are_frauds_of_every_kind(alerts: Alerts) -> None:
    text, _, module = alerts
    kinds = read_table(module.PAYMENTS, text=["transaction", "fraud"]).columns["fraud"]
    explained = [int(number) - 1 for number in re.findall(r"^payment +(\d+):", text, re.M)]
    assert len(explained) == module.EXPLAINED
    assert {"testing", "cash-out", "clone"} == {kinds[place] for place in explained} - {"no"}


def test_what_is_odd_lies_outside_of_what_was_expected(alerts: Alerts) -> None:
    said = re.findall(r"_?[a-z] is ([\d.,]+), expected ([\d.,]+) to ([\d.,]+) because", alerts[0])
    values = [[float(number.replace(",", "")) for number in line] for line in said]
    assert len(values) == 10
    assert all(low < high and not low <= value <= high for value, low, high in values)


def test_trimming_keeps_frauds_from_being_described_as_usual(alerts: Alerts) -> None:
    found = {
        name: int(count)
        for name, count in re.findall(r"^(.*trimmed): (\d+) of the first 50", alerts[0], re.M)
    }
    assert found["3 components, trimmed"] >= 45
    assert found["3 components, not trimmed"] <= 30
    assert found["1 component, not trimmed"] <= found["3 components, trimmed"]


def test_an_alert_names_the_column_that_its_expectation_rests_on(alerts: Alerts) -> None:
    module, covariance = alerts[2], np.eye(7)
    amount, usual = module.NAMES.index("amount"), module.NAMES.index("usual_amount")
    covariance[amount, usual] = covariance[usual, amount] = 0.9
    mixture, row = Mixture([1.0], [[6.0] * 7], [covariance]), np.full(7, 6.0)
    row[usual], row[amount] = 6.3, 9.0
    # Given its usual amount of sinh(6.3) = 272, the amount's mean is 6.27 and its deviation 0.436.
    low, high = (np.sinh(6.27 + side * 1.645 * 0.19**0.5) for side in (-1, 1))
    told = f"amount is 4,052, expected {low:.0f} to {high:.0f} because usual_amount is 272"
    assert told in module.oddity(mixture, row)


def test_times_are_cut_in_the_quietest_hour_and_come_back(alerts: Alerts) -> None:
    module = alerts[2]
    scaled = module.to_scale("hour", np.array([4.0, 23.5, 3.75]))
    assert scaled.tolist() == [0.0, 19.5, 23.75]
    assert [module.in_words("hour", value) for value in scaled] == ["4:00", "23:30", "3:45"]


def test_the_page_of_the_alerts_shows_what_the_script_prints(alerts: Alerts) -> None:
    page = (_APPS / "fraud_alerts" / "README.md").read_text("utf-8")
    # Which of two near causes is the main one may differ from one processor to another.
    cause = re.compile(r"because .*")
    assert_same_story(cause.sub("", page.split("```")[3]), cause.sub("", alerts[0]))


def assert_same_story(shown: str, printed: str) -> None:
    """Words must be equal; numbers nearly, as where a fit stops may differ a little."""
    number = re.compile(r"\d+(?:[.,]\d+)*")
    assert number.sub("#", shown).split() == number.sub("#", printed).split()
    for one, other in zip(number.findall(shown), number.findall(printed), strict=True):
        assert float(one.replace(",", "")) == pytest.approx(
            float(other.replace(",", "")), rel=0.03, abs=1.01
        )


def test_the_alerts_are_drawn_and_nothing_else_is_left_behind(alerts: Alerts) -> None:
    assert [path.name for path in alerts[1].iterdir()] == ["fraud_alerts.png"]
    with Image.open(alerts[1] / "fraud_alerts.png") as picture:
        assert min(picture.size) > 300


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, ModuleType]:
    """What customer_segments prints, where it ran, and the script."""
    return output_of(script("customer_segments"), tmp_path_factory.mktemp("purchases"))


Segments = tuple[str, Path, ModuleType]


def test_six_kinds_of_customers_are_found_and_named(segments: Segments) -> None:
    named = re.findall(r"^[A-F] ([A-Z][a-z ]+?) +\d+ customers", segments[0], re.M)
    assert named == ["Champions", "Big orders", "At risk", "Loyal", "Hibernating", "New"]


def test_every_customer_and_all_revenue_is_in_some_segment(segments: Segments) -> None:
    told = re.findall(r"(\d+) customers, +([\d.]+)% of revenue", segments[0])
    assert len(told) == 8
    assert sum(int(customers) for customers, _ in told) == pytest.approx(490, abs=4)
    assert sum(float(share) for _, share in told) == pytest.approx(100, abs=0.4)


def test_the_doubtful_customers_are_between_two_segments(segments: Segments) -> None:
    told = re.findall(r"^c\d{3}, .*: (\d+)% .*, (\d+)% ", segments[0], re.M)
    assert len(told) == 5
    assert all(50 > int(second) > 30 and int(first) < 65 for first, second in told)


def test_recency_frequency_and_monetary_are_as_defined(segments: Segments, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    lines = [
        "b,2024-03-01,3,10",
        "a,2024-01-01,1,20",
        "a,2024-01-01,1,30",
        "a,2024-02-28,2,40",
        "b,2024-03-01,4,5",
    ]
    path.write_text("\n".join(["customer,date,order,amount", *lines, ""]), "utf-8")
    table = read_table(path, numeric=["amount"], text=["customer", "date", "order"])
    customers = segments[2].measured(table)
    # 2024 is a leap year: from February 28 to March 2 it is three days.
    assert customers.names.tolist() == ["a", "b"]
    assert customers.measures.tolist() == [[3.0, 2.0, 45.0], [1.0, 2.0, 7.5]]
    assert customers.revenue.tolist() == [90.0, 15.0]
    assert customers.tenure.tolist() == [61.0, 1.0]


@pytest.mark.parametrize(
    ("center", "tenure", "name"),
    [
        ([0.5, 3.0, 1.0], 500.0, "Champions"),
        ([0.5, 1.5, 1.0], 500.0, "Loyal"),
        ([0.5, 0.5, 1.0], 500.0, "Occasional"),
        ([0.5, 0.5, 1.0], 100.0, "New"),
        ([0.5, 0.5, 2.5], 500.0, "Big orders"),
        ([2.5, 1.5, 2.5], 500.0, "At risk"),
        ([2.5, 0.5, 2.5], 500.0, "Hibernating"),
    ],
)
def test_a_segment_is_named_by_its_center(
    segments: Segments, center: list[float], tenure: float, name: str
) -> None:
    assert segments[2].segment_name(np.array(center), tenure) == name


def test_the_page_of_the_segments_shows_what_the_script_prints(segments: Segments) -> None:
    page = (_APPS / "customer_segments" / "README.md").read_text("utf-8")
    assert_same_story(page.split("```")[3], segments[0])


def test_the_segments_are_drawn_and_nothing_else_is_left_behind(segments: Segments) -> None:
    assert [path.name for path in segments[1].iterdir()] == ["customer_segments.png"]
    with Image.open(segments[1] / "customer_segments.png") as picture:
        assert min(picture.size) > 300
