"""Recordings are read faithfully, whatever they are stored as, and say what was done to them."""

import io
import struct
import subprocess
import sys
import wave

import numpy as np
import pytest
from recordings import (
    RATE,
    chunk,
    encoded,
    extensible_format,
    int16_bytes,
    sphere_file,
    tone,
    wave_file,
    wave_format,
)

from gmmkit.errors import AudioError, AudioSizeError, AudioWarning, IncompleteAudioWarning
from gmmkit.io.audio import Recording, as_recording, read_recording
from gmmkit.io.audio_formats import tag_length

HALF_STEP, WHOLE_STEP = 0.51 / 32768, 1.01 / 32768


@pytest.fixture
def read(tmp_path):
    """Read bytes as a file."""

    def read(payload, name="voice.wav", **options):
        path = tmp_path / name
        path.write_bytes(payload)
        return read_recording(path, **options)

    return read


def mu_law_value(byte):
    """ITU-T G.711, table 2: the value of one µ-law byte, as a share of 32768."""
    inverted = ~byte & 0xFF
    exponent, mantissa = inverted >> 4 & 7, inverted & 15
    magnitude = ((2 * mantissa + 33) << exponent) - 33
    return (-magnitude if inverted & 0x80 else magnitude) * 4 / 32768


def a_law_value(byte):
    """ITU-T G.711, table 1: the value of one A-law byte, as a share of 32768."""
    flipped = byte ^ 0x55
    exponent, mantissa = flipped >> 4 & 7, flipped & 15
    magnitude = 2 * mantissa + 1 if exponent == 0 else (2 * mantissa + 33) << (exponent - 1)
    return (magnitude if flipped & 0x80 else -magnitude) * 8 / 32768


