"""The Butterworth filter, forwards and backwards, and the splines that fill gaps for it, as linear maps.

What scipy computes, in numpy alone: importing scipy.signal takes longer than all of the cleaning.
"""

import numpy as np

ORDER = 5


def padding(high_pass: float | None, low_pass: float | None) -> int:
    """Volumes by which a series is extended at each end before it is filtered.

    As `scipy.signal.sosfiltfilt` has it by default: three times the number of coefficients, 2 sections + 1 less those
    that are zero. A band-pass of order 5 has 5 sections; a high- or low-pass has 3, of which one is of first order.

    Returns
    -------
    int
    """
    return 33 if high_pass is not None and low_pass is not None else 18


def impulse_response(n_samples: int, t_r: float, high_pass: float | None, low_pass: float | None) -> np.ndarray:
    """Response of a digital Butterworth filter of order 5 to an impulse.

    The analogue prototype's poles are moved to the cut-offs and mapped by the bilinear transform, as
    `scipy.signal.butter` does (Oppenheim & Schafer, Discrete-Time Signal Processing, chapter 7).

    Parameters
    ----------
    n_samples : int
    t_r : float
        Repetition time, seconds.
    high_pass, low_pass : float or None
        Cut-offs, Hz; at least one.

    Returns
    -------
    numpy.ndarray of float64, shape (n_samples,)
    """
    steps = np.arange(1 - ORDER, ORDER, 2)
    prototype = -np.exp(1j * np.pi * steps / (2 * ORDER))
    low, high = (None if cutoff is None else np.tan(np.pi * cutoff * t_r) for cutoff in (low_pass, high_pass))
    if low is not None and high is not None:
        half, centre = prototype * (low - high) / 2, np.sqrt(low * high)
        root = np.sqrt(half**2 - centre**2)
        poles, zeros = np.concatenate([half + root, half - root]), np.repeat([1.0, -1.0], ORDER)
    elif low is not None:
        poles, zeros, centre = prototype * low, np.full(ORDER, -1.0), 0.0
    else:
        poles, zeros, centre = high / prototype, np.full(ORDER, 1.0), np.inf
    poles = (1 + poles) / (1 - poles)
    # The gain is one at the centre of what passes.
    unity = -1.0 if np.isinf(centre) else (1 + 1j * centre) / (1 - 1j * centre)
    gain = float(np.abs(np.prod(unity - poles) / np.prod(unity - zeros)))
    response = np.zeros(n_samples)
    response[0] = gain
    for numerator, denominator in _sections(poles, zeros):
        response = _filtered(response, numerator, denominator)
    return response


