"""The Mills ratio: how the normal distribution enters every price here.

    M(z) = (1 − Φ(z)) / φ(z) = √(π/2) · erfcx(z / √2)

It neither underflows nor vanishes where Φ does, and d1 and d2 of one option share the factor φ: a price needs one `exp`
and two Mills ratios, a logarithm of a price no `exp` at all.

P/Q is a rational approximation of M for all z ≥ 0 with relative error 7.4e-17, coefficients rounded to f64. It was
fitted by Lawson-weighted linear least squares in 60 digits on Chebyshev points of (z − 2)/(z + 2), linearized as
Sanathanan and Koerner did. All coefficients are positive, so evaluation cancels nothing.
"""

from corten.lang import f64, inline

SQRT_TWO_PI: f64 = 2.5066282746310002
INVERSE_SQRT_TWO_PI: f64 = 0.3989422804014327
FARTHEST: f64 = 1.0e9  # no φ is above zero there; keeps powers of z finite


@inline
def _denominator(z: f64) -> f64:
    square = z * z
    low = (1.0 + z * 2.5132284705493735) + square * (2.958944716916529 + z * 2.158965641327124)
    middle = (1.087514913132249 + z * 0.39831165024634874) + square * (0.10863989778386912 + z * 0.022167810131472863)
    high = (0.0033357089834007946 + z * 0.0003552867390813663) + square * (
        2.4374912380136717e-05 + z * 8.307307029160421e-07
    )
    fourth = square * square
    return low + fourth * (middle + fourth * high)


@inline
def mills_ratio(z: f64) -> f64:
    """(1 − Φ(z)) / φ(z) for z ≥ 0; decreases from √(π/2) like 1/z."""
    square = z * z
    low = (1.2533141373155003 + z * 2.1498647724433395) + square * (1.8219158433549605 + z * 0.9885164962243506)
    middle = (0.37719724012246125 + z * 0.10537731351972868) + square * (
        0.02181501558478376 + z * 0.0033113340710179333
    )
    high = (0.0003544560083784639 + z * 2.4374912380136693e-05) + square * 8.307307029160421e-07
    fourth = square * square
    return (low + fourth * (middle + fourth * high)) / _denominator(z)


@inline
def half_less_tail(z: f64) -> f64:
    """½ − φ(0)·M(z) for z ≥ 0, accurate also where it vanishes: its numerator ½Q − φ(0)P has the factor z."""
    square = z * z
    low = (0.39894228040143376 + z * 0.7526330972107372) + square * (0.6851217954453854 + z * 0.39327752943054306)
    middle = (0.1571163593650371 + z * 0.04561701682754814) + square * (
        0.009762873900273578 + z * 0.0015264470034159036
    )
    high = (0.0001679191864111663 + z * 1.1856042589047548e-05) + square * 4.1536535145802107e-07
    fourth = square * square
    return z * (low + fourth * (middle + fourth * high)) / _denominator(z)


@inline
def mills_slope(z: f64) -> f64:
    """1 − z·M(z) = −M'(z) for z ≥ 0, fitted by itself as it falls like 1/z²; relative error 6e-17."""
    square = z * z
    low = (1.0 + z * 1.4492355858574115) + square * (1.059531547625789 + z * 0.5046738403931055)
    middle = (0.1716799224185132 + z * 0.04335518856077395) + square * (
        0.008217426434586892 + z * 0.0011559405906391282
    )
    high = (0.00011606283502907739 + z * 7.58438270929009e-06) + square * 2.497341910119009e-07
    below = (1.0 + z * 2.7025497231729085) + square * (3.4466753224766125 + z * 2.748548094272543)
    center = (1.530037337690911 + z * 0.6281223338116246) + square * (0.19564631272670124 + z * 0.04677750405400011)
    above = (0.008564116534278342 + z * 0.0011786937387691493) + square * (
        0.00011681203760210343 + z * 7.5843827092901075e-06
    )
    fourth = square * square
    denominator = below + fourth * (center + fourth * (above + fourth * 2.497341910119009e-07))
    return (low + fourth * (middle + fourth * high)) / denominator
