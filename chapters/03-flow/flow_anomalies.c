/* Strange examples by their likelihood: where it works, where it fails, and what mends a part.
 *
 * The density is high where the data are few and simple: a blank image has a higher one than any
 * digit (Nalisnick et al. 2019, arXiv:1810.09136). Usual examples do not lie where the density is
 * highest but where -log p is near its mean; a test of that distance finds examples that are too
 * likely as well (Nalisnick et al. 2019, arXiv:1906.02994, sec. 3, with single examples). */
#include "03-flow/flow_figures.h"

#include "metric/likelihood.h"
#include "metric/roc.h"
#include "support/fail.h"
#include "support/memory.h"
#include "train/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Changes an image of levels 0 .. last in place. */
typedef void (*Spoil)(real *x, int height, int width, real last, Rng *rng);

static void leave(real *x, int height, int width, real last, Rng *rng)
{
    (void)x;
    (void)height;
    (void)width;
    (void)last;
    (void)rng;
}

/* A square of full ink, a fifth of the image wide, anywhere. */
static void blot(real *x, int height, int width, real last, Rng *rng)
{
    int side = height < width ? height / 5 : width / 5;
    side = side > 0 ? side : 1;
    int top = (int)rng_below(rng, (uint64_t)(height - side + 1));
    int left = (int)rng_below(rng, (uint64_t)(width - side + 1));
    for (int r = top; r < top + side; r++)
        for (int c = left; c < left + side; c++)
            x[r * width + c] = last;
}

static void invert(real *x, int height, int width, real last, Rng *rng)
{
    (void)rng;
    for (int i = 0; i < height * width; i++)
        x[i] = last - x[i];
}

static void noise(real *x, int height, int width, real last, Rng *rng)
{
    for (int i = 0; i < height * width; i++)
        x[i] = (real)rng_below(rng, (uint64_t)last + 1);
}

static void blank(real *x, int height, int width, real last, Rng *rng)
{
    (void)last;
    (void)rng;
    for (int i = 0; i < height * width; i++)
        x[i] = 0;
}

static void fade(real *x, int height, int width, real last, Rng *rng)
{
    (void)last;
    (void)rng;
    for (int i = 0; i < height * width; i++)
        x[i] = (real)floor((double)x[i] / 4);
}

typedef struct Kind {
    const char *name;
    bool other; /* of the digits drawn by code, where they have the run's size */
    bool grey;  /* makes sense of levels between black and white alone          */
    Spoil spoil;
} Kind;

static const Kind kinds[] = {{"test images", false, false, leave},
                             {"with a blot", false, false, blot},
                             {"digits drawn by code", true, false, leave},
                             {"those, with a blot", true, false, blot},
                             {"inverted", false, false, invert},
                             {"noise", false, false, noise},
                             {"blank", false, false, blank},
                             {"a quarter of the contrast", false, true, fade}};
enum { KINDS = sizeof kinds / sizeof *kinds, SHOWN = 8, CURVE = 101 };

/* n examples of a kind, dequantised, and -log p of each. first: the first few, for the picture. */
static void measure(const FlowModel *m, const Task *task, const Dataset *from, const Kind *kind,
                    int n, double *neg_log_prob, real *first)
{
    enum { AT_ONCE = 250 };
    const Dataset *data = task->data;
    Rng rng = rng_at(rng_stream(1, kind->name), 0);
    for (int at = 0; at < n; at += AT_ONCE) {
        int rows = n - at < AT_ONCE ? n - at : AT_ONCE;
        flow_begin(m, task);
        Tensor *x = tensor_new_matrix(task->tape, rows, m->dims);
        dataset_fetch_range(from, SPLIT_TEST, (size_t)at, (size_t)rows, &rng, x->value, NULL, NULL);
        for (int i = 0; i < rows; i++)
            kind->spoil(x->value + (size_t)i * (size_t)m->dims, data->height, data->width,
                        (real)(data->levels - 1), &rng);
        if (at == 0)
            memcpy(first, x->value,
                   (size_t)(rows < SHOWN ? rows : SHOWN) * (size_t)m->dims * sizeof *first);
        FlowDensity d;
        const Tensor *p = flow_bound(m, x, &rng, &d);
        for (int i = 0; i < rows; i++)
            neg_log_prob[at + i] = -(double)p->value[i];
    }
}

/* |-log p - mean|: how far from what is usual, to either side. */
static void distances(const double *value, int n, double mean, double *distance)
{
    for (int i = 0; i < n; i++)
        distance[i] = fabs(value[i] - mean);
}

typedef struct Anomalies {
    const Task *task;
    int n, found;
    const char *name[KINDS];
    double *neg_log_prob[KINDS]; /* [n] each */
    real *first;                 /* [KINDS, SHOWN, dims] */
} Anomalies;

static void draw_histogram(const Anomalies *a)
{
    FigureSample sample[KINDS];
    int shown = 0;
    for (int k = 0; k < a->found; k++)
        if (strcmp(a->name[k], "noise") != 0 && strcmp(a->name[k], "inverted") != 0)
            sample[shown++] = (FigureSample){a->name[k], a->neg_log_prob[k], (size_t)a->n};
    FigureText text = {.name = "anomalies",
                       .title = "How unlikely: test images and strange ones",
                       .x_label = "-log p(y) (nats)",
                       .y_label = "density"};
    figure_histogram(a->task->figures, &text,
                     &(FigureHistogram){.sample = sample, .samples = shown, .bins = 80});
}

