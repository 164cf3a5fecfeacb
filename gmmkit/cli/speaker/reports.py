"""Results about voices as people read them: evidence and speech in words."""

import math

# Association of European forensic institutes (ENFSI), "Guideline for evaluative reporting in
# forensic science" (2015): likelihood ratios from which on support is called so.
_STRENGTHS = (
    (2.0, "weak"),
    (10.0, "moderate"),
    (100.0, "moderately strong"),
    (1_000.0, "strong"),
    (10_000.0, "very strong"),
    (1_000_000.0, "extremely strong"),
)


def ratio(llr: float) -> str:
    """Write a log-likelihood ratio.

    Examples
    --------
    >>> ratio(12.345), ratio(-0.5)
    ('+12.3', '-0.5')
    """
    return f"{llr:+.1f}"


def evidence(llr: float) -> str:
    """Say in words how much a log-likelihood ratio, in nats, tells.

    Examples
    --------
    >>> evidence(0.1), evidence(3.0), evidence(-7.0)
    ('hardly any evidence', 'moderate evidence for', 'strong evidence against')
    """
    reached = [word for least, word in _STRENGTHS if abs(llr) >= math.log(least)]
    if not reached:
        return "hardly any evidence"
    return f"{reached[-1]} evidence {'for' if llr > 0 else 'against'}"


def speech(seconds: float) -> str:
    """Write how much speech there was.

    Examples
    --------
    >>> speech(4.13)
    '4.1 s of speech'
    """
    return f"{seconds:.1f} s of speech"
