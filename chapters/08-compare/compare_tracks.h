/* The tracks: which families meet on which data, and by what their samples are judged. */
#ifndef COMPARE_COMPARE_TRACKS_H
#define COMPARE_COMPARE_TRACKS_H

#include "train/family.h"

/* What samples are measured with. */
typedef enum YardstickKind {
    YARDSTICK_PLANE,    /* distances between points                                    */
    YARDSTICK_PATTERNS, /* which of the known patterns appear, and how often           */
    YARDSTICK_IMAGES    /* distances and shares in the features of chapter 0           */
} YardstickKind;

enum { TRACK_MOST_FAMILIES = 8, TRACK_MOST_STATES = 16 /* pixels of what is enumerated */ };

typedef struct Entrant {
    const Family *family; /* NULL ends a track's list                                        */
    const char *options;  /* of its training on this track, in words; NULL: the chapter's own  */
} Entrant;

typedef struct Track {
    const char *name;
    const char *data;  /* the default data set                          */
    const char *about; /* one line                                          */
    YardstickKind yardstick;
    bool states; /* all x are enumerated, and the sum of their probabilities is looked at */
    const Entrant *entrant; /* ends with a NULL family */
} Track;

/* By name, one of the choices of --track. */
const Track *track_find(const char *name);

/* Loads the data of a track, by name or its default, and refuses what the track can't be run on. */
Dataset *track_load(const Track *track, const char *data);

/* A family by its name among all that compare; NULL if there is none. */
const Family *track_family(const char *name);

#endif
