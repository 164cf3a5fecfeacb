"""From samples to rows: the front end and the steps that it is made of.

MFCC for anyone, whatever they are for: all frames of any recording, as they are, no more::

    >>> from gmmkit.speaker import Frontend, read_recording
    >>> heard = read_recording("sample:ana-1")
    >>> mfcc = Frontend(n_cepstra=13, deltas=0, activity="none", normalization="none")
    >>> mfcc(heard.samples, heard.sample_rate).shape
    (622, 13)

A few words make it something else: ``filters="linear"`` for LFCC, ``n_cepstra=0`` for log filter
energies, ``deltas=2`` for slopes and their slopes, ``Frontend.telephone()`` for a phone line. The
default keeps only the frames that are speech, 25 ms every 10 ms, and warps each column to a normal
distribution. ``analyze`` also says which frames they are, and when.
"""
