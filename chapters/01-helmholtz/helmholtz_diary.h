/* What a run keeps of its own training for the figures: dreams at a few steps, and, of a machine
 * that is small enough, the exact log p(x), the bound and the error of q by layer. It lives in
 * buffers of the model, so that a resumed run has it whole. The angle is that between the exact
 * sleep update and the exact gradient of the ELBO with respect to q's weights, degrees. */
#ifndef HELMHOLTZ_HELMHOLTZ_DIARY_H
#define HELMHOLTZ_HELMHOLTZ_DIARY_H

#include "01-helmholtz/helmholtz.h"

enum { DIARY_FRAMES = 12, DIARY_DREAMS = 36, DIARY_MOST_PATTERNS = 64 };

/* Columns of a record; the errors of the layers follow. DIARY_NOT_MEASURED where nothing was (a
 * checkpoint holds no NaN). */
#define DIARY_NOT_MEASURED ((real)-1e9)
enum { RECORD_STEP, RECORD_LOG_PROB, RECORD_ELBO, RECORD_ANGLE, RECORD_KL };

typedef struct Diary {
    Params *params;
    Tensor *dreams; /* [DIARY_FRAMES, DIARY_DREAMS, dims]: means of x given a drawn h_1          */
    Tensor *record; /* [DIARY_FRAMES, RECORD_KL + layers]                                        */
    Tensor *frames; /* [1]: how many there are                                                   */
    Tensor *patterns; /* [patterns, dims]: test examples that the exact values are means over */
} Diary;

/* With its params, which the model owns as a part of its own. */
Diary *diary_create(const Helmholtz *machine, const Dataset *data);
void diary_free(Diary *diary);

/* Before step index of so many: keeps a frame when it is time for one. The times grow
 * geometrically, from before the first step to before the last. */
void diary_keep(const Helmholtz *machine, Tape *tape, long index, long steps);

/* The step before which frame f is kept. */
long diary_step(int frame, long steps);

#endif
