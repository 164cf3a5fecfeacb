"""The background of a video: the equations pixel by pixel, and what a model promises its users."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter
from videos import KINDS, f1_score, make_video

import gmmkit
from gmmkit.errors import InputError, ParameterError
from gmmkit.image import BackgroundModel, subtract_background
from gmmkit.image.background.kernels import pool
from gmmkit.image.background.lighting import estimate_lighting
from gmmkit.image.background.settings import BackgroundSettings
from gmmkit.image.background.state import ARRAY_NAMES, empty_state
from gmmkit.image.background.update import next_step

PLAIN = {"smoothing": 0, "adapt_lighting": False, "detect_shadows": False}


def noisy(value, *, count, shape=(20, 30), channels=3, deviation=3.0, seed=0):
    """Frames of one color with noise."""
    random = np.random.default_rng(seed)
    values = random.normal(value, deviation, (count, *shape, channels))
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def taught(frames, **options):
    model = BackgroundModel(**options)
    for frame in frames:
        model.apply(frame)
    return model


def same_state(one, other):
    arrays = all(np.array_equal(one.arrays[name], other.arrays[name]) for name in ARRAY_NAMES)
    return arrays and (one.n_frames, one.noise) == (other.n_frames, other.noise)


# One pixel, by the equations


class Pixel:
    """One pixel's mixture in plain Python: components are [weight, means, variance, visits]."""

    def __init__(self, settings):
        self.settings, self.components, self.calm, self.n_frames = settings, [], False, 0

    def _accepted(self, rank, before, lasting):
        weight, _, _, visits = self.components[rank]
        kept = rank == 0 or visits >= 3 or weight >= lasting
        return kept and (rank == 0 or before < self.settings.background_ratio)

    def learn(self, x, rate, noise):
        """Return the squared distance to the background."""
        s = self.settings
        floor, start, most = (
            max((deviation / 255) ** 2, share * noise)
            for deviation, share in (
                (s.smallest_deviation, 0.5),
                (s.initial_deviation, 1.0),
                (s.largest_deviation, 1.0),
            )
        )
        share = 1 - s.background_ratio
        lasting = share * s.history / min(max(self.n_frames, 1), s.history)
        lasting = min(max(0.3, share), lasting)
        own, nearest, far, calm, before = None, s.generation_threshold, np.inf, False, 0.0
        for rank, (weight, means, variance, _) in enumerate(self.components):
            distance = sum((x - means) ** 2) / min(max(variance, floor), most)
            accepted = self._accepted(rank, before, lasting)
            if accepted:
                far = min(far, distance)
            if distance < nearest:
                own, nearest, calm = self.components[rank], distance, accepted
            before += weight
        self._move(x, own, rate, (floor, start, most))
        own = own or self.components[-1]
        if self.calm and not calm:
            own[3] += 1
        self.calm = calm
        total = sum(component[0] for component in self.components)
        for component in self.components:
            component[0] /= total
        self.components.sort(key=lambda component: -component[0])
        self.n_frames += 1
        return far

    def _move(self, x, own, rate, bounds):
        s, (floor, start, most) = self.settings, bounds
        loss, kept = rate * s.complexity_reduction, []
        for component in self.components:
            component[0] += rate * ((component is own) - component[0]) - loss
            if component is own or component[0] >= max(loss, 1e-300):
                kept.append(component)
        self.components = kept
        if own is None:
            if len(kept) == s.max_components:
                del kept[-1]
            kept.append([rate if kept else 1.0, x.copy(), start, 0])
            return
        step = min(max(rate / own[0], s.tracking_rate), 1)
        difference = x - own[1]
        own[1] = own[1] + step * difference
        variance = own[2] + step * (np.mean(difference**2) - own[2])
        own[2] = min(max(variance, floor), most)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_pixel_follows_the_equations(channels):
    settings = BackgroundSettings(**PLAIN, max_components=3, history=60)
    random = np.random.default_rng(channels)
    shape, levels = (3, 4), np.array([0.2, 0.35, 0.6, 0.62, 0.9])
    which = random.choice(5, (120, *shape, 1), p=[0.5, 0.25, 0.15, 0.05, 0.05])
    frames = levels[which] + random.normal(0, 0.012, (120, *shape, channels))
    state = empty_state(shape, channels, 3)
    pixels = {place: Pixel(settings) for place in np.ndindex(shape)}
    for number, frame in enumerate(frames.astype(np.float32)):
        rate = 1 / min(number + 1, settings.history)
        step = next_step(state, frame, settings, rate)
        state = step.state
        for place, pixel in pixels.items():
            far = pixel.learn(frame[place].astype(float), rate, state.noise)
            if number and abs(far - 16) > 0.01:
                assert (step.mask[place] == 255) == (far >= 16)
    for place, pixel in pixels.items():
        count = len(pixel.components)
        weights, means, variances, visits = zip(*pixel.components, strict=True)
        assert np.count_nonzero(state.weights[place]) == count
        np.testing.assert_allclose(state.weights[place][:count], weights, rtol=2e-3)
        np.testing.assert_allclose(state.means[place][:count], means, rtol=2e-3)
        np.testing.assert_allclose(state.variances[place][:count], variances, rtol=2e-2)
        assert state.visits[place][:count].tolist() == list(visits)


