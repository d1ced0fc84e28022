#include "train/quality.h"

#include "metric/frechet.h"
#include "metric/kid.h"
#include "metric/prdc.h"
#include "metric/ruler.h"
#include "metric/sliced_wasserstein.h"
#include "support/fail.h"
#include "support/file.h"
#include "support/memory.h"
#include "train/safetensors.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RULER_SIDE = 28, RULER_CLASSES = 10, LINES = 200, LEAST_IMAGES = PRDC_DENSITY_K + 1 };

char *quality_ruler_path(const Dataset *data)
{
    const char *folder = getenv("LAB_RULER");
    return memory_format("%s/%s.safetensors",
                         folder != NULL && *folder != '\0' ? folder
                                                           : "chapters/00-classifier/weights",
                         data->kind == DATA_BINARY ? "mnist-binary" : "mnist");
}

bool quality_possible(const Dataset *data, const char **reason)
{
    if (data->kind == DATA_POINTS)
        return true;
    bool fits = data->height == RULER_SIDE && data->width == RULER_SIDE && data->channels == 1;
    *reason = "the ruler knows one-channel images of 28 x 28 only";
    if (!fits)
        return false;
    *reason = "fewer than 6 test or validation images are too few to compare with";
    if (quality_most(data) < LEAST_IMAGES)
        return false;
    char *path = quality_ruler_path(data);
    bool there = file_exists(path);
    *reason = "the ruler's weights are not found; run from the root of the repository, or set "
              "LAB_RULER to the folder chapters/00-classifier/weights";
    free(path);
    return there;
}

/* ---------------------------------------------------------------- the ruler at work */

static void load_ruler(Params *params, const char *path)
{
    Safetensors *file = safetensors_read(path);
    for (int i = 0; i < params->count; i++) {
        Tensor *weight = params->tensor[i];
        char *name = memory_format("classifier/%s", weight->name);
        const SafetensorsEntry *entry = safetensors_find(file, name);
        if (entry == NULL || safetensors_bytes(entry) != weight->size * sizeof(float))
            refuse("%s: has no '%s' of %zu numbers; make it anew as "
                   "chapters/00-classifier/weights/README.md says",
                   path, name, weight->size);
        const float *value = entry->data;
        for (size_t j = 0; j < weight->size; j++)
            weight->value[j] = (real)value[j];
        free(name);
    }
    safetensors_free(file);
    params_touch(params);
}

/* n images in features, with what the classifier reads in them. */
typedef struct Measured {
    real *feature; /* [n, dim] */
    int *class;    /* [n]      */
    int n, dim;
} Measured;

static Measured measured_new(int n, int dim)
{
    return (Measured){memory_new((size_t)n * (size_t)dim, sizeof(real)),
                      memory_new((size_t)n, sizeof(int)), n, dim};
}

static void measured_free(Measured *m)
{
    free(m->feature);
    free(m->class);
}

static Measured measure_images(const Ruler *ruler, Params *params, const Dataset *data,
                               const real *value, int n)
{
    Measured m = measured_new(n, RULER_FEATURES);
    size_t numbers = (size_t)n * (size_t)data->dims;
    real *unit = memory_new(numbers, sizeof *unit);
    for (size_t i = 0; i < numbers; i++)
        unit[i] = value[i] / (real)(data->levels - 1);
    ruler_measure(ruler, params, unit, n, m.feature, m.class);
    free(unit);
    return m;
}

/* The data set's ruler, with weights in params. */
static Ruler open_ruler(Params *params, const Dataset *data)
{
    Rng unused = rng_stream(0, "overwritten by the file");
    Ruler ruler = ruler_create(params, RULER_SIDE, RULER_SIDE, RULER_CLASSES, &unused);
    char *path = quality_ruler_path(data);
    load_ruler(params, path);
    free(path);
    return ruler;
}

void quality_read_digits(const Dataset *data, const real *image, int n, int *class)
{
    Params *params = params_create();
    Ruler ruler = open_ruler(params, data);
    Measured m = measured_new(n, RULER_FEATURES);
    ruler_measure(&ruler, params, image, n, m.feature, m.class);
    memcpy(class, m.class, (size_t)n * sizeof *class);
    measured_free(&m);
    params_free(params);
}

real *quality_features(const Dataset *data, const real *image, int n)
{
    Params *params = params_create();
    Ruler ruler = open_ruler(params, data);
    Measured m = measure_images(&ruler, params, data, image, n);
    free(m.class);
    params_free(params);
    return m.feature;
}