def test_a_file_of_the_standard_library_has_its_integers_over_32768(read):
    integers = np.array([32767, -32768, 1, -1, 12345, *range(60)], np.int16)
    stream = io.BytesIO()
    with wave.open(stream, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(integers.astype("<i2").tobytes())
    recording = read(stream.getvalue())
    np.testing.assert_array_equal(recording.samples, integers / np.float32(32768))
    assert (recording.sample_rate, recording.n_channels, recording.notes) == (8000, 1, ())
    assert (recording.name, recording.seconds) == ("voice.wav", 65 / 8000)


def test_eight_bits_are_unsigned_about_128(read):
    samples = read(wave_file(bytes(range(256)), wave_format(bits=8))).samples
    np.testing.assert_array_equal(samples, (np.arange(256) - 128) / 128)


def test_24_bits_keep_what_16_would_lose(read):
    integers = [1, -1, 2**22 + 1, -(2**22) - 1]
    raw = b"".join(value.to_bytes(3, "little", signed=True) for value in integers)
    samples = read(wave_file(raw, wave_format(bits=24))).samples
    np.testing.assert_array_equal(samples, np.array(integers) / 2**23)


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_floating_point_is_kept_as_it_is(read, dtype):
    values = np.array([1.25, *np.linspace(-0.7, 0.7, 30)], dtype)
    fmt = wave_format(tag=3, bits=8 * values.itemsize)
    np.testing.assert_array_equal(
        read(wave_file(values.tobytes(), fmt)).samples, values.astype(np.float32)
    )


@pytest.mark.parametrize(("tag", "value_of"), [(7, mu_law_value), (6, a_law_value)])
def test_every_telephone_byte_has_the_value_of_the_standard(read, tag, value_of):
    recording = read(wave_file(bytes(range(256)), wave_format(tag=tag, bits=8, rate=8000)))
    np.testing.assert_array_equal(recording.samples, [value_of(byte) for byte in range(256)])


@pytest.mark.parametrize("valid_bits", [16, 12, 0])
def test_the_extensible_form_is_what_is_inside_it(read, valid_bits):
    raw = int16_bytes(tone())
    plain = read(wave_file(raw))
    extended = read(wave_file(raw, extensible_format(valid_bits=valid_bits)))
    np.testing.assert_array_equal(extended.samples, plain.samples)


def test_a_big_endian_wave_is_the_same_recording(read):
    turned = wave_file(int16_bytes(tone(), ">"), wave_format(order=">"), magic=b"RIFX", order=">")
    np.testing.assert_array_equal(
        read(turned).samples, read(wave_file(int16_bytes(tone()))).samples
    )


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
def test_64_bit_sizes_are_read_from_their_own_chunk(read, magic):
    raw = int16_bytes(tone())
    sizes = chunk(b"ds64", struct.pack("<QQQI", 0, len(raw), len(raw) // 2, 0))
    payload = wave_file(raw, size=0xFFFFFFFF, magic=magic, before=[sizes])
    assert read(payload).samples.shape == (len(raw) // 2,)


def test_chunks_around_the_samples_are_passed_over(read):
    around = [chunk(b"LIST", b"INFOodd"), chunk(b"fact", bytes(4))]
    payload = wave_file(int16_bytes(tone()), before=around, after=around)
    np.testing.assert_array_equal(
        read(payload).samples, read(wave_file(int16_bytes(tone()))).samples
    )


@pytest.mark.parametrize("kind", ["FLAC", "NIST", "RF64", "WAV", "WAVEX"])
def test_what_libsndfile_writes_without_loss_is_read_back(read, kind):
    # 49: the name says WAV, whatever is inside.
    samples = read(encoded(kind, subtype="PCM_16")).samples
    np.testing.assert_allclose(samples, tone()[:, 0], atol=WHOLE_STEP)


@pytest.mark.parametrize(
    ("kind", "subtype"), [("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III")]
)
def test_compressed_sound_comes_near_and_lasts_as_long(read, kind, subtype):
    samples = read(encoded(kind, subtype=subtype)).samples
    assert len(samples) == len(tone())
    assert np.corrcoef(samples, tone()[:, 0])[0, 1] > 0.95


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"ID3\x04\0\0\0\0\x02\x01", 10 + 257),
        (b"ID3\x04\0\x10\0\0\x02\x01", 10 + 257 + 10),
        (b"ID3\x04\0\0\0\0\x02\x81", 0),
        (b"ID3\x04", 0),
        (b"fLaC" + bytes(10), 0),
    ],
    ids=["tag", "with footer", "impossible size", "cut off", "none"],
)
def test_the_length_of_a_tag_is_that_of_its_standard(head, length):
    assert tag_length(head) == length


@pytest.mark.parametrize("name", ["voice.raw", "voice.vox", "voice"])
def test_the_name_of_a_file_never_tells_its_format(read, name):
    # libsndfile takes .raw and .vox for samples without a header.
    samples = read(encoded("FLAC"), name).samples
    np.testing.assert_allclose(samples, tone()[:, 0], atol=WHOLE_STEP)


def test_a_tag_before_an_mp3_is_passed_over(read):
    sound = encoded("MP3")
    tag = b"ID3" + bytes([4, 0, 0, 0, 0, 2, 1]) + bytes(257)
    np.testing.assert_array_equal(read(tag + sound).samples, read(sound).samples)


def test_a_flac_that_does_not_say_how_long_it_is_is_read_to_its_end(read):
    payload = bytearray(encoded("FLAC"))
    payload[21] &= 0xF0
    payload[22:26] = bytes(4)
    assert len(read(bytes(payload)).samples) == len(tone())


@pytest.mark.parametrize(("order", "mark"), [("<", "01"), (">", "10")])
def test_a_sphere_file_is_read_in_its_byte_order(read, order, mark):
    payload = sphere_file(int16_bytes(tone(), order), sample_byte_format=f"-s2 {mark}")
    samples = read(payload, "voice.sph").samples
    np.testing.assert_allclose(samples, tone()[:, 0], atol=HALF_STEP)


def test_a_telephone_call_in_sphere_is_mixed_from_its_two_sides(read):
    fields = {"channel_count": "-i 2", "sample_n_bytes": "-i 1", "sample_coding": "-s4 ulaw"}
    fields |= {"sample_byte_format": "-s1 1", "sample_rate": "-i 8000", "sample_count": "-i 128"}
    recording = read(sphere_file(bytes(range(256)), **fields))
    values = np.array([mu_law_value(byte) for byte in range(256)]).reshape(-1, 2)
    np.testing.assert_allclose(recording.samples, values.mean(axis=1), atol=1e-7)


def test_two_channels_are_averaged_and_a_note_says_so(read):
    sound = tone(channels=2)
    recording = read(wave_file(int16_bytes(sound), wave_format(channels=2)))
    np.testing.assert_allclose(recording.samples, sound.mean(axis=1), atol=HALF_STEP)
    assert recording.notes == ("mixed from 2 channels",)
    assert recording.n_channels == 2


def test_a_channel_that_is_named_is_taken_alone(read):
    sound = tone(channels=8)
    recording = read(wave_file(int16_bytes(sound), wave_format(channels=8)), channel=5)
    np.testing.assert_allclose(recording.samples, sound[:, 5], atol=HALF_STEP)
    assert recording.notes == ("channel 5 of 8 taken",)


@pytest.mark.parametrize("rate", [1000, 4000, 44_100, 192_000, 768_000])
def test_the_rate_is_that_of_the_recording(read, rate):
    payload = wave_file(int16_bytes(tone()), wave_format(rate=rate))
    assert read(payload).sample_rate == rate


def test_an_offset_is_left_in_place(read):
    sound = tone(peak=0.2) + 0.5
    samples = read(wave_file(int16_bytes(sound))).samples
    np.testing.assert_allclose(samples, sound[:, 0], atol=HALF_STEP)


def test_a_header_that_promises_four_gigabytes_is_warned_about(read):
    raw = int16_bytes(tone(0.001))
    with pytest.warns(IncompleteAudioWarning, match=r"voice\.wav: incomplete: 0\.00 s of the 134"):
        recording = read(wave_file(raw, size=0xFFFFFFF0))
    assert len(recording.samples) == len(raw) // 2
    assert recording.notes[0].startswith("incomplete: 0.00 s of the 134,217.73 s")
    assert IncompleteAudioWarning.code == "audio.short"


def test_a_sphere_file_that_was_cut_is_warned_about(read):
    whole = sphere_file(int16_bytes(tone()))
    with pytest.warns(IncompleteAudioWarning, match=r"0\.25 s of the 0\.50 s"):
        assert len(read(whole[: -RATE // 2]).samples) == RATE // 4


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_an_ogg_file_that_breaks_off_is_warned_about(read, subtype):
    whole = encoded("OGG", tone(8.0), subtype=subtype)
    with pytest.warns(IncompleteAudioWarning, match="breaks off"):
        read(whole[: len(whole) // 2])


def test_an_mp3_that_breaks_off_is_warned_about(read):
    whole = encoded("MP3", tone(8.0))
    with pytest.warns(IncompleteAudioWarning, match=r"of the 7\.86 s"):
        read(whole[: len(whole) // 2])


def test_a_byte_too_many_is_left_out_with_a_warning(read):
    raw = int16_bytes(tone())
    with pytest.warns(AudioWarning, match=r"part of a sample: 1 byte\(s\)"):
        assert len(read(wave_file(raw + b"\x07")).samples) == len(raw) // 2


def test_huge_floating_point_is_scaled_to_its_peak_with_a_warning(read):
    sound = (1e6 * tone()).astype("<f4")
    with pytest.warns(AudioWarning, match="largest sample is 500,000"):
        recording = read(wave_file(sound.tobytes(), wave_format(tag=3, bits=32)))
    np.testing.assert_allclose(recording.samples, sound[:, 0] / 5e5, rtol=1e-6)


@pytest.mark.parametrize(("gain", "share"), [(1.2, 0.37), (3.0, 0.78)])
def test_clipped_speech_is_warned_about_with_its_share(gain, share):
    # A sine of amplitude g > 1, cut at 1, stays there for 1 - 2 arcsin(1 / g) / pi of the time.
    sine = gain * np.sin(2 * np.pi * 220.5 * np.arange(RATE) / RATE)
    assert abs(share - (1 - 2 * np.arcsin(1 / gain) / np.pi)) < 0.01
    with pytest.warns(AudioWarning, match=rf"clipped: {100 * share:.0f} %|{100 * share + 1:.0f} %"):
        as_recording((np.clip(sine, -1, 1), RATE))


def test_a_sine_that_just_reaches_full_scale_is_not_called_clipped():
    sine = np.sin(2 * np.pi * 220.5 * np.arange(RATE) / RATE)
    assert as_recording((sine, RATE)).notes == ()


@pytest.mark.parametrize("silent", [0, 1])
def test_a_silent_channel_of_two_is_warned_about_by_number(silent):
    sound = tone(channels=2)
    sound[:, silent] = 0.25
    message = f"channel {silent} is silent: name the other one, channel={1 - silent}"
    with pytest.warns(AudioWarning, match=message):
        recording = as_recording((sound, RATE))
    assert recording.notes == ("mixed from 2 channels", message)


def test_naming_the_loud_channel_ends_the_warning():
    sound = tone(channels=2)
    sound[:, 0] = 0.0
    assert as_recording((sound, RATE), channel=1).notes == ("channel 1 of 2 taken",)


@pytest.mark.parametrize(
    ("dtype", "zero", "scale"),
    [("uint8", 128, 128), ("int16", 0, 2**15), ("int32", 0, 2**31), (">i2", 0, 2**15)],
)
def test_integer_arrays_are_scaled_by_the_range_of_their_type(dtype, zero, scale):
    integers = (zero + np.array([0.5, -0.25, 0.0]) * scale).astype(dtype)
    assert as_recording((integers, 8000)).samples.tolist() == [0.5, -0.25, 0.0]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", ">f8"])
def test_an_array_is_copied_and_never_changed(dtype):
    given = tone(channels=2).astype(dtype)[::2]
    before = given.copy()
    given.flags.writeable = False
    recording = as_recording((given, RATE))
    np.testing.assert_array_equal(given, before)
    assert not np.shares_memory(recording.samples, given)
    np.testing.assert_allclose(recording.samples, before.mean(axis=1), rtol=2e-3, atol=1e-6)


def test_an_array_longer_than_a_block_is_the_same_as_the_file_of_it(read):
    sound = tone(9.0, channels=2)
    payload = wave_file(sound.astype("<f4").tobytes(), wave_format(tag=3, channels=2, bits=32))
    np.testing.assert_array_equal(
        as_recording((sound.astype(np.float32), RATE)).samples, read(payload).samples
    )


def test_a_recording_passes_through_and_is_read_only():
    recording = as_recording((tone(), RATE))
    assert as_recording(recording) is recording
    assert as_recording(recording, channel=0) is recording
    assert recording.name == "<array>"
    with pytest.raises(ValueError, match="read-only"):
        recording.samples[0] = 1.0


def test_a_recording_of_two_channels_cannot_be_made():
    with pytest.raises(AudioError, match=r"found shape \(8000, 2\)"):
        Recording(tone(channels=2).astype(np.float32), RATE, "voice.wav", 2, ())


def test_a_path_and_its_samples_are_the_same_recording(tmp_path):
    path = tmp_path / "voice.flac"
    path.write_bytes(encoded("FLAC"))
    np.testing.assert_array_equal(as_recording(path).samples, as_recording(str(path)).samples)
    assert as_recording(path).name == "voice.flac"


def test_the_length_cap_accepts_what_is_as_long_and_nothing_longer(read):
    payload = wave_file(int16_bytes(tone(0.5)))
    assert read(payload, max_seconds=0.5).seconds == 0.5
    with pytest.raises(AudioSizeError, match=r"found 0\.5 seconds or more; needed at most 0\.49"):
        read(payload, max_seconds=0.49)


def test_warnings_point_to_the_line_that_asked(read):
    sound = tone(channels=2)
    sound[:, 0] = 0.0
    with pytest.warns(AudioWarning) as caught:
        as_recording((sound, RATE))
    assert caught[0].filename == __file__


def test_reading_loads_neither_librosa_nor_scipy():
    code = (
        "import sys; from gmmkit.io.audio import read_recording; read_recording('sample:ana-1'); "
        "print(sorted({'librosa', 'scipy', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
