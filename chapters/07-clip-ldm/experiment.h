/* What the chapter's experiments share. */
#ifndef CLIP_LDM_EXPERIMENT_H
#define CLIP_LDM_EXPERIMENT_H

#include "07-clip-ldm/commands.h"
#include "data/scene.h"
#include "plot/figure.h"

/* DIR/figures; end prints the paths of what was drawn and closes. */
Figures *experiment_figures(const Call *call);
void experiment_end(Figures *figures);

/* --steps, and --guidance where the command has it. Refuses more steps than the run has. */
DrawHow experiment_how(const Call *call, const Painter *painter);

/* The same typed sentence for n pictures; free with free(). */
Sentence *experiment_typed(const Painter *painter, const char *typed, int n);

/* Pictures [n, 3072] of n scenes by English and Korean sentences in turn; free with free(). */
real *experiment_drawn(const Painter *painter, const Scene *scene, int n, const DrawHow *how,
                       Rng *noise);

#endif
