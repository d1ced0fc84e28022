/* The chapter's pictures and the tables behind its curves, drawn after training and by the
 * commands. Each goes to the task's figures. */
#ifndef DDPM_FIGURES_H
#define DDPM_FIGURES_H

#include "04-ddpm/ddpm.h"

/* ---------------------------------------------------------------- samples on their way */

enum { FILM_MOST_FRAMES = 12 };

/* What an observer keeps of a sampler's way: x and the guess of x0 at a few of its steps. */
typedef struct Film {
    SamplerObserver observer;
    int frames, every;
    size_t numbers; /* n * dims of each frame */
    real *x[FILM_MOST_FRAMES], *x0[FILM_MOST_FRAMES];
    double noise[FILM_MOST_FRAMES]; /* sigma / alpha */
} Film;

/* n samples by the chapter's usual sampler for such data, filmed in about ten frames. label [n] or
 * NULL. Free with film_free. */
Film film_samples(const Ddpm *ddpm, const Task *task, int n, const int *label, double guidance);
void film_free(Film *film);

/* "1.5": sigma / alpha of each frame, behind a word; free with film_free_labels. */
void film_labels(const Film *film, const char *word, char *label[FILM_MOST_FRAMES]);
void film_free_labels(char *label[FILM_MOST_FRAMES], int n);

/* ---------------------------------------------------------------- pictures */

/* Starts a step on the task's tape: empty, the weights bound. */
void ddpm_begin(const Ddpm *ddpm, const Task *task);

/* The plane: density, score, trajectories, samples as a GIF. */
void ddpm_draw_plane(const Ddpm *ddpm, const Task *task);

/* The terms of the variational bound by time step. */
void ddpm_draw_bound(const Ddpm *ddpm, const Task *task);

/* Which images a use starts from, and what the network is told of them. */
typedef struct Originals {
    const char *path; /* a PNG; NULL: test images                                          */
    int first;        /* of the test images                                                */
    int label;        /* instead of the images' own in a conditional run; -1: their own    */
    int steps;        /* of the sampler                                                    */
    double guidance;
} Originals;

/* What the options of a use say; refuses more steps than the schedule has, a label outside the
 * classes, guidance or a label in an unconditional run. */
Originals ddpm_originals(const Ddpm *ddpm, const Options *options);

/* Variations: k steps forward and back again, at one strength k / steps, or, where it is 0, at
 * several (SDEdit, Meng et al. 2022, arXiv:2108.01073). */
void ddpm_draw_variations(const Ddpm *ddpm, const Task *task, const Originals *from,
                          double strength);

/* What is filled in where a part of the image is hidden (RePaint, Lugmayr et al. 2022,
 * arXiv:2201.09865). */
typedef enum HiddenPart { HIDE_LEFT, HIDE_RIGHT, HIDE_TOP, HIDE_BOTTOM, HIDE_MIDDLE } HiddenPart;
void ddpm_draw_inpainting(const Ddpm *ddpm, const Task *task, const Originals *from,
                          HiddenPart hidden, int repeats);

/* Between two test images along the great circle of their DDIM latents; of a conditional run both
 * have one class. */
void ddpm_draw_interpolations(const Ddpm *ddpm, const Task *task, const Originals *from);

/* Quality of n samples against the evaluations of the network that each cost, for every sampler. */
void ddpm_draw_steps(const Ddpm *ddpm, const Task *task, int n, int most, double guidance);

/* Quality of n samples against the guidance. */
void ddpm_draw_guidance_curve(const Ddpm *ddpm, const Task *task, int n);

#endif
