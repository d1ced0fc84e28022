/* space: the space that pictures and sentences share, drawn, and the gap between the two. */
#include "07-clip-ldm/experiment.h"

#include "07-clip-ldm/judge.h"
#include "metric/principal.h"
#include "support/memory.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const OptionSpec options[] = {
    {"n", OPTION_INT, "300", "N", "pictures, and as many sentences", 24, 5000, NULL},
    {NULL, OPTION_FLAG, NULL, NULL, NULL, 0, 0, NULL}};

/* Vectors of n pictures, then those of their sentences: [2n, shared]. */
typedef struct Space {
    int n, shared;
    Scene *scene;
    real *vector;
} Space;

static Space space_of(const Painter *painter, int n)
{
    Space space = {.n = n, .shared = painter->model->clip.shared};
    Rng rng = rng_stream(1, "space");
    size_t half = (size_t)n * (size_t)space.shared;
    space.scene = judge_scenes(&rng, n, 1, SCENE_SEEN);
    space.vector = memory_new(2 * half, sizeof *space.vector);
    real *picture = judge_real(space.scene, n, &rng);
    Sentence *sentence = judge_sentences(painter->model->world, space.scene, n, true);
    painter_image_vectors(painter, picture, n, space.vector);
    painter_text_vectors(painter, sentence, n, space.vector + half);
    free(sentence);
    free(picture);
    return space;
}

static double cosine(const Space *space, int i, int j)
{
    double sum = 0;
    for (int d = 0; d < space->shared; d++)
        sum += (double)space->vector[i * space->shared + d] *
               (double)space->vector[j * space->shared + d];
    return sum;
}

/* Length of the difference of the two means (Liang et al. 2022, arXiv:2203.02053, sec. 4.2). */
static double modality_gap(const Space *space)
{
    double square = 0;
    for (int d = 0; d < space->shared; d++) {
        double difference = 0;
        for (int i = 0; i < space->n; i++)
            difference += (double)space->vector[i * space->shared + d] -
                          (double)space->vector[(space->n + i) * space->shared + d];
        square += pow(difference / space->n, 2);
    }
    return sqrt(square);
}

/* The two largest principal components of rows [n, dim] -> point [n, 2]. */
static void project(const real *row, int n, int dim, real *point)
{
    Principal *principal = principal_fit(row, n, dim, 2);
    principal_project(principal, row, n, point);
    principal_free(principal);
}

/* Each vector's place along the line from the pictures' mean to the sentences'. */
static void along_gap(const Space *space, double *along)
{
    size_t shared = (size_t)space->shared;
    double length = modality_gap(space);
    for (size_t d = 0; d < shared; d++) {
        double step = 0;
        for (int i = 0; i < space->n; i++)
            step += ((double)space->vector[(size_t)(space->n + i) * shared + d] -
                     (double)space->vector[(size_t)i * shared + d]) /
                    space->n;
        for (int i = 0; i < 2 * space->n; i++)
            along[i] += step / length * (double)space->vector[(size_t)i * shared + d];
    }
}

/* All 2n vectors: along the gap, and across it where they spread most; colours for the pictures'
 * and the sentences'. */
static void draw_gap(const Space *space, Figures *figures)
{
    static const char *const name[] = {"pictures", "sentences"};
    int all = 2 * space->n;
    real *point = memory_new(2 * (size_t)all, sizeof *point);
    int *group = memory_new((size_t)all, sizeof *group);
    double *along = memory_new((size_t)all, sizeof *along);
    project(space->vector, all, space->shared, point);
    along_gap(space, along);
    for (int i = 0; i < all; i++) {
        group[i] = i >= space->n;
        point[2 * i + 1] = point[2 * i];
        point[2 * i] = (real)along[i];
    }
    free(along);
    figure_scatter(figures,
                   &(FigureText){.name = "space-gap",
                                 .title = "One space, two crowds: pictures and their sentences",
                                 .x_label = "from the pictures' mean to the sentences'",
                                 .y_label = "first principal component"},
                   &(FigureScatter){.point = point,
                                    .n = (size_t)all,
                                    .group = group,
                                    .groups = 2,
                                    .group_name = name,
                                    .equal_axes = true});
    free(group);
    free(point);
}

