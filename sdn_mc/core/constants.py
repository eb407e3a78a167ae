"""Physical constants and unit factors, each with its source."""

import math

LIGHT_KM_S = 299_792.458  # speed of light in vacuum, definition of the metre (SI, 1983)

# WGS-84 ellipsoid (NGA.STND.0036, 2014, table 3.1).
WGS84_RADIUS_KM = 6378.137
WGS84_FLATTENING = 1 / 298.257223563
EARTH_MU_KM3_S2 = 398_600.4418

# WGS-72, the constants inside every published element set
# (Hoots & Roehrich 1980, Spacetrack Report 3; Vallado et al. 2006, AIAA 2006-6753, appendix).
WGS72_RADIUS_KM = 6378.135
WGS72_MU_KM3_S2 = 398_600.8
WGS72_J2 = 0.001082616
WGS72_J3 = -0.00000253881
WGS72_J4 = -0.00000165597

MEAN_RADIUS_KM = 6371.0  # sphere of the great-circle lower bound on latency (IUGG mean radius)

S_PER_MIN = 60.0
S_PER_H = 3600.0
S_PER_DAY = 86_400.0
S_PER_YEAR = 365.25 * S_PER_DAY  # Julian year
MIN_PER_DAY = 1440.0
TWO_PI = 2 * math.pi

DRAWS_PER_WORD = 32  # draws packed into one uint32 mask word
DRAWS_PER_GROUP = 256  # draws that share an epoch, and one stored block
