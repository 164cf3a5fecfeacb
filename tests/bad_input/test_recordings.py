"""Recordings that must not be read: each is refused with its name, what was found and needed.

Nothing is written, and none takes a second, however long the header says that it is.
"""

import os
import socket
import struct
import time

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

from gmmkit.errors import (
    AudioError,
    AudioFormatError,
    AudioSizeError,
    FileAccessError,
    InputError,
    NoSpeechError,
    ParameterError,
)
from gmmkit.io.audio import as_recording, read_recording

RAW = int16_bytes(tone())
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(60)
MP4 = b"\0\0\0\x20ftypM4A \0\0\0\0" + bytes(60)


@pytest.fixture
def refuse(tmp_path):
    """Read bytes as a file and return the error, after checking what all refusals share."""

    def read(payload, kind=AudioError, name="voice.wav", **options):
        path = tmp_path / name
        path.write_bytes(payload)
        start = time.process_time()
        with pytest.raises(kind) as caught:
            read_recording(path, **options)
        error = caught.value
        assert time.process_time() - start < 1
        assert error.exit_code == 3
        assert str(path) in str(error)
        assert error.found
        assert error.needed
        assert os.listdir(tmp_path) == [name]
        return error

    return read


def page(packet):
    """The first page of an Ogg file."""
    return b"OggS" + bytes([0, 2]) + bytes(20) + bytes([1, len(packet)]) + packet + bytes(60)


def test_zero_bytes(refuse):
    assert refuse(b"", AudioFormatError).found == "0 bytes"


def test_a_header_and_no_samples(refuse):
    error = refuse(wave_file(b""), AudioSizeError)
    assert error.found == "0 samples, where the header speaks of 0 bytes"


@pytest.mark.parametrize("length", [12, 20, 30, 36, 40, 43])
def test_a_truncated_header(refuse, length):
    error = refuse(wave_file(RAW)[:length])
    assert f"the end of the file at {length} bytes" in error.found


@pytest.mark.parametrize("rate", [0, 1, 999, 768_001, 2**31, 2**32 - 1])
def test_a_sample_rate_that_no_voice_has(refuse, rate):
    error = refuse(wave_file(RAW, wave_format(rate=rate)))
    assert error.found == f"{rate:,} Hz"
    assert error.needed == "1,000 to 768,000 Hz"


@pytest.mark.parametrize("channels", [0, 65, 1025, 65_535])
def test_a_number_of_channels_that_nothing_has(refuse, channels):
    error = refuse(wave_file(RAW, wave_format(channels=channels, frame_bytes=2)))
    assert error.found == f"{channels:,} channels"


@pytest.mark.parametrize("channels", [3, 8, 64])
def test_more_than_two_channels_need_a_choice(refuse, channels):
    error = refuse(wave_file(RAW, wave_format(channels=channels)))
    assert error.needed == f"the number of one, from 0 to {channels - 1}"
    assert "--channel" in error.hint


@pytest.mark.parametrize(("channels", "channel"), [(1, 1), (2, 2), (8, 8)])
def test_a_channel_that_is_not_there(refuse, channels, channel):
    error = refuse(wave_file(RAW, wave_format(channels=channels)), channel=channel)
    assert f"has no channel {channel}" in error.problem


@pytest.mark.parametrize(
    ("tag", "bits", "needed"), [(1, 12, "8, 16, 24, 32"), (1, 0, "8"), (1, 64, "8"), (3, 16, "32")]
)
def test_bits_that_decoders_would_guess_at(refuse, tag, bits, needed):
    error = refuse(wave_file(RAW, wave_format(tag=tag, bits=bits, frame_bytes=2)))
    assert error.found == f"{bits} bits a sample"
    assert error.needed.startswith(needed)


def test_bytes_and_bits_a_sample_that_contradict_each_other(refuse):
    error = refuse(wave_file(RAW, wave_format(bits=24, frame_bytes=4)))
    assert error.found == "4 bytes for 1 channels of 24 bits"


@pytest.mark.parametrize(
    ("tag", "name"),
    [(0x11, "IMA ADPCM"), (0x02, "Microsoft ADPCM"), (0x31, "GSM"), (0x99, "0x0099")],
)
def test_a_compressed_wave_is_refused_before_any_decoder_sees_it(refuse, tag, name):
    error = refuse(wave_file(RAW, wave_format(tag=tag, bits=4)))
    assert name in error.found
    assert "pcm_s16le" in error.hint


