#include "07-clip-ldm/experiment.h"

#include "07-clip-ldm/judge.h"
#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>

Figures *experiment_figures(const Call *call)
{
    char *folder = run_path(call->dir, "figures");
    Figures *figures = figures_open(folder);
    free(folder);
    return figures;
}

void experiment_end(Figures *figures)
{
    for (int i = 0; i < figures_drawn(figures); i++)
        printf("%s\n", figures_path(figures, i));
    figures_close(figures);
}

DrawHow experiment_how(const Call *call)
{
    return (DrawHow){.guidance = options_real(call->options, "guidance"),
                     .steps = (int)options_int(call->options, "steps")};
}

real *experiment_drawn(const Painter *painter, const Scene *scene, int n, const DrawHow *how,
                       Rng *noise)
{
    Sentence *sentence = judge_sentences(painter->model->world, scene, n, true);
    real *picture = memory_new((size_t)n * SCENE_LEVELS, sizeof *picture);
    painter_draw(painter, &(Wish){.sentence = sentence}, n, how, noise, picture);
    free(sentence);
    return picture;
}
