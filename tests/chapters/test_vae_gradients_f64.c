/* The objectives' derivatives with respect to every weight against finite differences, with the
 * noise held fixed, for each kind of data, one and two layers of latents. The rows of a batch are
 * weighed unevenly. Step 1e-5 in double: gap below 1e-7. */
#include "chapters/small_vae.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

enum { N = 3, K = 3 };
#define STEP 1e-5
#define GAP 1e-7

typedef enum Objective { ELBO, IWAE } Objective;

static const double uneven[N] = {0.7, -1.3, 0.4};

static Tensor *bound_of(const Vae *vae, Tape *tape, Objective objective)
{
    Rng noise = rng_stream(3, "noise");
    small_begin(vae, tape);
    Tensor *x = small_data(vae, tape, N, 2);
    if (objective == ELBO)
        return vae_elbo(vae, x, 0.7, &noise).bound;
    return vae_iwae(vae_log_weights(vae, x, K, &noise));
}

static double value_of(const Vae *vae, Tape *tape, Objective objective)
{
    bool was = tape_record(tape, false);
    const Tensor *bound = bound_of(vae, tape, objective);
    double sum = 0;
    for (int i = 0; i < N; i++)
        sum += uneven[i] * bound->value[i];
    tape_record(tape, was);
    return sum;
}

static double slope_of(const Vae *vae, Tape *tape, Objective objective, real *at)
{
    real kept = *at;
    *at = kept + STEP;
    double up = value_of(vae, tape, objective);
    *at = kept - STEP;
    double down = value_of(vae, tape, objective);
    *at = kept;
    return (up - down) / (2 * STEP);
}

/* The library's gradients of all weights, one after the other: the differences start them anew. */
static double *gradients_of(const Vae *vae, Tape *tape, Objective objective)
{
    const Params *params = vae->model.part[0].params;
    double *gradient = memory_new(params_numbers(params), sizeof *gradient), *next = gradient;
    tape_backward_seeded(bound_of(vae, tape, objective), uneven);
    for (int i = 0; i < params->count; i++) {
        const Tensor *weight = params->tensor[i];
        if (!params->trained[i])
            continue;
        CU_ASSERT_FATAL(weight->has_grad);
        for (size_t j = 0; j < weight->size; j++)
            *next++ = weight->grad[j];
    }
    return gradient;
}

/* The largest gap over all weights; every weight must matter. */
static double largest_gap(Vae *vae, Tape *tape, Objective objective)
{
    Params *params = vae->model.part[0].params;
    double worst = 0, *gradient = gradients_of(vae, tape, objective), *next = gradient;
    for (int i = 0; i < params->count; i++) {
        Tensor *weight = params->tensor[i];
        double largest = 0;
        if (!params->trained[i])
            continue;
        for (size_t j = 0; j < weight->size; j++, next++) {
            double slope = slope_of(vae, tape, objective, &weight->value[j]);
            double gap = fabs(slope - *next) / fmax(1, fabs(slope));
            worst = isnan(worst) || gap <= worst ? worst : gap;
            largest = fmax(largest, fabs(*next));
        }
        CU_ASSERT(largest > 1e-4);
    }
    free(gradient);
    return worst;
}

static void check(Objective objective)
{
    static const SmallVae row[] = {
        {DATA_BINARY, 5, 2, 1, {2}, 4}, {DATA_BINARY, 5, 2, 2, {3, 2}, 4},
        {DATA_GREY, 4, 8, 1, {2}, 4},   {DATA_GREY, 4, 8, 2, {3, 2}, 4},
        {DATA_POINTS, 3, 0, 1, {2}, 4}, {DATA_POINTS, 3, 0, 2, {3, 2}, 4}};
    Tape *tape = tape_create(kernels_best());
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        Vae vae = small_vae(row[i], 11 + i);
        double gap = largest_gap(&vae, tape, objective);
        if (!(gap < GAP))
            printf("\n    data kind %d, %d layers: gap %.3g\n", row[i].kind, row[i].layers, gap);
        CU_ASSERT(gap < GAP);
        model_free_parts(&vae.model);
    }
    tape_free(tape);
}

static void test_elbo(void)
{
    check(ELBO);
}

static void test_iwae(void)
{
    check(IWAE);
}

/* Planted: gradients of one objective are not those of the other. */
static void test_can_fail(void)
{
    SmallVae s = {DATA_BINARY, 5, 2, 1, {2}, 4};
    Tape *tape = tape_create(kernels_best());
    Vae vae = small_vae(s, 11);
    Params *params = vae.model.part[0].params;
    double *gradient = gradients_of(&vae, tape, ELBO), worst = 0;
    Tensor *first = params->tensor[1]; /* behind the centre, which is not trained */
    CU_ASSERT_STRING_EQUAL(first->name, "encoder.0.weight");
    for (size_t j = 0; j < first->size; j++)
        worst = fmax(worst, fabs(slope_of(&vae, tape, IWAE, &first->value[j]) - gradient[j]));
    CU_ASSERT(worst > 1e-3);
    free(gradient);
    model_free_parts(&vae.model);
    tape_free(tape);
}

const Suite suite = {"chapters/vae gradients",
                     {{"ELBO", test_elbo},
                      {"IWAE", test_iwae},
                      {"another objective's slope is seen", test_can_fail},
                      {NULL, NULL}}};