@pytest.mark.parametrize("subtype", ["IMA_ADPCM", "MS_ADPCM", "GSM610", "G721_32"])
def test_what_libsndfile_could_decode_is_refused_all_the_same(refuse, subtype):
    refuse(encoded("WAV", subtype=subtype, rate=8000))


def test_an_adpcm_tag_inside_the_extensible_form(refuse):
    assert refuse(wave_file(RAW, extensible_format(tag=0x11))).found == "IMA ADPCM"


@pytest.mark.parametrize(
    "fmt",
    [
        extensible_format(identifier=bytes(16)),
        extensible_format(valid_bits=24),
        extensible_format()[:30],
        wave_format()[:14],
    ],
    ids=["identifier", "valid bits", "cut off", "too short"],
)
def test_a_format_chunk_that_is_wrong(refuse, fmt):
    assert "damaged header" in refuse(wave_file(RAW, fmt)).problem


def test_a_second_format_that_a_decoder_might_take_instead(refuse):
    again = chunk(b"fmt ", wave_format(tag=0x11, bits=4))
    assert refuse(wave_file(RAW, before=[again])).found == "two fmt chunks"


def test_samples_before_their_format(refuse):
    error = refuse(wave_file(RAW, before=[chunk(b"data", RAW)]))
    assert error.found == "samples before their format"


def test_chunks_without_end(refuse):
    refuse(wave_file(RAW, before=[chunk(b"junk", b"")] * 2000))


def test_a_chunk_that_leads_beyond_the_file(refuse):
    refuse(wave_file(RAW, before=[chunk(b"LIST", b"", size=2**32 - 1)]))


def test_a_64_bit_size_that_is_cut_off(refuse):
    sizes = chunk(b"ds64", bytes(8))
    payload = wave_file(RAW, size=0xFFFFFFFF, magic=b"RF64", before=[sizes])
    assert refuse(payload).found == "a ds64 chunk of 8 bytes"


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_value_that_is_no_number_is_refused_with_its_place(refuse, value):
    sound = np.resize(tone()[:, 0], 300_000).astype("<f4")
    sound[270_000] = value
    error = refuse(wave_file(sound.tobytes(), wave_format(tag=3, bits=32)))
    assert error.found == "NaN or infinity from sample 270,000 on"


def test_a_value_beyond_single_precision(refuse):
    sound = tone().astype("<f8")
    sound[7] = 1e300
    refuse(wave_file(sound.tobytes(), wave_format(tag=3, bits=64)))


@pytest.mark.parametrize("value", [0.0, 0.25, -1.0])
def test_a_recording_without_any_sound(refuse, value):
    error = refuse(wave_file(int16_bytes(np.full(RATE, value))), NoSpeechError)
    assert error.code == "audio.no_speech"
    assert error.found == f"16,000 samples, each {value:.4g}"


def test_channels_that_cancel_each_other(refuse):
    sound = np.hstack([tone(), -tone()])
    error = refuse(wave_file(int16_bytes(sound), wave_format(channels=2)))
    assert error.hint == "take one of them: channel=0"


@pytest.mark.parametrize("share", [0.01, 0.3, 0.9])
def test_a_truncated_flac(refuse, share):
    payload = encoded("FLAC")
    refuse(payload[: int(len(payload) * share)])


def test_ten_hours_are_refused_by_the_header(refuse, tmp_path):
    path = tmp_path / "long.wav"
    n_bytes = 36_000 * 2 * RATE
    with path.open("wb") as stream:
        stream.write(wave_file(b"", size=n_bytes))
        stream.truncate(stream.tell() + n_bytes)
    with pytest.raises(AudioSizeError) as caught:
        read_recording(path)
    assert "found 36,000.0 seconds or more; needed at most 14,400 seconds" in str(caught.value)


def test_a_rate_at_which_one_hour_would_fill_the_memory(tmp_path):
    path = tmp_path / "fast.wav"
    n_bytes = 3600 * 768_000
    with path.open("wb") as stream:
        stream.write(wave_file(b"", wave_format(rate=768_000, bits=8), size=n_bytes))
        stream.truncate(stream.tell() + n_bytes)
    with pytest.raises(AudioSizeError, match="too long at this sample rate"):
        read_recording(path)


def test_a_file_beyond_the_byte_cap_is_not_read_at_all(tmp_path):
    path = tmp_path / "huge.wav"
    with path.open("wb") as stream:
        stream.truncate(9 << 30)
    with pytest.raises(AudioSizeError, match="found a file of 9,663,676,416 bytes"):
        read_recording(path)