/* n examples spread over a split, with their labels. */
static real *real_examples(const Dataset *data, Split split, int n, int *label)
{
    real *x = memory_new((size_t)n * (size_t)data->dims, sizeof *x);
    Rng rng = rng_stream(1, "real examples");
    dataset_fetch_spread(data, split, (size_t)n, &rng, x, data->classes > 0 ? label : NULL, NULL);
    return x;
}

/* ---------------------------------------------------------------- the metrics */

static void four_shares(const Measured *real_set, const Measured *other, double share[4])
{
    Prdc manifold = prdc(real_set->feature, real_set->n, other->feature, other->n, real_set->dim,
                         PRDC_MANIFOLD_K);
    Prdc density = prdc(real_set->feature, real_set->n, other->feature, other->n, real_set->dim,
                        PRDC_DENSITY_K);
    share[0] = manifold.precision;
    share[1] = manifold.recall;
    share[2] = density.density;
    share[3] = density.coverage;
}

static double sliced(const Measured *a, const Measured *b)
{
    Rng rng = rng_stream(1, "sliced Wasserstein");
    return sliced_wasserstein(a->feature, a->n, b->feature, b->n, a->dim, LINES, &rng);
}

static void compare_features(Quality *q, const Measured *test, const Measured *held_out,
                             const Measured *sample)
{
    double shares[2][4];
    Kid kernel = kid(test->feature, test->n, sample->feature, sample->n, test->dim);
    q->frechet.samples =
        frechet_distance(test->feature, test->n, sample->feature, sample->n, test->dim);
    q->frechet.real =
        frechet_distance(test->feature, test->n, held_out->feature, held_out->n, test->dim);
    q->kernel.samples = kernel.value;
    q->kernel_se = kernel.se;
    q->kernel.real = kid(test->feature, test->n, held_out->feature, held_out->n, test->dim).value;
    four_shares(test, sample, shares[0]);
    four_shares(test, held_out, shares[1]);
    q->precision = (QualityValue){shares[0][0], shares[1][0]};
    q->recall = (QualityValue){shares[0][1], shares[1][1]};
    q->density = (QualityValue){shares[0][2], shares[1][2]};
    q->coverage = (QualityValue){shares[0][3], shares[1][3]};
}

/* The rows of one class. */
static Measured of_class(const Measured *all, const int *label, int class)
{
    Measured part = measured_new(all->n, all->dim);
    part.n = 0;
    for (int i = 0; i < all->n; i++)
        if (label[i] == class)
            memcpy(part.feature + (size_t)part.n++ * (size_t)all->dim,
                   all->feature + (size_t)i * (size_t)all->dim, (size_t)all->dim * sizeof(real));
    return part;
}

/* Coverage of each class's test images by samples of that class: one memorised digit a class would
 * agree with its label, but cover nothing. */
static void compare_classes(const Measured *test, const int *test_label, const Measured *other,
                            const int *wanted, double *mean, double *lowest)
{
    double sum = 0;
    int counted = 0;
    *lowest = 1;
    for (int c = 0; c < RULER_CLASSES; c++) {
        Measured a = of_class(test, test_label, c), b = of_class(other, wanted, c);
        if (a.n > PRDC_DENSITY_K && b.n > PRDC_DENSITY_K) {
            double coverage = prdc(a.feature, a.n, b.feature, b.n, a.dim, PRDC_DENSITY_K).coverage;
            sum += coverage;
            *lowest = fmin(*lowest, coverage);
            counted++;
        }
        measured_free(&a);
        measured_free(&b);
    }
    *mean = counted > 0 ? sum / counted : NAN;
}

static Quality measure_by_ruler(const Dataset *data, const real *sample, int n, const int *label)
{
    Quality q = {.n = n, .images = true};
    Params *params = params_create();
    Ruler ruler = open_ruler(params, data);
    int *real_label = memory_new(2 * (size_t)n, sizeof *real_label);
    real *test = real_examples(data, SPLIT_TEST, n, real_label);
    real *held_out = real_examples(data, SPLIT_VALIDATION, n, real_label + n);
    Measured a = measure_images(&ruler, params, data, test, n);
    Measured b = measure_images(&ruler, params, data, held_out, n);
    Measured s = measure_images(&ruler, params, data, sample, n);
    compare_features(&q, &a, &b, &s);
    q.sliced_wasserstein = (QualityValue){sliced(&a, &s), sliced(&a, &b)};
    if (label != NULL && data->classes == RULER_CLASSES) {
        double unused_lowest;
        q.labelled = true;
        for (int i = 0; i < n; i++)
            q.agreement += s.class[i] == label[i] ? 1.0 / n : 0;
        compare_classes(&a, real_label, &b, real_label + n, &q.class_real, &unused_lowest);
        compare_classes(&a, real_label, &s, label, &q.class_mean, &q.class_lowest);
    }
    measured_free(&a);
    measured_free(&b);
    measured_free(&s);
    free(test);
    free(held_out);
    free(real_label);
    params_free(params);
    return q;
}

