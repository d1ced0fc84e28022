/* The pictures of the chapter: what the latent holds, and what can be done with it. */
#include "02-vae/vae_figures.h"

#include "metric/principal.h"
#include "support/fail.h"
#include "support/memory.h"
#include "train/pictures.h"

#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 10, STEPS = 11, SCATTERED = 2000 };

/* Evenly spread test examples [n, dims] on the task's tape, which is reset. label, factor may be
 * NULL. */
static Tensor *examples(const Task *task, const Vae *vae, int n, int *label, real *factor)
{
    Rng rng = task->noise;
    tape_reset(task->tape);
    params_bind(vae->model.part[0].params, task->tape);
    Tensor *x = tensor_name(tensor_new_matrix(task->tape, n, task->data->dims), "x");
    dataset_fetch_spread(task->data, SPLIT_TEST, (size_t)n, &rng, x->value, label, factor);
    return x;
}

/* Values in the data's units as one picture; rows of labels may be NULL. */
static void picture(const Task *task, const char *name, const char *title, const real *value,
                    int rows, int columns, const char *const *row_label,
                    const char *const *column_label)
{
    const Dataset *data = task->data;
    size_t size = (size_t)(rows * columns) * (size_t)data->dims;
    real *pixel = memory_new(size, sizeof *pixel);
    memcpy(pixel, value, size * sizeof *pixel);
    pictures_to_unit(data, pixel, size);
    FigureImages images = {pixel, rows * columns, data->height, data->width, data->channels,
                           rows,  columns,        row_label,    column_label};
    figure_images(task->figures, &(FigureText){.name = name, .title = title}, &images);
    free(pixel);
}

/* Decodes top latents [rows, width] to the mean picture of each. */
static Tensor *decode(const Vae *vae, Tensor *top)
{
    return vae_mean(vae, vae_descend(vae, top, NULL));
}

int vae_top_width(const Vae *vae)
{
    return vae->width[vae->layers - 1];
}

/* ---------------------------------------------------------------- reconstruct and denoise */

/* Each column: an image, what the VAE makes of it, the damaged image, what it makes of that. */
void vae_draw_reconstructions(const Vae *vae, const Task *task, double damage)
{
    static const char *const row_label[] = {"data", "rebuilt", "damaged", "rebuilt"};
    size_t dims = (size_t)vae->dims, block = SHOWN * dims;
    real *value = memory_new(4 * block, sizeof *value);
    Rng noise = task->noise;
    Tensor *x = examples(task, vae, SHOWN, NULL, NULL);
    Tensor *u = tensor_like(x), *broken = tensor_like(x);
    rng_uniform(&noise, u->value, u->size);
    for (size_t i = 0; i < x->size; i++) { /* that share of the pixels is turned over */
        real last = (real)(vae->levels - 1);
        broken->value[i] = u->value[i] < (real)damage ? last - x->value[i] : x->value[i];
    }
    memcpy(value, x->value, block * sizeof *value);
    memcpy(value + block, decode(vae, vae_top_mean(vae, x))->value, block * sizeof *value);
    memcpy(value + 2 * block, broken->value, block * sizeof *value);
    memcpy(value + 3 * block, decode(vae, vae_top_mean(vae, broken))->value, block * sizeof *value);
    char *title = memory_format("Through the latent and back; %.0f %% of the pixels turned over",
                                100 * damage);
    picture(task, "reconstructions", title, value, 4, SHOWN, row_label, NULL);
    free(title);
    free(value);
}

/* ---------------------------------------------------------------- interpolate */

void vae_draw_interpolations(const Vae *vae, const Task *task)
{
    enum { PAIRS = 6 };
    Tensor *x = examples(task, vae, 2 * PAIRS, NULL, NULL);
    Tensor *z = vae_top_mean(vae, x);
    int width = vae_top_width(vae);
    Tensor *path = tensor_new_matrix(task->tape, PAIRS * STEPS, width);
    for (int p = 0; p < PAIRS; p++)
        for (int s = 0; s < STEPS; s++)
            for (int j = 0; j < width; j++) {
                real from = z->value[p * width + j], to = z->value[(p + PAIRS) * width + j];
                path->value[(p * STEPS + s) * width + j] =
                    from + (to - from) * (real)s / (STEPS - 1);
            }
    picture(task, "interpolations", "From one image to another along a straight line of the latent",
            decode(vae, path)->value, PAIRS, STEPS, NULL, NULL);
}

/* ---------------------------------------------------------------- the latent of many examples */

/* Posterior means of n test examples [n, width], copied; label and factor as in examples. */
static double *latent_means(const Vae *vae, const Task *task, int n, int *label, real *factor)
{
    Tensor *x = examples(task, vae, n, label, factor);
    Tensor *z = vae_top_mean(vae, x);
    double *mean = memory_new(z->size, sizeof *mean);
    for (size_t i = 0; i < z->size; i++)
        mean[i] = (double)z->value[i];
    return mean;
}

