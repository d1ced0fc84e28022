/* What the chapter's experiments share. */
#ifndef CLIP_LDM_EXPERIMENT_H
#define CLIP_LDM_EXPERIMENT_H

#include "07-clip-ldm/commands.h"
#include "data/scene.h"
#include "plot/figure.h"

/* DIR/figures; end prints the paths of what was drawn and closes. */
Figures *experiment_figures(const Call *call);
void experiment_end(Figures *figures);

/* --guidance and --steps of DRAW_OPTIONS. */
DrawHow experiment_how(const Call *call);

/* Pictures [n, 3072] of n scenes by English and Korean sentences in turn; free with free(). */
real *experiment_drawn(const Painter *painter, const Scene *scene, int n, const DrawHow *how,
                       Rng *noise);

#endif
