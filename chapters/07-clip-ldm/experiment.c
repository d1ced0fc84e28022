#include "07-clip-ldm/experiment.h"

#include "07-clip-ldm/judge.h"
#include "support/fail.h"
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

DrawHow experiment_how(const Call *call, const Painter *painter)
{
    const Options *o = call->options;
    DrawHow how = {.steps = (int)options_int(o, "steps")};
    int all = painter->model->schedule->steps;
    if (how.steps > all)
        refuse_usage("--steps %d: the run has %d steps of noise; choose at most that", how.steps,
                     all);
    if (options_known(o, "guidance") && options_set(o, "guidance"))
        how.guidance = options_real(o, "guidance");
    return how;
}

Sentence *experiment_typed(const Painter *painter, const char *typed, int n)
{
    Sentence one = sentence_typed(painter->model->world, typed);
    Sentence *all = memory_new((size_t)n, sizeof *all);
    for (int i = 0; i < n; i++)
        all[i] = one;
    return all;
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