static void means_and_variances(const double *z, int n, int width, double *mean, double *variance)
{
    for (int j = 0; j < width; j++) {
        double sum = 0, square = 0;
        for (int i = 0; i < n; i++) {
            sum += z[i * width + j];
            square += z[i * width + j] * z[i * width + j];
        }
        mean[j] = sum / n;
        variance[j] = square / n - mean[j] * mean[j];
    }
}

/* The two directions of largest variance of z [n, width] -> point [n, 2]. */
static void principal_plane(const double *z, int n, int width, real *point)
{
    size_t numbers = (size_t)n * (size_t)width;
    real *row = memory_new(numbers, sizeof *row);
    for (size_t i = 0; i < numbers; i++)
        row[i] = (real)z[i];
    Principal *principal = principal_fit(row, n, width, 2);
    principal_project(principal, row, n, point);
    principal_free(principal);
    free(row);
}

static void latent_map(const Vae *vae, const Task *task)
{
    int width = vae_top_width(vae), n = SCATTERED;
    if (width < 2)
        return;
    n = (size_t)n < task->data->count[SPLIT_TEST] ? n : (int)task->data->count[SPLIT_TEST];
    int *label = memory_new((size_t)n, sizeof *label);
    bool labelled = task->data->classes > 0;
    double *z = latent_means(vae, task, n, labelled ? label : NULL, NULL);
    real *point = memory_new(2 * (size_t)n, sizeof *point);
    bool plane = width == 2;
    for (int i = 0; plane && i < 2 * n; i++)
        point[i] = (real)z[i];
    if (!plane)
        principal_plane(z, n, width, point);
    FigureText text = {.name = "latent",
                       .title = "Where the encoder puts the test data, by class",
                       .x_label = plane ? "z1" : "first principal component of z",
                       .y_label = plane ? "z2" : "second principal component of z"};
    FigureScatter scatter = {.point = point,
                             .n = (size_t)n,
                             .group = labelled ? label : NULL,
                             .groups = task->data->classes,
                             .equal_axes = true};
    figure_scatter(task->figures, &text, &scatter);
    free(point);
    free(z);
    free(label);
}

/* ---------------------------------------------------------------- manifold and sliders */

/* The plane of a 2-D latent through the inverse of the Gaussian distribution function: K&W fig. 4.
 */
static void manifold(const Vae *vae, const Task *task)
{
    enum { SIDE = 20 };
    tape_reset(task->tape);
    params_bind(vae->model.part[0].params, task->tape);
    Tensor *z = tensor_new_matrix(task->tape, SIDE * SIDE, 2);
    for (int i = 0; i < SIDE; i++)
        for (int j = 0; j < SIDE; j++) {
            z->value[2 * (i * SIDE + j)] = (real)gsl_cdf_ugaussian_Pinv((j + 0.5) / SIDE);
            z->value[2 * (i * SIDE + j) + 1] = (real)gsl_cdf_ugaussian_Pinv(1 - (i + 0.5) / SIDE);
        }
    picture(task, "manifold",
            "The learned manifold: z1 to the right, z2 upwards, equal steps of probability",
            decode(vae, z)->value, SIDE, SIDE, NULL, NULL);
}

/* The units whose mean varies most over the data, most first. */
static void most_active(const double *z, int n, int width, int *unit, int count)
{
    double *mean = memory_new((size_t)width, sizeof *mean),
           *variance = memory_new((size_t)width, sizeof *mean);
    means_and_variances(z, n, width, mean, variance);
    for (int c = 0; c < count; c++) {
        unit[c] = 0;
        for (int j = 1; j < width; j++)
            unit[c] = variance[j] > variance[unit[c]] ? j : unit[c];
        variance[unit[c]] = -1;
    }
    free(mean);
    free(variance);
}

void vae_draw_sliders(const Vae *vae, const Task *task, int unit, int image, double reach)
{
    enum { MOST = 8, SCANNED = 500 };
    int width = vae_top_width(vae), units = width < MOST ? width : MOST, chosen[MOST] = {unit};
    char text[MOST][16], value_text[STEPS][16];
    const char *label[MOST], *column[STEPS];
    if (unit < 0) {
        double *all = latent_means(vae, task, SCANNED, NULL, NULL);
        most_active(all, SCANNED, width, chosen, units);
        free(all);
    } else {
        units = 1;
    }
    Tensor *z = vae_top_mean(vae, examples(task, vae, SHOWN, NULL, NULL));
    Tensor *moved = tensor_new_matrix(task->tape, units * STEPS, width);
    for (int u = 0; u < units; u++) {
        snprintf(text[u], sizeof *text, "z%d", chosen[u] + 1);
        label[u] = text[u];
        for (int s = 0; s < STEPS; s++) {
            real *row = moved->value + (u * STEPS + s) * width;
            double at = reach * (2.0 * s / (STEPS - 1) - 1);
            memcpy(row, z->value + image * width, (size_t)width * sizeof *row);
            row[chosen[u]] = (real)at;
            snprintf(value_text[s], sizeof *value_text, "%+.1f", at);
            column[s] = value_text[s];
        }
    }
    picture(task, "sliders", "One latent moved at a time, the others kept",
            decode(vae, moved)->value, units, STEPS, label, column);
}