/* Each crowd about its own mean: groups by shape. */
static void draw_shapes(const Space *space, Figures *figures)
{
    enum { GROUPS = 2 * SCENE_SHAPES };
    char label[GROUPS][32];
    const char *name[GROUPS];
    int all = 2 * space->n;
    size_t shared = (size_t)space->shared;
    real *centred = memory_new((size_t)all * shared, sizeof *centred);
    real *point = memory_new(2 * (size_t)all, sizeof *point);
    int *group = memory_new((size_t)all, sizeof *group);
    for (int half = 0; half < 2; half++)
        for (size_t d = 0; d < shared; d++) {
            double mean = 0;
            for (int i = 0; i < space->n; i++)
                mean += (double)space->vector[(size_t)(half * space->n + i) * shared + d];
            for (int i = 0; i < space->n; i++) {
                size_t at = (size_t)(half * space->n + i) * shared + d;
                centred[at] = space->vector[at] - (real)(mean / space->n);
            }
        }
    for (int i = 0; i < all; i++)
        group[i] = space->scene[i % space->n].object[0].shape + (i >= space->n ? SCENE_SHAPES : 0);
    for (int g = 0; g < GROUPS; g++) {
        snprintf(label[g], sizeof label[g], "%s, %s", scene_shape_name[g % SCENE_SHAPES],
                 g < SCENE_SHAPES ? "picture" : "sentence");
        name[g] = label[g];
    }
    project(centred, all, space->shared, point);
    figure_scatter(figures,
                   &(FigureText){.name = "space-shapes",
                                 .title = "The same, each crowd about its own mean",
                                 .x_label = "first principal component",
                                 .y_label = "second"},
                   &(FigureScatter){.point = point,
                                    .n = (size_t)all,
                                    .group = group,
                                    .groups = GROUPS,
                                    .group_name = name,
                                    .equal_axes = true});
    free(group);
    free(point);
    free(centred);
}

/* Cosines of the first 24 pictures (up) and sentences (right), sorted by shape and colour. */
static void draw_similarity(const Space *space, Figures *figures)
{
    enum { SHOWN = 24 };
    int order[SHOWN];
    double map[SHOWN * SHOWN];
    for (int i = 0; i < SHOWN; i++) {
        const SceneObject *o = &space->scene[i].object[0];
        int j = i;
        for (; j > 0; j--) {
            const SceneObject *before = &space->scene[order[j - 1]].object[0];
            if (before->shape * SCENE_COLOURS + before->colour <=
                o->shape * SCENE_COLOURS + o->colour)
                break;
            order[j] = order[j - 1];
        }
        order[j] = i;
    }
    for (int i = 0; i < SHOWN; i++)
        for (int j = 0; j < SHOWN; j++)
            map[i * SHOWN + j] = cosine(space, order[i], space->n + order[j]);
    FigurePanel panel = {.title = NULL, .density = map};
    figure_heatmaps(
        figures,
        &(FigureText){.name = "similarity",
                      .title = "Cosines: pairs on the diagonal, sorted by shape, colour",
                      .x_label = "sentence",
                      .y_label = "picture",
                      .z_label = "cosine"},
        &(FigureHeatmaps){.panel = &panel,
                          .panels = 1,
                          .nx = SHOWN,
                          .ny = SHOWN,
                          .x = {0, SHOWN},
                          .y = {0, SHOWN}});
}

static void space_command(const Call *call)
{
    Painter painter = painter_open(call->dir);
    judge_check(&painter);
    Space space = space_of(&painter, (int)options_int(call->options, "n"));
    double own = 0, other = 0;
    for (int i = 0; i < space.n; i++) {
        own += cosine(&space, i, space.n + i) / space.n;
        other += cosine(&space, i, space.n + (i + 1) % space.n) / space.n;
    }
    printf("mean cosine of a picture and its sentence  %.3f\n"
           "                    and another's          %.3f\n"
           "distance of the two means (modality gap)   %.3f\n",
           own, other, modality_gap(&space));
    Figures *figures = experiment_figures(call);
    draw_gap(&space, figures);
    draw_shapes(&space, figures);
    draw_similarity(&space, figures);
    experiment_end(figures);
    free(space.scene);
    free(space.vector);
    painter_close(&painter);
}

const LdmCommand command_space = {
    "space",
    "the shared space in two dimensions, the modality gap, the similarities",
    NULL,
    0,
    0,
    options,
    space_command};
