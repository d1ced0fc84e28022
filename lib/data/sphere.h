/* Points on the unit sphere, as rows of three numbers; densities are with respect to area, so that
 * the uniform one is 1 / (4 pi).
 *
 *     sphere-mixture   six von Mises-Fisher distributions of concentrations 8 to 60
 *     sphere-earth     uniform over the land of a coarse map of the Earth, drawn for this set */
#ifndef DATA_SPHERE_H
#define DATA_SPHERE_H

/* Whether that point is land on the coarse map; degrees, longitude -180 .. 180. */
int sphere_is_land(double longitude, double latitude);

/* Area of the map's land on the unit sphere, in closed form: each side of an outline is straight in
 * longitude and latitude. */
double sphere_land_area(void);

#endif
