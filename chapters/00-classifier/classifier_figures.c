/* What the classifier confuses, and the images that it misreads. */
#include "00-classifier/classifier.h"

#include "support/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { JUDGED = 5000, SHOWN = 40, COLUMNS = 10, MOST_CLASSES = 16 };

typedef struct Judged {
    int n, dims, classes;
    real *image; /* [n, dims], 0 .. 1 */
    int *label, *said;
} Judged;

static Judged judge(const Classifier *classifier, const Task *task)
{
    const Dataset *data = task->data;
    size_t all = data->count[task->split], n = all < JUDGED ? all : JUDGED;
    Judged j = {.n = (int)n, .dims = data->dims, .classes = data->classes};
    uint32_t *index = memory_new(n, sizeof *index);
    real *feature = memory_new(n * RULER_FEATURES, sizeof *feature);
    Rng rng = rng_stream(1, "evaluation examples");
    j.image = memory_new(n * (size_t)data->dims, sizeof *j.image);
    j.label = memory_new(n, sizeof *j.label);
    j.said = memory_new(n, sizeof *j.said);
    for (size_t i = 0; i < n; i++)
        index[i] = (uint32_t)(i * all / n);
    dataset_fetch(data, task->split, index, n, &rng, j.image, j.label, NULL);
    for (size_t i = 0; i < n * (size_t)data->dims; i++)
        j.image[i] /= (real)(classifier->levels - 1);
    ruler_measure(&classifier->ruler, classifier->model.part[0].params, j.image, j.n, feature,
                  j.said);
    free(feature);
    free(index);
    return j;
}

static void draw_confusion(const Judged *j, Figures *figures)
{
    int k = j->classes;
    double *share = memory_new((size_t)(k * k), sizeof *share), count[MOST_CLASSES] = {0};
    for (int i = 0; i < j->n; i++)
        count[j->label[i]]++;
    for (int i = 0; i < j->n; i++)
        share[j->label[i] * k + j->said[i]] +=
            j->said[i] == j->label[i] ? 0 : 100 / count[j->label[i]];
    FigurePanel panel = {.title = NULL, .density = share};
    FigureHeatmaps maps = {
        .panel = &panel, .panels = 1, .nx = k, .ny = k, .x = {-0.5, k - 0.5}, .y = {-0.5, k - 0.5}};
    figure_heatmaps(figures,
                    &(FigureText){.name = "confusion",
                                  .title = "Which digit is read as which (misread ones only)",
                                  .x_label = "read as",
                                  .y_label = "label",
                                  .z_label = "% of the label's images"},
                    &maps);
    free(share);
}

static void draw_misread(const Judged *j, const Task *task)
{
    real *pixel = memory_new((size_t)SHOWN * (size_t)j->dims, sizeof *pixel);
    int shown = 0, wrong = 0;
    for (int i = 0; i < j->n; i++) {
        if (j->said[i] == j->label[i])
            continue;
        wrong++;
        if (shown < SHOWN)
            memcpy(pixel + (size_t)shown++ * (size_t)j->dims,
                   j->image + (size_t)i * (size_t)j->dims, (size_t)j->dims * sizeof *pixel);
    }
    if (shown > 0) {
        char title[120];
        snprintf(title, sizeof title, "Misread: %d of %d test images%s", wrong, j->n,
                 wrong > shown ? " (the first 40 of them)" : "");
        FigureImages images = {.pixel = pixel,
                               .n = shown,
                               .height = task->data->height,
                               .width = task->data->width,
                               .channels = 1,
                               .rows = (shown + COLUMNS - 1) / COLUMNS,
                               .columns = COLUMNS};
        figure_images(task->figures, &(FigureText){.name = "misread", .title = title}, &images);
    }
    free(pixel);
}

void classifier_figures(Model *model, const Task *task)
{
    Judged j = judge((const Classifier *)model, task);
    if (j.classes <= MOST_CLASSES)
        draw_confusion(&j, task->figures);
    draw_misread(&j, task);
    free(j.image);
    free(j.label);
    free(j.said);
}
