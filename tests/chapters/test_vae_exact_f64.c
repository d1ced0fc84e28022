/* log p(x) by quadrature: it sums to 1, does not depend on the grid, lies above the bounds, and
 * agrees with importance sampling; a decoder that ignores z gives Bernoulli's own probability. */
#include "02-vae/vae_exact.h"
#include "chapters/small_vae.h"
#include "harness/suite.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

enum { PIXELS = 6, STATES = 1 << PIXELS };

static void all_states(real x[STATES * PIXELS])
{
    for (int s = 0; s < STATES; s++)
        for (int d = 0; d < PIXELS; d++)
            x[s * PIXELS + d] = s >> d & 1;
}

static Vae make(int width, int hidden)
{
    return small_vae((SmallVae){.kind = DATA_BINARY,
                                .dims = PIXELS,
                                .levels = 2,
                                .layers = 1,
                                .width = {width},
                                .hidden = hidden},
                     7);
}

static void test_sums(void)
{
    real x[STATES * PIXELS];
    double coarse[STATES], fine[STATES];
    all_states(x);
    for (int width = 1; width <= 2; width++) {
        Vae vae = make(width, 8);
        double sum = 0, apart = 0;
        CU_ASSERT(vae_exact_possible(&vae));
        vae_exact(&vae, x, STATES, 0.2, coarse);
        vae_exact(&vae, x, STATES, 0.1, fine);
        for (int s = 0; s < STATES; s++) {
            sum += exp(fine[s]);
            apart = fmax(apart, fabs(coarse[s] - fine[s]));
        }
        CU_ASSERT(fabs(sum - 1) < 1e-12);
        CU_ASSERT(apart < 1e-7); /* of the ends at 6 standard deviations */
        model_free_parts(&vae.model);
    }
}

/* L_K rises to log p(x): its exponential's mean over many draws is p(x). */
static void test_importance(void)
{
    enum { K = 40000, CASES = 4 };
    real x[STATES * PIXELS];
    double exact[STATES];
    all_states(x);
    Vae vae = make(2, 8);
    vae_exact(&vae, x, STATES, 0.1, exact);
    Tape *tape = tape_create(kernels_best());
    tape_record(tape, false);
    for (int c = 0; c < CASES; c++) {
        int state = 3 + 17 * c;
        Rng noise = rng_stream(1, "importance");
        LogMean mean = {0};
        tape_reset(tape);
        params_bind(vae.model.part[0].params, tape);
        Tensor *row = tensor_new_matrix(tape, 1, PIXELS);
        for (int d = 0; d < PIXELS; d++)
            row->value[d] = x[state * PIXELS + d];
        Tensor *log_w = vae_log_weights(&vae, row, K, &noise);
        double elbo = 0;
        for (int k = 0; k < K; k++) {
            log_mean_add(&mean, (double)log_w->value[k]);
            elbo += (double)log_w->value[k] / K;
        }
        CU_ASSERT(fabs(log_mean_value(&mean) - exact[state]) < 4 * log_mean_se(&mean));
        CU_ASSERT(elbo < exact[state]);
    }
    tape_free(tape);
    model_free_parts(&vae.model);
}

static void test_blind_decoder(void)
{
    real x[STATES * PIXELS];
    double exact[STATES];
    all_states(x);
    Vae vae = make(1, 0);
    for (size_t i = 0; i < vae.out.weight->size; i++)
        vae.out.weight->value[i] = 0;
    vae_exact(&vae, x, STATES, 0.1, exact);
    for (int s = 0; s < STATES; s++) {
        double wanted = 0;
        for (int d = 0; d < PIXELS; d++) {
            double l = (double)vae.out.bias->value[d];
            wanted -= log1p(exp(x[s * PIXELS + d] > 0 ? -l : l));
        }
        CU_ASSERT(fabs(exact[s] - wanted) < 1e-12);
    }
    model_free_parts(&vae.model);
}

static void test_where(void)
{
    Vae vae = make(2, 4);
    vae.width[0] = 3;
    CU_ASSERT(!vae_exact_possible(&vae));
    vae.width[0] = 2;
    vae.dims = 784;
    CU_ASSERT(!vae_exact_possible(&vae));
    vae.dims = PIXELS;
    vae.kind = DATA_GREY;
    CU_ASSERT(!vae_exact_possible(&vae));
    model_free_parts(&vae.model);
}

const Suite suite = {"chapters/vae exact",
                     {{"sums to 1 on any grid", test_sums},
                      {"importance sampling agrees", test_importance},
                      {"a decoder that ignores z", test_blind_decoder},
                      {"where it can be done", test_where},
                      {NULL, NULL}}};