static Quality measure_points(const Dataset *data, const real *sample, int n)
{
    Quality q = {.n = n};
    real *test = real_examples(data, SPLIT_TEST, n, NULL);
    real *held_out = real_examples(data, SPLIT_VALIDATION, n, NULL);
    Rng rng = rng_stream(1, "sliced Wasserstein"), again = rng;
    q.sliced_wasserstein.samples = sliced_wasserstein(test, n, sample, n, data->dims, LINES, &rng);
    q.sliced_wasserstein.real = sliced_wasserstein(test, n, held_out, n, data->dims, LINES, &again);
    free(test);
    free(held_out);
    return q;
}

int quality_least(const Dataset *data)
{
    return data->kind == DATA_POINTS ? 1 : LEAST_IMAGES;
}

int quality_most(const Dataset *data)
{
    size_t test = data->count[SPLIT_TEST], held_out = data->count[SPLIT_VALIDATION];
    return (int)(test < held_out ? test : held_out);
}

int quality_samples(const Dataset *data, const Options *options)
{
    int n = (int)options_int(options, "samples"), least = quality_least(data);
    int most = quality_most(data);
    bool typed = options_typed(options, "samples");
    if (typed && n > most)
        refuse_usage("--samples %d: %s has %d real examples to compare with", n, data->name, most);
    if (typed && n > 0 && n < least)
        refuse_usage("--samples %d: at least %d are needed to measure anything", n, least);
    return n < most ? n : most;
}

Quality quality_measure(const Dataset *data, const real *sample, int n, const int *label)
{
    int least = quality_least(data);
    if (n < least || n > quality_most(data))
        fail("quality: %d samples of %s; %d to %d", n, data->name, least, quality_most(data));
    if (data->kind == DATA_POINTS)
        return measure_points(data, sample, n);
    return measure_by_ruler(data, sample, n, label);
}

/* ---------------------------------------------------------------- for people and programs */

static void print_row(FILE *out, const char *name, QualityValue value, const char *better)
{
    fprintf(out, "%-36s %9.4f %10.4f  %s\n", name, value.samples, value.real, better);
}

void quality_print(const Quality *q, FILE *out)
{
    fprintf(out, "%-36s %9s %10s\n", "samples against test examples", "samples", "real");
    if (q->images) {
        print_row(out, "FD-lab", q->frechet, "down");
        print_row(out, "KID-lab", q->kernel, "down");
        fprintf(out, "%-36s %9.4f\n", "  its standard error", q->kernel_se);
        print_row(out, "precision (k = 3)", q->precision, "up");
        print_row(out, "recall (k = 3)", q->recall, "up");
        print_row(out, "density (k = 5)", q->density, "up");
        print_row(out, "coverage (k = 5)", q->coverage, "up");
    }
    print_row(out, q->images ? "sliced Wasserstein, features" : "sliced Wasserstein",
              q->sliced_wasserstein, "down");
    if (q->labelled) {
        fprintf(out, "%-36s %9.4f %10s  up\n", "read as the wanted class", q->agreement, "");
        fprintf(out, "%-36s %9.4f %10.4f  up (worst class %.4f)\n", "coverage within a class, mean",
                q->class_mean, q->class_real, q->class_lowest);
    }
    fprintf(out, "%d samples; \"real\": as many validation examples in their place\n", q->n);
}

static void add_value(cJSON *object, const char *name, QualityValue value)
{
    cJSON *row = cJSON_AddObjectToObject(object, name);
    cJSON_AddNumberToObject(row, "samples", value.samples);
    cJSON_AddNumberToObject(row, "real", value.real);
}

cJSON *quality_to_json(const Quality *q)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "n", q->n);
    if (q->images) {
        add_value(object, "fd_lab", q->frechet);
        add_value(object, "kid_lab", q->kernel);
        cJSON_AddNumberToObject(object, "kid_lab_se", q->kernel_se);
        add_value(object, "precision", q->precision);
        add_value(object, "recall", q->recall);
        add_value(object, "density", q->density);
        add_value(object, "coverage", q->coverage);
    }
    add_value(object, "sliced_wasserstein", q->sliced_wasserstein);
    if (q->labelled) {
        cJSON_AddNumberToObject(object, "class_agreement", q->agreement);
        cJSON_AddNumberToObject(object, "class_coverage", q->class_mean);
        cJSON_AddNumberToObject(object, "class_coverage_lowest", q->class_lowest);
        cJSON_AddNumberToObject(object, "class_coverage_real", q->class_real);
    }
    return object;
}
