/* Spectral normalisation against GSL's singular values. */
#include "harness/suite.h"
#include "nn/spectral.h"
#include "support/memory.h"

#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>

enum { MOST_ITERATIONS = 2000 };

static double largest_singular_value(const Tensor *w)
{
    size_t rows = (size_t)tensor_rows(w), columns = (size_t)tensor_columns(w);
    bool tall = rows >= columns; /* GSL's takes no other */
    gsl_matrix *a = gsl_matrix_alloc(tall ? rows : columns, tall ? columns : rows);
    gsl_matrix *v = gsl_matrix_alloc(a->size2, a->size2);
    gsl_vector *s = gsl_vector_alloc(a->size2), *work = gsl_vector_alloc(a->size2);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            gsl_matrix_set(a, tall ? i : j, tall ? j : i, w->value[i * columns + j]);
    gsl_linalg_SV_decomp(a, v, s, work);
    double largest = gsl_vector_get(s, 0);
    gsl_matrix_free(a);
    gsl_matrix_free(v);
    gsl_vector_free(s);
    gsl_vector_free(work);
    return largest;
}

typedef struct Layer {
    Params *params;
    Tensor *weight;
    Spectral spectral;
    Tape *tape;
} Layer;

static Layer layer_of(int rank, const int *shape)
{
    Layer l = {.params = params_create(), .tape = tape_create(kernels_best())};
    Rng rng = rng_stream(4, "spectral");
    l.weight = params_weight(l.params, "w", rank, shape);
    rng_normal(&rng, l.weight->value, l.weight->size);
    l.spectral = spectral_create(l.params, "w", l.weight, &rng);
    params_bind(l.params, l.tape);
    return l;
}

static void layer_free(Layer *l)
{
    tape_free(l->tape);
    params_free(l->params);
}

static void test_norm(void)
{
    static const int shape[3][4] = {{3, 3, 4, 8}, {7, 5, 0, 0}, {3, 12, 0, 0}};
    for (int i = 0; i < 3; i++) {
        Layer l = layer_of(i == 0 ? 4 : 2, shape[i]);
        double exact = largest_singular_value(l.weight);
        spectral_iterate(&l.spectral, MOST_ITERATIONS);
        Tensor *w = spectral_weight(&l.spectral);
        CU_ASSERT(fabs(largest_singular_value(w) - 1) < 1e-10);
        CU_ASSERT(tensor_same_shape(w, l.weight));
        CU_ASSERT(fabs(l.weight->value[0] / w->value[0] - exact) < 1e-10 * exact);
        layer_free(&l);
    }
}

/* One iteration never overshoots: u'Wv with unit vectors is at most the largest singular value. */
static void test_from_below(void)
{
    Layer l = layer_of(2, (int[]){20, 30});
    double exact = largest_singular_value(l.weight), before = 0;
    for (int t = 0; t < 20; t++) {
        double sigma = l.weight->value[0] / spectral_weight(&l.spectral)->value[0];
        CU_ASSERT(sigma <= exact * (1 + 1e-12) && sigma >= before - 1e-12);
        before = sigma;
        spectral_iterate(&l.spectral, 1);
        tape_reset(l.tape);
    }
    CU_ASSERT(before > 0.8 * exact);
    layer_free(&l);
}

/* At the singular vectors, constants for the gradient, the gradient is that of W / sigma(W). */
static void test_gradient(void)
{
    Layer l = layer_of(2, (int[]){5, 4});
    real seed[20];
    Rng rng = rng_stream(5, "seed");
    rng_normal(&rng, seed, 20);
    spectral_iterate(&l.spectral, MOST_ITERATIONS);
    tape_backward_seeded(spectral_weight(&l.spectral), seed);
    for (int i = 0; i < 20; i++) {
        const double step = 1e-5;
        double side[2];
        real kept = l.weight->value[i];
        for (int s = 0; s < 2; s++) {
            l.weight->value[i] = kept + (s == 0 ? step : -step);
            double sigma = largest_singular_value(l.weight);
            side[s] = 0;
            for (int j = 0; j < 20; j++)
                side[s] += seed[j] * l.weight->value[j] / sigma;
        }
        l.weight->value[i] = kept;
        CU_ASSERT(fabs((side[0] - side[1]) / (2 * step) - l.weight->grad[i]) < 1e-7);
    }
    layer_free(&l);
}

const Suite suite = {"nn/spectral",
                     {{"the norm is one", test_norm},
                      {"power iteration comes from below", test_from_below},
                      {"gradient", test_gradient},
                      {NULL, NULL}}};