static void draw_roc(const Anomalies *a)
{
    double x[CURVE], *y = memory_new((size_t)KINDS * CURVE, sizeof *y);
    FigureCurve curve[KINDS];
    for (int p = 0; p < CURVE; p++)
        x[p] = (double)p / (CURVE - 1);
    for (int k = 1; k < a->found; k++) {
        roc_curve(a->neg_log_prob[0], a->n, a->neg_log_prob[k], a->n, CURVE, y + k * CURVE);
        curve[k - 1] = (FigureCurve){.label = a->name[k], .y = y + k * CURVE};
    }
    FigureText text = {.name = "roc",
                       .title = "Strange examples found by -log p",
                       .x_label = "share of test images called strange",
                       .y_label = "share of strange ones found"};
    FigureLines lines = {.x = x,
                         .n = CURVE,
                         .curve = curve,
                         .curves = a->found - 1,
                         .x_range = {0, 1},
                         .y_range = {0, 1.02}};
    figure_lines(a->task->figures, &text, &lines);
    free(y);
}

static void print_table(const Anomalies *a, double mean, int judged)
{
    double *usual = memory_new(2 * (size_t)a->n, sizeof *usual), *strange = usual + a->n;
    distances(a->neg_log_prob[0], a->n, mean, usual);
    printf("\n%-28s %12s %18s %18s\n", "", "-log p", "found by -log p", "by |-log p - mean|");
    for (int k = 0; k < a->found; k++) {
        printf("%-28s %12.1f", a->name[k], likelihood_mean(a->neg_log_prob[k], (size_t)a->n));
        if (k > 0) {
            distances(a->neg_log_prob[k], a->n, mean, strange);
            printf(" %18.3f %18.3f", roc_area(a->neg_log_prob[0], a->n, a->neg_log_prob[k], a->n),
                   roc_area(usual, a->n, strange, a->n));
        }
        printf("\n");
    }
    printf("found: area under the ROC curve against the test images; 0.5 is chance, below it the\n"
           "strange ones look more usual than the usual ones. mean: of %d validation images.\n",
           judged);
    free(usual);
}

static void draw_examples(const Anomalies *a)
{
    FigureText text = {.name = "strange", .title = "What was judged"};
    flow_picture(a->task, &text, a->first, a->found, SHOWN, a->name, NULL);
}

/* The mean of -log p over n validation images: what is usual, without a look at the test images. */
static double usual_mean(const FlowModel *m, const Task *task, int n)
{
    Rng rng = rng_stream(1, "usual");
    double sum = 0;
    for (int at = 0; at < n; at++) {
        flow_begin(m, task);
        Tensor *x = tensor_new_matrix(task->tape, 1, m->dims);
        dataset_fetch_range(task->data, SPLIT_VALIDATION, (size_t)at, 1, &rng, x->value, NULL,
                            NULL);
        FlowDensity d;
        sum -= (double)tensor_item(flow_bound(m, x, &rng, &d));
    }
    return sum / n;
}

void flow_anomalies(const FlowModel *m, const Task *task, int n)
{
    const Dataset *data = task->data;
    const char *drawn = data->kind == DATA_BINARY ? "digits-binary" : "digits";
    Dataset *other = strcmp(data->name, drawn) != 0 ? dataset_load(drawn) : NULL;
    bool comparable = other != NULL && other->dims == data->dims && other->levels == data->levels &&
                      (size_t)n <= other->count[SPLIT_TEST];
    Anomalies a = {.task = task, .n = n};
    a.first = memory_new((size_t)KINDS * SHOWN * (size_t)m->dims, sizeof *a.first);
    Progress progress = progress_start("anomalies", "kinds", 0, KINDS, task->quiet);
    for (int k = 0; k < KINDS; k++) {
        if ((kinds[k].other && !comparable) || (kinds[k].grey && data->kind != DATA_GREY))
            continue;
        a.name[a.found] = kinds[k].name;
        a.neg_log_prob[a.found] = memory_new((size_t)n, sizeof(double));
        measure(m, task, kinds[k].other ? other : data, &kinds[k], n, a.neg_log_prob[a.found],
                a.first + (size_t)a.found * SHOWN * (size_t)m->dims);
        a.found++;
        progress_show(&progress, k + 1, "");
    }
    int judged = n < (int)data->count[SPLIT_VALIDATION] ? n : (int)data->count[SPLIT_VALIDATION];
    double mean = usual_mean(m, task, judged);
    progress_end(&progress, "");
    print_table(&a, mean, judged);
    draw_histogram(&a);
    draw_roc(&a);
    if (n >= SHOWN)
        draw_examples(&a);
    for (int k = 0; k < a.found; k++)
        free(a.neg_log_prob[k]);
    free(a.first);
    if (other != NULL)
        dataset_free(other);
}
