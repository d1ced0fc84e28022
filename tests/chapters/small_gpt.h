/* Transformers made as the command line makes them, of a text in memory or a set by name, without a
 * run's folder. */
#ifndef CHAPTERS_SMALL_GPT_H
#define CHAPTERS_SMALL_GPT_H

#include "06-transformer/gpt.h"
#include "train/run_child.h"

typedef struct SmallGpt {
    Gpt *gpt;
    Dataset *data;
    Options *options;
    Tape *tape;
} SmallGpt;

static inline SmallGpt small_gpt_of(Dataset *data, const char *words)
{
    SmallGpt g = {.data = data, .tape = tape_create(kernels_best())};
    g.options = run_parse_of(&gpt_family, "unused", words);
    gpt_family.defaults(g.options, g.data);
    family_prepare(&gpt_family, g.options, g.data);
    g.gpt = (Gpt *)gpt_family.create(g.options, g.data, 1);
    model_bind(&g.gpt->model, g.tape);
    return g;
}

/* The same text is training, validation and test. */
static inline SmallGpt small_gpt(const char *text, bool lines, const char *words)
{
    size_t n = strlen(text);
    char *all = memory_format("%s%s%s", text, text, text);
    Dataset *data =
        text_dataset("a text", all, (size_t[]){0, n, 2 * n, 3 * n}, lines, TOKENS_CHARACTERS);
    return small_gpt_of(data, words);
}

static inline void small_gpt_free(SmallGpt *g)
{
    gpt_family.destroy(&g->gpt->model);
    options_free(g->options);
    tape_free(g->tape);
    dataset_free(g->data);
}

/* Weights far from where they start, so that what depends on something does so visibly. */
static inline void small_gpt_shake(SmallGpt *g, double sd)
{
    Params *params = g->gpt->model.part[0].params;
    Rng rng = rng_stream(9, "shaken");
    for (int i = 0; i < params->count; i++) {
        Tensor *w = params->tensor[i];
        if (!params->trained[i])
            continue;
        real *noise = memory_new(w->size, sizeof *noise);
        rng_normal(&rng, noise, w->size);
        for (size_t j = 0; j < w->size; j++)
            if (w->value[j] != 0 || w->rank == 1) /* masked weights stay 0 */
                w->value[j] += (real)sd * noise[j];
        free(noise);
    }
    params_touch(params);
}

#endif