def test_a_step_leaves_the_state_it_was_given():
    settings = BackgroundSettings()
    first = next_step(empty_state((5, 6), 3, 5), np.full((5, 6, 3), 0.4, np.float32), settings, 1.0)
    before = first.state.copy()
    next_step(first.state, np.full((5, 6, 3), 0.7, np.float32), settings, 0.5)
    assert same_state(first.state, before)


def test_the_mean_of_a_window_is_cut_off_at_the_borders():
    values = np.random.default_rng(0).random((7, 9)).astype(np.float32)
    result = np.empty_like(values)
    pool(values, 2, np.float32(0.8), result)
    inside = uniform_filter(np.pad(np.minimum(values, 0.8), 2), 5)[2:-2, 2:-2]
    share = uniform_filter(np.pad(np.ones((7, 9)), 2), 5)[2:-2, 2:-2]
    np.testing.assert_allclose(result, inside / share, rtol=1e-5)


# Three videos


@pytest.mark.parametrize("kind", KINDS)
def test_what_moves_is_found(kind):
    frames, truth = make_video(kind)
    masks = np.array(list(subtract_background(frames, warm_up=20)))
    assert f1_score(masks == 255, truth[20:]) > 0.9


@pytest.mark.parametrize("kind", KINDS)
def test_what_moves_is_found_by_each_pixel_alone(kind):
    frames, truth = make_video(kind)
    masks = np.array(list(subtract_background(frames, warm_up=20, smoothing=0)))
    assert f1_score(masks == 255, truth[20:]) > 0.85


def test_a_lamp_that_is_switched_is_no_object():
    frames, _ = make_video("moving", n_frames=1)
    model = taught([frames[0]] * 10)
    assert not model.apply((frames[0] * 0.55).astype(np.uint8)).any()
    without = taught([frames[0]] * 10, adapt_lighting=False)
    assert without.apply((frames[0] * 0.55).astype(np.uint8)).astype(bool).mean() > 0.9


def test_noise_that_neighbors_share_is_no_object():
    random = np.random.default_rng(0)
    noise = random.normal(0, 4, (40, 20, 30, 3)).repeat(3, axis=1).repeat(3, axis=2)
    frames = np.clip(np.rint(120 + noise), 0, 255).astype(np.uint8)
    masks = np.array(list(subtract_background(frames, warm_up=20)))
    assert np.mean(masks > 0) < 0.01


def test_rounding_alone_is_no_object_where_the_light_changes():
    light = 1 + 0.15 * np.sin(0.9 * np.arange(40))
    frames = np.rint(np.full((40, 30, 30, 3), 110.0) * light[:, None, None, None])
    assert not np.any(list(subtract_background(frames.astype(np.uint8))))


def test_the_light_of_a_frame_is_found_beside_objects():
    random = np.random.default_rng(0)
    background = random.random((60, 80, 3)).astype(np.float32)
    frame = 0.8 * background + 0.05 + random.normal(0, 0.01, background.shape)
    frame[:20] = 0.9
    lighting = estimate_lighting(frame.astype(np.float32), background, 0.01**2)
    np.testing.assert_allclose(lighting.gain, 0.8, atol=0.01)
    np.testing.assert_allclose(lighting.offset, 0.05, atol=0.01)
    # A third of the pixels are an object, so the median is of their order and no more.
    assert 0.5 * 0.01**2 < lighting.noise < 4 * 0.01**2


def test_a_shadow_is_told_from_an_object():
    model = taught(noisy((120, 100, 80), count=30))
    frame = noisy((120, 100, 80), count=1, seed=1)[0]
    frame[:8] = frame[:8] * 0.7
    frame[12:, 20:] = (60, 60, 160)
    mask = model.apply(frame)
    assert np.mean(mask[:7] == 127) > 0.95
    assert np.mean(mask[13:, 21:] == 255) > 0.95
    assert not mask[9:11].any()


def test_gray_frames_have_no_shadows():
    model = taught(noisy(120, count=30, channels=1)[..., 0])
    frame = noisy(120, count=1, channels=1, seed=1)[0, ..., 0]
    frame[:8] = 80
    assert set(np.unique(model.apply(frame)[:7])) == {255}


def test_what_keeps_coming_back_is_background():
    frames = noisy(80, count=60)
    frames[::3] = noisy(140, count=20, seed=2)
    model = taught(frames, adapt_lighting=False)
    assert not model.apply(noisy(140, count=1, seed=3)[0]).any()
    assert not model.apply(noisy(80, count=1, seed=3)[0]).any()


