/* Samples on their way, for pictures. */
#include "04-ddpm/ddpm_figures.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ddpm_begin(const Ddpm *ddpm, const Task *task)
{
    tape_reset(task->tape);
    params_bind(ddpm->model.part[0].params, task->tape);
}

static void film_see(SamplerObserver *observer, const SamplerView *view)
{
    Film *film = (Film *)observer;
    bool last = view->step == view->steps;
    if ((view->step % film->every != 0 && !last) || film->frames == FILM_MOST_FRAMES)
        return;
    int f = film->frames++;
    film->numbers = (size_t)view->n * (size_t)view->dims;
    film->x[f] = memory_new(film->numbers, sizeof(real));
    film->x0[f] = memory_new(film->numbers, sizeof(real));
    memcpy(film->x[f], view->x, film->numbers * sizeof(real));
    memcpy(film->x0[f], view->x0 != NULL ? view->x0 : view->x, film->numbers * sizeof(real));
    film->noise[f] = exp(view->level);
}

Film film_samples(const Ddpm *ddpm, const Task *task, int n, const int *label, double guidance)
{
    Film film = {.observer = {film_see}};
    DdpmPredictor own = ddpm_predictor(ddpm, guidance);
    Sampler sampler = ddpm_sampler(ddpm, &own.predictor, NULL);
    Rng noise = task->noise;
    real *x = memory_new((size_t)n * (size_t)ddpm->dims, sizeof *x);
    film.every = (sampler.steps + 9) / 10; /* so that the last step has a frame */
    sampler.observer = &film.observer;
    ddpm_begin(ddpm, task);
    sampler_run(&sampler, task->tape, &noise, n, label, x);
    free(x);
    return film;
}

void film_free(Film *film)
{
    for (int f = 0; f < film->frames; f++) {
        free(film->x[f]);
        free(film->x0[f]);
    }
}

void film_labels(const Film *film, const char *word, char *label[FILM_MOST_FRAMES])
{
    for (int f = 0; f < film->frames; f++)
        label[f] = film->noise[f] == 0   ? memory_text("data")
                   : film->noise[f] > 99 ? memory_format("%s> 99", word)
                                         : memory_format("%s%.2g", word, film->noise[f]);
}

void film_free_labels(char *label[FILM_MOST_FRAMES], int n)
{
    for (int i = 0; i < n; i++)
        free(label[i]);
}