def test_a_flac_that_hides_its_length_is_stopped_by_the_cap(refuse):
    payload = bytearray(encoded("FLAC", tone(30.0)))
    payload[21] &= 0xF0
    payload[22:26] = bytes(4)
    error = refuse(bytes(payload), AudioSizeError, max_seconds=2.0)
    assert error.needed == "at most 2 seconds"


@pytest.mark.parametrize(
    ("payload", "found", "hint"),
    [
        (encoded("MAT4"), "unknown bytes", "WAV"),
        (encoded("MAT5"), "a MATLAB file", "(samples, sample_rate)"),
        (b"\x1a\x45\xdf\xa3" + bytes(60), "WebM", "record as WAV or FLAC"),
        (MP4, "MP4, M4A", "ffmpeg -i"),
        (PNG, "a PNG image", "check the file name"),
        (encoded("AIFF"), "AIFF", "save it as WAV"),
        (encoded("AU"), "Sun audio", "save it as WAV"),
        (encoded("CAF"), "Core Audio", "save it as WAV"),
        (b"RIFF\0\0\0\0AVI " + bytes(60), "RIFF of kind b'AVI '", "ffmpeg"),
        (b"\xff\xf1" + bytes(60), "MPEG audio other than MP3", "ffmpeg"),
        (b"#!AMR\n" + bytes(60), "AMR", "ffmpeg"),
        (page(b"Speex   1.2"), "Speex in Ogg", "ffmpeg"),
        (page(b"\x80theora"), "an Ogg video", "ffmpeg"),
        (page(b"unheard of"), "another codec", "ffmpeg"),
        (b"OggS", "another codec", "ffmpeg"),
        (b"<html>404 Not Found</html>", "text beginning '<html>404 Not", "check the file name"),
        (b"ID3\x04\0\0\0\0\0\x05", "0 bytes", "again"),
        (bytes(100), "unknown bytes 00 00", "WAV"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_recording_is_named_for_what_it_is(refuse, payload, found, hint):
    error = refuse(payload, AudioFormatError)
    assert found in error.found
    assert hint in error.hint
    assert error.code == "audio.format"


def test_a_matlab_body_behind_a_name_that_libsndfile_would_believe(refuse):
    refuse(encoded("MAT4"), AudioFormatError, name="voice.raw")


def test_a_page_that_promises_vorbis_and_holds_nothing(refuse):
    refuse(page(b"\x01vorbis" + bytes(30)))


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"sample_coding": "-s26 pcm,embedded-shorten-v2.00"}, "pcm,embedded-shorten"),
        ({"sample_coding": "-s4 ulaw"}, "ulaw, 2 bytes"),
        ({"sample_byte_format": None}, "byte order 'none'"),
        ({"sample_byte_format": "-s2 11"}, "byte order '11'"),
        ({"sample_byte_format": "-s4 0123"}, "byte order '0123'"),
        ({"sample_rate": None}, "sample_rate ''"),
        ({"sample_rate": "-i 16k"}, "sample_rate '16k'"),
        ({"sample_rate": "-i -16000"}, "sample_rate '-16000'"),
        ({"sample_rate": "-i \udcb2"}, "sample_rate '²'"),
        ({"sample_rate": "-i " + "9" * 400}, "sample_rate '9999"),
        ({"channel_count": "-i 0"}, "0 channels"),
        ({"sample_n_bytes": "-i 0"}, "pcm, 0 bytes"),
        ({"sample_count": "-i 0"}, "0 samples"),
    ],
)
def test_a_sphere_header_that_cannot_be_followed(refuse, fields, found):
    assert found in refuse(sphere_file(RAW, **fields)).found


@pytest.mark.parametrize("start", [b"NIST_1A\n", b"NIST_1A\n   9999\n", b"NIST_1A\n      8\n"])
def test_a_sphere_header_of_an_impossible_length(refuse, start):
    assert "a header of" in refuse(start).found or "header length" in refuse(start).found


def test_a_sphere_header_without_its_end(refuse):
    assert refuse(sphere_file(RAW).replace(b"end_head", b"endless.")).found == (
        "no end of the header"
    )


def test_a_decoder_that_takes_a_file_for_something_else_is_not_followed(refuse, monkeypatch):
    monkeypatch.setattr("gmmkit.io.sound.sniff_audio_format", lambda *_: "FLAC")
    error = refuse(encoded("OGG"))
    assert (error.found, error.needed) == ("OGG, VORBIS", "FLAC throughout")


def test_an_array_of_more_than_four_hours():
    samples = np.broadcast_to(np.int16(1), 4 * 3600 * 1000 + 1)
    with pytest.raises(AudioSizeError, match="the array is too long"):
        as_recording((samples, 1000))