def test_what_stays_becomes_background_after_its_share_of_the_history():
    model = taught(noisy(80, count=100), history=100, adapt_lighting=False)
    masks = [model.apply(frame) for frame in noisy(140, count=40, seed=2)]
    shown = [bool((mask == 255).all()) for mask in masks]
    # From 0.3 to 1 - 0.9 of the history, by the number of frames: here at the share of a tenth.
    assert shown[:9] == [True] * 9
    assert not any(shown[15:])


# What a model promises


def test_a_learning_rate_of_zero_learns_nothing():
    frames, _ = make_video("flicker", n_frames=40)
    model = taught(frames[:30])
    before = model.state
    masks = [model.apply(frame, learning_rate=0) for frame in frames[30:]]
    again = [model.apply(frame, learning_rate=0) for frame in frames[30:]]
    assert same_state(model.state, before)
    assert np.array_equal(masks, again)
    assert np.any(masks)


def test_a_copy_goes_its_own_way():
    frames, _ = make_video("moving", n_frames=30)
    model = taught(frames[:20])
    twin, before = model.copy(), model.state
    expected = [twin.apply(frame) for frame in frames[20:]]
    assert same_state(model.state, before)
    assert np.array_equal([model.apply(frame) for frame in frames[20:]], expected)


def test_a_saved_model_goes_on_as_if_nothing_had_been(tmp_path):
    frames, _ = make_video("moving", n_frames=30)
    model = taught(frames[:20], history=77, smoothing=2)
    model.save(tmp_path / "yard.gmm")
    loaded = BackgroundModel.load(tmp_path / "yard.gmm")
    assert loaded.settings == model.settings
    assert same_state(loaded.state, model.state)
    assert np.array_equal(loaded.apply(frames[20]), model.apply(frames[20]))
    assert gmmkit.load(tmp_path / "yard.gmm").kind == "image-background"


def test_masks_do_not_depend_on_the_threads():
    frames = np.random.default_rng(0).integers(0, 256, (3, 300, 500, 1), dtype=np.uint8)
    one, three = BackgroundModel(smoothing=0), BackgroundModel(smoothing=0, n_threads=3)
    for frame in frames:
        assert np.array_equal(one.apply(frame), three.apply(frame))
    assert same_state(one.state, three.state)


@pytest.mark.parametrize(
    "convert",
    [
        lambda frame: frame.astype(np.uint16) * 257,
        lambda frame: frame.astype(np.float32) / np.float32(255),
        lambda frame: frame.astype(np.float64) / 255,
    ],
    ids=["uint16", "float32", "float64"],
)
def test_other_types_give_the_same_masks(convert):
    frames, _ = make_video("moving", n_frames=25)
    expected = list(subtract_background(frames))
    found = list(subtract_background(convert(frame) for frame in frames))
    assert np.mean(np.array(expected) != np.array(found)) < 1e-3


def test_the_background_image_is_what_is_there_without_objects():
    frames, _ = make_video("moving")
    model = taught(frames)
    image = model.background_image()
    truth = np.median(frames.astype(float), axis=0)
    assert (image.dtype, image.shape) == (np.uint8, frames.shape[1:])
    assert np.median(abs(image - truth)) < 2


def test_the_background_image_has_the_type_of_the_frames():
    model = taught([np.full((4, 5), 40_000, np.uint16)] * 3)
    assert np.array_equal(model.background_image(), np.full((4, 5), 40_000, np.uint16))


def test_the_first_frame_is_background():
    assert not BackgroundModel().apply(make_video("moving", n_frames=1)[0][0]).any()


def test_transparent_pixels_are_never_foreground():
    frames = noisy(80, count=12, channels=4)
    frames[..., 3] = 255
    frames[:, :5, :, 3] = 0
    frames[-1, :, :, :3] = 200
    mask = taught(frames[:-1], adapt_lighting=False).apply(frames[-1])
    assert not mask[:5].any()
    assert mask[6:].all()


def test_frames_come_one_at_a_time_and_masks_after_the_warm_up():
    taken = []

    def frames():
        for number in range(6):
            taken.append(number)
            yield np.full((4, 4), 100, np.uint8)

    masks = subtract_background(frames(), warm_up=4)
    assert taken == []
    next(masks)
    assert taken == [0, 1, 2, 3, 4]
    assert len(list(masks)) == 1


def test_a_model_that_is_given_learns():
    model = BackgroundModel()
    list(subtract_background(noisy(80, count=5), model=model))
    assert model.n_frames == 5


def test_a_model_has_its_own_settings():
    with pytest.raises(ParameterError, match="history"):
        subtract_background([], model=BackgroundModel(), history=3)


def test_a_model_that_knows_nothing_has_no_background():
    with pytest.raises(InputError, match="not known yet"):
        BackgroundModel().background_image()


def test_a_model_that_knows_nothing_can_not_learn_nothing():
    with pytest.raises(InputError, match="learning rate above 0"):
        BackgroundModel().apply(np.zeros((4, 4), np.uint8), learning_rate=0)