def _sections(poles: np.ndarray, zeros: np.ndarray) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Second-order sections with leading coefficients of one; conjugate poles together, zeros of both signs."""
    pairs = [(pole, pole.conjugate()) for pole in poles if pole.imag > 1e-12]
    real = sorted(pole.real for pole in poles if abs(pole.imag) <= 1e-12)
    pairs += [(first, second) for first, second in zip(real[::2], [*real[1::2], 0.0], strict=False)]
    # A band-pass has zeros at both ends, which are spread over the sections.
    order = sorted(zeros)
    order = [order[at // 2 if at % 2 == 0 else -1 - at // 2] for at in range(len(order))]
    order += [0.0] * (2 * len(pairs) - len(order))
    return [
        ((-(a + b), a * b), (-(p + q).real, (p * q).real))
        for (p, q), a, b in zip(pairs, order[::2], order[1::2], strict=True)
    ]


def _filtered(signal: np.ndarray, numerator: tuple[float, float], denominator: tuple[float, float]) -> np.ndarray:
    """Filter one series by one section, sample by sample."""
    (b1, b2), (a1, a2) = numerator, denominator
    x1 = x2 = y1 = y2 = 0.0
    filtered = []
    for x in signal.tolist():
        y = x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
        filtered.append(y)
        x1, x2, y1, y2 = x, x1, y, y1
    return np.array(filtered)


def filtered(series: np.ndarray, t_r: float, high_pass: float | None, low_pass: float | None) -> np.ndarray:
    """Filter series forwards and backwards with a Butterworth filter of order 5.

    What `scipy.signal.sosfiltfilt` computes for `nilearn.signal.butterworth`: an odd extension at both ends, and at the
    start of each way the steady state of the first value.

    Parameters
    ----------
    series : numpy.ndarray of float64, shape (T, n)
        Longer than `padding`.
    t_r : float
        Repetition time, seconds.
    high_pass, low_pass : float or None
        Cut-offs, Hz; at least one.

    Returns
    -------
    numpy.ndarray of float64, shape (T, n)
    """
    pad = padding(high_pass, low_pass)
    n_samples = len(series) + 2 * pad
    # At twice the length a product of spectra is a plain convolution; lengths of small factors are quickest.
    lengths = [factor * 2**power for factor in (1, 3, 5, 9, 15) for power in range(25)]
    length = min(length for length in lengths if length >= 2 * n_samples)
    spectrum = np.fft.rfft(impulse_response(n_samples, t_r, high_pass, low_pass), length)
    passes_constant = high_pass is None

    def once(extended: np.ndarray) -> np.ndarray:
        """Filter each row as if its first value had been there for ever."""
        first = extended[:, :1]
        filtered = np.fft.irfft(spectrum * np.fft.rfft(extended - first, length), length)[:, :n_samples]
        return filtered + first if passes_constant else filtered

    cleaned = np.empty_like(series)
    for start in range(0, series.shape[1], 128):
        part = series[:, start : start + 128].T
        head, tail = 2 * part[:, :1] - part[:, pad:0:-1], 2 * part[:, -1:] - part[:, -2 : -pad - 2 : -1]
        extended = np.concatenate([head, part, tail], axis=1)
        cleaned[:, start : start + 128] = once(once(extended)[:, ::-1])[:, ::-1][:, pad : n_samples - pad].T
    return cleaned


def interpolation(kept: np.ndarray) -> np.ndarray:
    """Build the matrix that fills censored volumes from the kept ones.

    Cubic splines through the kept volumes ("not a knot" at both ends), as `nilearn.signal.clean` means to use them,
    with a boolean mask: up to nilearn 0.14.1 an index array is inverted with ``~`` there, so that a censored volume
    whose mirror volume T - 1 - t is censored too is never filled and leaks into the kept ones.

    Parameters
    ----------
    kept : numpy.ndarray of bool, shape (T,)
        At least four; the first and the last volume are among them.

    Returns
    -------
    numpy.ndarray of float64, shape (T, T)
        Columns of censored volumes are zero.
    """
    matrix = np.diag(kept.astype(np.float64))
    if kept.all():
        return matrix
    knots, censored = np.flatnonzero(kept), np.flatnonzero(~kept)
    width = np.diff(knots).astype(np.float64)
    start = np.searchsorted(knots, censored) - 1
    beside = np.unique([start, start + 1])
    slopes = _spline_slopes(width, beside)
    at, width = (censored - knots[start]) / width[start], width[start]
    weights = (width * at * (1 - at) ** 2)[:, None] * slopes[np.searchsorted(beside, start)]
    weights -= (width * at**2 * (1 - at))[:, None] * slopes[np.searchsorted(beside, start + 1)]
    rows = np.arange(len(censored))
    weights[rows, start] += (1 + 2 * at) * (1 - at) ** 2
    weights[rows, start + 1] += at**2 * (3 - 2 * at)
    matrix[np.ix_(censored, knots)] = weights
    return matrix


def _spline_slopes(width: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Slopes of a cubic spline at some of its n knots, as a matrix that takes the values at all of them.

    The slopes s solve a system with three bands, A s = B d, where d are the slopes of the straight lines from knot to
    knot (de Boor, A Practical Guide to Splines, chapter IV; `scipy.interpolate.CubicSpline` solves the same).

    Parameters
    ----------
    width : numpy.ndarray of shape (n - 1,)
        From knot to knot.
    wanted : numpy.ndarray of int, shape (n_wanted,)

    Returns
    -------
    numpy.ndarray of shape (n_wanted, n)
    """
    before, after = width[:-1], width[1:]
    (first, second), (last, one_to_last) = width[:2], width[:-3:-1]
    start, end = first + second, last + one_to_last
    upper = np.concatenate([[start], before])
    diagonal = np.concatenate([[second], 2 * (before + after), [one_to_last]])
    lower = np.concatenate([after, [end]])
    # Rows of the inverse of A: Gauss' elimination in its transpose, whose pivots are never zero.
    influence = np.eye(len(diagonal))[:, wanted]
    for row in range(1, len(diagonal)):
        factor = upper[row - 1] / diagonal[row - 1]
        diagonal[row] -= factor * lower[row - 1]
        influence[row] -= factor * influence[row - 1]
    influence[-1] /= diagonal[-1]
    for row in range(len(diagonal) - 2, -1, -1):
        influence[row] = (influence[row] - lower[row] * influence[row + 1]) / diagonal[row]
    of_lines = np.zeros((len(width), len(wanted)))
    of_lines[:-1] += (3 * after)[:, None] * influence[1:-1]
    of_lines[1:] += (3 * before)[:, None] * influence[1:-1]
    of_lines[0] += (first + 2 * start) * second / start * influence[0]
    of_lines[1] += first**2 / start * influence[0]
    of_lines[-1] += (last + 2 * end) * one_to_last / end * influence[-1]
    of_lines[-2] += last**2 / end * influence[-1]
    return np.diff(of_lines / -width[:, None], axis=0, prepend=0, append=0).T
