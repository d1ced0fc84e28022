/* Gibbs sampling leaves the Boltzmann distribution as it is, at any temperature. */
#include "chapters/small_rbm.h"
#include "harness/suite.h"
#include "prob/goodness.h"

#include <string.h>

enum {
    VISIBLE = 4,
    HIDDEN = 3,
    STATES = 1 << (VISIBLE + HIDDEN),
    HIDDEN_STATES = 1 << HIDDEN,
    DRAWS = 40000,
    STEPS = 3
};

/* exp(-E(v, h) / T) / Z of all joint states. */
static void joint(const Rbm *rbm, double temperature, double p[STATES])
{
    double sum = 0;
    real v[VISIBLE], h[HIDDEN];
    for (unsigned a = 0; a < STATES; a++) {
        small_state(a / HIDDEN_STATES, VISIBLE, v);
        small_state(a % HIDDEN_STATES, HIDDEN, h);
        sum += p[a] = exp(-rbm_energy(rbm, v, h) / temperature);
    }
    for (unsigned a = 0; a < STATES; a++)
        p[a] /= sum;
}

/* All weights times a factor: exact samples at T are those of the machine with weights / T. */
static void scale(const Rbm *rbm, double factor)
{
    for (size_t i = 0; i < rbm->weight->size; i++)
        rbm->weight->value[i] *= factor;
    for (int i = 0; i < VISIBLE; i++)
        rbm->visible_bias->value[i] *= factor;
    for (int j = 0; j < HIDDEN; j++)
        rbm->hidden_bias->value[j] *= factor;
}

/* Exact samples at temperature `truth`, Gibbs steps at temperature `gibbs`, a last draw of h: how
 * well the joint states fit the truth. */
static double tail(double truth, double gibbs)
{
    Rbm rbm;
    Tape *tape = tape_create(kernels_best());
    double p[STATES];
    long count[STATES] = {0};
    Rng rng = rng_stream(1, "gibbs");
    small_rbm(&rbm, VISIBLE, HIDDEN, 1, 2);
    small_rbm_begin(&rbm, tape);
    joint(&rbm, truth, p);
    scale(&rbm, 1 / truth);
    Tensor *v = rbm_exact_sample(&rbm, tape, DRAWS, &rng);
    scale(&rbm, truth);
    Tempered at = rbm_at_temperature(&rbm, tape, gibbs);
    rbm_gibbs(&rbm, v, STEPS, at, &rng);
    Tensor *h = tensor_matmul(v, rbm.weight);
    rbm_draw(h, at.beta, at.hidden_bias, &rng);
    for (int r = 0; r < DRAWS; r++)
        count[small_number(v->value + r * VISIBLE, VISIBLE) * HIDDEN_STATES +
              small_number(h->value + r * HIDDEN, HIDDEN)]++;
    tape_free(tape);
    model_free_parts(&rbm.model);
    return chi_square_tail(count, p, STATES, DRAWS);
}

/* False alarm 1e-4 each; the planted mistakes (a temperature 10 % off) are caught with room to
 * spare. */
static void test_invariant(void)
{
    CU_ASSERT(tail(1, 1) > 1e-4);
    CU_ASSERT(tail(2, 2) > 1e-4);
    CU_ASSERT(tail(0.7, 0.7) > 1e-4);
    CU_ASSERT(tail(1, 1.1) < 1e-8);
    CU_ASSERT(tail(2, 1.8) < 1e-8);
}

/* From noise to the distribution: many chains of 200 steps fit as exact samples do. */
static void test_converges(void)
{
    Rbm rbm;
    Tape *tape = tape_create(kernels_best());
    double p[STATES], visible[1 << VISIBLE] = {0};
    long count[1 << VISIBLE] = {0}, early[1 << VISIBLE] = {0};
    Rng rng = rng_stream(3, "gibbs");
    small_rbm(&rbm, VISIBLE, HIDDEN, 1, 2);
    small_rbm_begin(&rbm, tape);
    joint(&rbm, 1, p);
    for (int a = 0; a < STATES; a++)
        visible[a / HIDDEN_STATES] += p[a];
    Tensor *v = rbm_noise(&rbm, tape, DRAWS, &rng);
    for (int r = 0; r < DRAWS; r++)
        early[small_number(v->value + r * VISIBLE, VISIBLE)]++;
    rbm_gibbs(&rbm, v, 200, rbm_at_temperature(&rbm, tape, 1), &rng);
    for (int r = 0; r < DRAWS; r++)
        count[small_number(v->value + r * VISIBLE, VISIBLE)]++;
    CU_ASSERT(chi_square_tail(count, visible, 1 << VISIBLE, DRAWS) > 1e-4);
    CU_ASSERT(chi_square_tail(early, visible, 1 << VISIBLE, DRAWS) < 1e-8);
    tape_free(tape);
    model_free_parts(&rbm.model);
}

/* Great heat: every unit is on half of the time, within 4 standard errors (false alarm 6e-5). Cold:
 * the mean energy lies below that at T = 1. */
static void test_hot_and_cold(void)
{
    Rbm rbm;
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(4, "gibbs");
    small_rbm(&rbm, VISIBLE, HIDDEN, 1, 2);
    small_rbm_begin(&rbm, tape);
    double on = 0, energy[3][2000], mean[3];
    Tensor *v = rbm_noise(&rbm, tape, 2000, &rng);
    rbm_gibbs(&rbm, v, 20, rbm_at_temperature(&rbm, tape, 1e6), &rng);
    for (size_t i = 0; i < v->size; i++)
        on += v->value[i];
    CU_ASSERT(fabs(on / (double)v->size - 0.5) < 4 * 0.5 / sqrt((double)v->size));
    static const double temperature[] = {0.2, 1, 10};
    for (int t = 0; t < 3; t++) {
        rbm_gibbs(&rbm, v, 50, rbm_at_temperature(&rbm, tape, temperature[t]), &rng);
        rbm_free_energy(&rbm, v, energy[t]);
        mean[t] = likelihood_mean(energy[t], 2000);
    }
    CU_ASSERT(mean[0] < mean[1] - 0.1 && mean[1] < mean[2] - 0.1);
    tape_free(tape);
    model_free_parts(&rbm.model);
}

const Suite suite = {"chapters/rbm gibbs",
                     {{"invariant", test_invariant},
                      {"from noise", test_converges},
                      {"hot and cold", test_hot_and_cold},
                      {NULL, NULL}}};
