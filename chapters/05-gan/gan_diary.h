/* What a run keeps of its own training for the figures: samples from the same noise at a few steps,
 * and, where the data's modes are known, how many are reached. It lives in buffers of the model, so
 * that a resumed run has it whole. */
#ifndef GAN_GAN_DIARY_H
#define GAN_GAN_DIARY_H

#include "05-gan/gan.h"

enum { DIARY_FRAMES = 30, DIARY_POINTS = 500, DIARY_IMAGES = 25, DIARY_MEASURED = 2500 };

/* Columns of a record. Without known modes only the step. */
enum { RECORD_STEP, RECORD_COVERED, RECORD_HIGH_QUALITY, RECORD_REVERSE_KL, RECORD_COLUMNS };

struct GanDiary {
    Params *params;
    Tensor *samples; /* [DIARY_FRAMES, DIARY_POINTS or DIARY_IMAGES, dims], in the data's units */
    Tensor *record;  /* [DIARY_FRAMES, RECORD_COLUMNS]                                            */
    Tensor *frames;  /* [1]: how many there are                                                   */
    int modes;       /* of the data, with their centres [modes, dims]; 0: not known               */
    double *mode, mode_sd;
};

/* With its params, which the model owns as a part of its own. */
GanDiary *gan_diary_create(const Gan *gan, const Dataset *data);
void gan_diary_free(GanDiary *diary);

/* Before step index of so many: keeps a frame when it is time for one. The times grow with the
 * square of the frame's number, from before the first step to before the last. */
void gan_diary_keep(Gan *gan, Tape *tape, long index, long steps);

/* The step before which frame f is kept. */
long gan_diary_step(int frame, long steps);

#endif
