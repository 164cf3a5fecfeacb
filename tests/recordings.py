"""Recordings as bytes, written field by field, so that any field can be wrong."""

import io
import struct

import numpy as np
import soundfile

RATE = 16_000


def tone(seconds=0.5, *, peak=0.5, channels=1, seed=0):
    """A tone in noise, (n, channels): the same in every channel but for the noise."""
    random = np.random.default_rng(seed)
    n = round(seconds * RATE)
    wave = np.sin(2 * np.pi * 220 * np.arange(n) / RATE)[:, None]
    noisy = wave + 0.1 * random.standard_normal((n, channels))
    return peak * noisy / np.abs(noisy).max()


def int16_bytes(samples, order="<"):
    """Samples of full scale 1 as interleaved 16-bit integers."""
    scaled = np.rint(np.asarray(samples) * 32768)
    return np.clip(scaled, -32768, 32767).astype(f"{order}i2").tobytes()


def chunk(kind, payload, *, size=None, order="<"):
    """A RIFF chunk, of which `size` may say something else than its length."""
    length = len(payload) if size is None else size
    return kind + struct.pack(f"{order}I", length) + payload + bytes(len(payload) % 2)


def wave_format(*, tag=1, channels=1, rate=RATE, bits=16, frame_bytes=None, order="<"):
    """The 16 bytes that a fmt chunk holds at least."""
    width = channels * bits // 8 if frame_bytes is None else frame_bytes
    bytes_a_second = rate * width % 2**32
    return struct.pack(f"{order}HHIIHH", tag, channels, rate, bytes_a_second, width, bits)


def extensible_format(*, tag=1, channels=1, bits=16, valid_bits=None, identifier=None):
    """A fmt chunk whose format tag is inside an identifier."""
    rest = bytes.fromhex("000000001000800000aa00389b71")
    inner = struct.pack("<H", tag) + rest if identifier is None else identifier
    extra = struct.pack("<HHI", 22, bits if valid_bits is None else valid_bits, 0) + inner
    return wave_format(tag=0xFFFE, channels=channels, bits=bits) + extra


def wave_file(samples=b"", fmt=None, *, size=None, magic=b"RIFF", before=(), after=(), order="<"):
    """A WAV file of samples that are bytes already."""
    fmt = wave_format(order=order) if fmt is None else fmt
    chunks = [
        *before,
        chunk(b"fmt ", fmt, order=order),
        chunk(b"data", samples, size=size, order=order),
        *after,
    ]
    body = b"WAVE" + b"".join(chunks)
    return magic + struct.pack(f"{order}I", len(body) % 2**32) + body


def sphere_file(samples, **fields):
    """A NIST SPHERE file; fields are written as they are given, and left out if None."""
    known = {
        "channel_count": "-i 1",
        "sample_rate": f"-i {RATE}",
        "sample_n_bytes": "-i 2",
        "sample_coding": "-s3 pcm",
        "sample_byte_format": "-s2 01",
        "sample_count": f"-i {len(samples) // 2}",
    }
    lines = [f"{name} {value}\n" for name, value in (known | fields).items() if value is not None]
    header = "NIST_1A\n   1024\n" + "".join(lines) + "end_head\n"
    return header.encode("utf-8", "surrogateescape").ljust(1024) + samples


def encoded(kind, samples=None, *, subtype=None, rate=RATE):
    """What libsndfile writes: FLAC, OGG, MP3, NIST, RF64, WAV, MAT4 and others."""
    stream = io.BytesIO()
    samples = tone() if samples is None else samples
    soundfile.write(stream, samples, rate, format=kind, subtype=subtype)
    return stream.getvalue()
