"""Images made where there are none: dead leaves over 1/f noise, which share the statistics of natural ones.

Occluding shapes whose radii follow an inverse power law give natural images' edges (Lee, Mumford & Huang 2001,
"Occlusion Models for Natural Images"), an amplitude spectrum of 1/f their texture (Field 1987). numpy only.
"""

import numpy as np
import numpy.typing as npt

IN_WORDS = "made: dead leaves and 1/f noise"
LEAVES = 120
TEXTURE = 18.0  # standard deviation of the noise, of 255
_Image = npt.NDArray[np.uint8]


def made_image(px: int, seed: int, number: int) -> _Image:
    """One colour image, (px, px, 3); the seed and the number decide every byte."""
    generator = np.random.Generator(np.random.PCG64([seed, number]))
    image = np.full((px, px, 3), generator.uniform(40, 215, 3))
    rows, columns = np.mgrid[0:px, 0:px]
    for radius in _radii(px, generator):
        y, x = generator.uniform(0, px, 2)
        image[(rows - y) ** 2 + (columns - x) ** 2 < radius**2] = generator.uniform(20, 235, 3)
    shade, colour = _pink(px, generator), _pink(px, generator)
    tint = generator.normal(0, 0.3, 3)
    image += TEXTURE * (shade[..., None] + colour[..., None] * tint)
    made: _Image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    return made


def _radii(px: int, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """Of density r^-3 between a 64th of the image and half of it, the last leaf on top."""
    low, high = px / 64, px / 2
    drawn = generator.random(LEAVES)
    radii: npt.NDArray[np.float64] = (low**-2 - drawn * (low**-2 - high**-2)) ** -0.5
    return radii


def _pink(px: int, generator: np.random.Generator) -> npt.NDArray[np.float64]:
    """Noise of an amplitude spectrum of 1/f, mean 0 and variance 1."""
    spectrum = np.fft.rfft2(generator.standard_normal((px, px)))
    frequency = np.hypot(np.fft.fftfreq(px)[:, None], np.fft.rfftfreq(px)[None, :])
    frequency[0, 0] = np.inf  # no mean
    noise = np.fft.irfft2(spectrum / frequency, s=(px, px))
    made: npt.NDArray[np.float64] = noise / (noise.std() or 1.0)
    return made