def test_a_folder_is_refused_at_once(tmp_path):
    with pytest.raises(FileAccessError, match="found a folder"):
        read_recording(tmp_path)


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(FileAccessError, match="a named pipe"):
        read_recording(tmp_path / "pipe.wav")


def test_an_endless_device_is_refused():
    with pytest.raises(FileAccessError, match="a character device"):
        read_recording("/dev/zero")


def test_a_socket_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's path may have 107 bytes at most
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.wav")
        with pytest.raises(FileAccessError, match="a socket"):
            read_recording("s.wav")


def test_a_missing_file_suggests_the_near_one(tmp_path):
    (tmp_path / "someone.wav").write_bytes(wave_file(RAW))
    with pytest.raises(FileAccessError, match=r"Try: someone\.wav"):
        read_recording(tmp_path / "somone.wav")


def test_an_unknown_sample_lists_the_recordings():
    with pytest.raises(InputError, match=r"needed one of ana-1, .*stranger"):
        read_recording("sample:coffee")


@pytest.mark.parametrize("channel", [-1, 1.0, True, "0"])
def test_a_channel_that_is_no_number_of_one(channel):
    with pytest.raises(ParameterError, match="channel is not usable"):
        read_recording("sample:ana-1", channel=channel)


@pytest.mark.parametrize("seconds", [0, -1.0, float("nan"), "60", True])
def test_a_cap_that_is_no_length(seconds):
    with pytest.raises(ParameterError, match="max_seconds is not usable"):
        read_recording("sample:ana-1", max_seconds=seconds)


@pytest.mark.parametrize(
    "source", [None, 5, b"voice.wav", tone(), (tone(),), (tone(), RATE, 1)], ids=type
)
def test_a_source_that_is_none(source):
    with pytest.raises(ParameterError, match=r"needed a path, \(samples, sample_rate\)"):
        as_recording(source)


@pytest.mark.parametrize("rate", [None, "16000", 16_000.5, True, float("nan"), float("inf"), 16e3j])
def test_a_rate_that_is_no_whole_number(rate):
    with pytest.raises(ParameterError, match="the sample rate is not usable"):
        as_recording((tone(), rate))


@pytest.mark.parametrize("rate", [0, -16_000, 2**31])
def test_a_rate_out_of_range(rate):
    with pytest.raises(AudioError, match="needed 1,000 to 768,000 Hz"):
        as_recording((tone(), rate))


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros(0), r"found shape \(0,\)"),
        (np.zeros((2, 2, 2)), "has 3 axes"),
        (np.float64(1.0), "has 0 axes"),
        (np.zeros((2, 16_000)), r"exchange the axes: samples\.T"),
        (np.zeros((1000, 1000)), "one recording at a time"),
        (np.zeros(9, np.int64), "found int64"),
        (np.zeros(9, np.uint16), "found uint16"),
        (np.zeros(9, bool), "found bool"),
        (np.zeros(9, complex), "found complex128"),
        (np.array(["a", "b"]), "found str"),
        (np.array([None, 1.0]), "found object"),
        ([[1.0], [1.0, 2.0]], "inhomogeneous"),
        (np.ma.masked_greater(tone(), 0.2), "masked values"),
        (np.array([0.1, np.nan]), "from sample 1 on"),
        (np.array([0.1, 1e300]), "from sample 1 on"),
        (np.zeros(16_000, np.int16), "silent throughout"),
        (np.zeros((16_000, 2), np.float32), "silent throughout"),
    ],
)
def test_an_array_that_cannot_be_samples(samples, message):
    with pytest.raises(AudioError, match=message):
        as_recording((samples, RATE))


def test_a_wave_in_sphere_clothing_is_read_by_its_own_header_alone(refuse):
    # libsndfile would look for a header inside: behind ours there are samples and nothing else.
    inner = wave_file(RAW, wave_format(tag=0x11, bits=4))
    error = refuse(sphere_file(inner), name="voice.sph", max_seconds=0.1)
    assert error.found.startswith("0.")


def test_sizes_of_a_ds64_chunk_beyond_the_file_are_only_a_promise(tmp_path):
    sizes = chunk(b"ds64", struct.pack("<QQQI", 0, 2**63, 2**62, 0))
    path = tmp_path / "voice.wav"
    path.write_bytes(wave_file(RAW, size=0xFFFFFFFF, magic=b"RF64", before=[sizes]))
    with pytest.warns(UserWarning, match="incomplete"):
        assert len(read_recording(path).samples) == len(RAW) // 2