/* ---------------------------------------------------------------- attributes */

/* Direction of a known cause f: the slope of E[z | f], per standard deviation of f, [width]. */
static void factor_direction(const double *z, const double *f, int n, int width, double *direction)
{
    double mean = 0, square = 0;
    for (int i = 0; i < n; i++)
        mean += f[i] / n;
    for (int i = 0; i < n; i++)
        square += (f[i] - mean) * (f[i] - mean) / n;
    double deviation = sqrt(fmax(square, 1e-12));
    for (int j = 0; j < width; j++) {
        direction[j] = 0;
        for (int i = 0; i < n; i++)
            direction[j] += z[i * width + j] * (f[i] - mean) / (n * deviation);
    }
}

/* A third of the way from the mean of one class to that of another, [width]. */
static void class_direction(const double *z, const int *label, int n, int width, const int way[2],
                            double *direction)
{
    int count[2] = {0};
    for (int i = 0; i < n; i++)
        for (int side = 0; side < 2; side++)
            count[side] += label[i] == way[side];
    for (int j = 0; j < width; j++) {
        double sum[2] = {0};
        for (int i = 0; i < n; i++)
            for (int side = 0; side < 2; side++)
                sum[side] += label[i] == way[side] ? z[i * width + j] : 0;
        direction[j] = (sum[1] / fmax(1, count[1]) - sum[0] / fmax(1, count[0])) / 3;
    }
}

/* z' = z + a z_first + b z_second on a grid of a and b. */
static void attribute_grid(const Vae *vae, const Task *task, const double *start,
                           const double *first, const double *second, const char *title)
{
    enum { SIDE = 7 };
    int width = vae_top_width(vae);
    char text[SIDE][16];
    const char *label[SIDE];
    tape_reset(task->tape);
    params_bind(vae->model.part[0].params, task->tape);
    Tensor *moved = tensor_new_matrix(task->tape, SIDE * SIDE, width);
    for (int r = 0; r < SIDE; r++) {
        snprintf(text[r], sizeof *text, "%+d", r - SIDE / 2);
        label[r] = text[r];
        for (int c = 0; c < SIDE; c++)
            for (int j = 0; j < width; j++)
                moved->value[(r * SIDE + c) * width + j] =
                    (real)(start[j] + (r - SIDE / 2) * first[j] + (c - SIDE / 2) * second[j]);
    }
    picture(task, "attributes", title, decode(vae, moved)->value, SIDE, SIDE, label, label);
}

/* Of data with known causes the first two (slant, thickness), in standard deviations; of labelled
 * data the ways from class 3 to 8 and from 3 to 5, in thirds. The image that is moved is the
 * first 3. */
bool vae_draw_attributes(const Vae *vae, const Task *task)
{
    enum { N = 2000, CLASS = 3 };
    static const int way[2][2] = {{CLASS, 8}, {CLASS, 5}};
    const Dataset *data = task->data;
    int width = vae_top_width(vae), label[N] = {0}, start = 0;
    size_t factors = (size_t)data->factors;
    if (factors < 2 && data->classes < 9)
        return false;
    real *factor = memory_new((size_t)N * (factors > 0 ? factors : 1), sizeof *factor);
    double *z =
        latent_means(vae, task, N, data->classes > 0 ? label : NULL, factors > 0 ? factor : NULL);
    double *direction = memory_new(2 * (size_t)width, sizeof *direction), f[N];
    for (int d = 0; d < 2; d++) {
        for (int i = 0; factors >= 2 && i < N; i++)
            f[i] = (double)factor[(size_t)i * factors + (size_t)d];
        if (factors >= 2)
            factor_direction(z, f, N, width, direction + d * width);
        else
            class_direction(z, label, N, width, way[d], direction + d * width);
    }
    while (start < N - 1 && data->classes > CLASS && label[start] != CLASS)
        start++;
    char *title =
        factors >= 2
            ? memory_format(
                  "z + a z(%s) + b z(%s), standard deviations: a downwards, b to the right",
                  data->factor_name[0], data->factor_name[1])
            : memory_text(
                  "z + a z(3 to 8) + b z(3 to 5), thirds of the way: a downwards, b to the right");
    attribute_grid(vae, task, z + start * width, direction, direction + width, title);
    free(title);
    free(direction);
    free(z);
    free(factor);
    return true;
}

void vae_figures(Model *model, const Task *task)
{
    const Vae *vae = (const Vae *)model;
    latent_map(vae, task);
    if (vae->kind == DATA_POINTS) {
        if (vae->dims == 2)
            vae_draw_density(vae, task);
        return;
    }
    vae_draw_reconstructions(vae, task, 0.1);
    vae_draw_interpolations(vae, task);
    vae_draw_sliders(vae, task, -1, 0, 3);
    vae_draw_attributes(vae, task);
    if (vae_top_width(vae) == 2)
        manifold(vae, task);
}
