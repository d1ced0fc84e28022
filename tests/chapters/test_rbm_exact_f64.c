/* The RBM against sums over all its states: free energies, Z, the pseudo-likelihood, and the two
 * phases of the gradient against finite differences of the exact log p. */
#include "chapters/small_rbm.h"
#include "harness/suite.h"

#include <stdlib.h>

enum { VISIBLE = 5, HIDDEN = 4, STATES = 1 << VISIBLE, HIDDEN_STATES = 1 << HIDDEN, BATCH = 6 };

typedef struct Bench {
    Rbm rbm;
    Tape *tape;
} Bench;

static void bench_begin(Bench *b, uint64_t seed)
{
    small_rbm(&b->rbm, VISIBLE, HIDDEN, 1, seed);
    b->tape = tape_create(kernels_best());
    small_rbm_begin(&b->rbm, b->tape);
}

static void bench_end(Bench *b)
{
    tape_free(b->tape);
    model_free_parts(&b->rbm.model);
}

/* log sum_{v, h} exp(-E(v, h)), state by state. */
static double brute_log_z(const Rbm *rbm)
{
    LogMean mean = {0};
    real v[VISIBLE], h[HIDDEN];
    for (unsigned a = 0; a < STATES; a++)
        for (unsigned c = 0; c < HIDDEN_STATES; c++) {
            small_state(a, VISIBLE, v);
            small_state(c, HIDDEN, h);
            log_mean_add(&mean, -rbm_energy(rbm, v, h));
        }
    return log_mean_value(&mean) + log(STATES * HIDDEN_STATES);
}

/* exp(-F(v)) = sum_h exp(-E(v, h)), and the mirror image. */
static void test_free_energy(void)
{
    Bench b;
    bench_begin(&b, 1);
    real v[VISIBLE], h[HIDDEN];
    for (unsigned a = 0; a < STATES; a++) {
        double sum = 0, energy;
        small_rbm_begin(&b.rbm, b.tape);
        small_state(a, VISIBLE, v);
        for (unsigned c = 0; c < HIDDEN_STATES; c++) {
            small_state(c, HIDDEN, h);
            sum += exp(-rbm_energy(&b.rbm, v, h));
        }
        rbm_free_energy(&b.rbm, tensor_from(b.tape, 2, (int[]){1, VISIBLE}, v), &energy);
        CU_ASSERT(fabs(energy + log(sum)) < 1e-12);
    }
    for (unsigned c = 0; c < HIDDEN_STATES; c++) {
        double sum = 0, energy;
        small_rbm_begin(&b.rbm, b.tape);
        small_state(c, HIDDEN, h);
        for (unsigned a = 0; a < STATES; a++) {
            small_state(a, VISIBLE, v);
            sum += exp(-rbm_energy(&b.rbm, v, h));
        }
        rbm_hidden_free_energy(&b.rbm, tensor_from(b.tape, 2, (int[]){1, HIDDEN}, h), &energy);
        CU_ASSERT(fabs(energy + log(sum)) < 1e-12);
    }
    bench_end(&b);
}

static void test_log_z(void)
{
    Bench b;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        bench_begin(&b, seed);
        double by_visible = rbm_log_z(&b.rbm, b.tape, false);
        double by_hidden = rbm_log_z(&b.rbm, b.tape, true);
        CU_ASSERT(fabs(by_visible - by_hidden) < 1e-10);
        CU_ASSERT(fabs(by_visible - brute_log_z(&b.rbm)) < 1e-10);
        CU_ASSERT(fabs(rbm_exact_log_z(&b.rbm, b.tape) - by_visible) < 1e-10);
        bench_end(&b);
    }
    /* more states than a block holds */
    Rbm rbm;
    small_rbm(&rbm, 13, 12, 0.5, 4);
    Tape *tape = tape_create(kernels_best());
    CU_ASSERT(fabs(rbm_log_z(&rbm, tape, false) - rbm_log_z(&rbm, tape, true)) < 1e-10);
    tape_free(tape);
    model_free_parts(&rbm.model);
}

/* ---------------------------------------------------------------- pseudo-likelihood */

/* Against p(v_i | other v) from the joint probabilities; within 4 standard errors of the draws of i
 * (false alarm 6e-5; fixed seed). */
static void test_pseudo(void)
{
    enum { FLIPS = 20000 };
    Bench b;
    bench_begin(&b, 5);
    real v[VISIBLE];
    double energy[STATES], sum = 0, square = 0;
    Tensor *all = tensor_new_matrix(b.tape, STATES, VISIBLE);
    for (unsigned a = 0; a < STATES; a++)
        small_state(a, VISIBLE, all->value + a * VISIBLE);
    rbm_free_energy(&b.rbm, all, energy);
    unsigned at = 0x13;
    small_state(at, VISIBLE, v);
    for (int i = 0; i < VISIBLE; i++) {
        double p = 1 / (1 + exp(energy[at] - energy[at ^ 1u << i]));
        sum += -log(p) * VISIBLE / VISIBLE;
        square += log(p) * log(p) * VISIBLE * VISIBLE / VISIBLE;
    }
    Rng rng = rng_stream(1, "pseudo");
    double found =
        rbm_neg_pseudo(&b.rbm, tensor_from(b.tape, 2, (int[]){1, VISIBLE}, v), FLIPS, &rng);
    double se = sqrt((square - sum * sum) / FLIPS);
    CU_ASSERT(fabs(found - sum) < 4 * se);
    CU_ASSERT(se < 0.05 * sum);
    bench_end(&b);
}

/* ---------------------------------------------------------------- the gradient */

/* The batch: fixed, uneven. */
static Tensor *batch(Tape *tape)
{
    static const unsigned state[BATCH] = {3, 17, 9, 31, 8, 9};
    Tensor *x = tensor_new_matrix(tape, BATCH, VISIBLE);
    for (int r = 0; r < BATCH; r++)
        small_state(state[r], VISIBLE, x->value + r * VISIBLE);
    return x;
}

/* Mean of -log p over the batch, exactly. */
static double neg_log_p(Bench *b)
{
    double energy[BATCH], log_z = rbm_exact_log_z(&b->rbm, b->tape);
    small_rbm_begin(&b->rbm, b->tape);
    rbm_free_energy(&b->rbm, batch(b->tape), energy);
    return likelihood_mean(energy, BATCH) + log_z;
}

/* The exact gradient by the two phases: the model's expectation is the sum over all v of p(v) times
 * the statistics of that v alone. negative: the weight of that phase, 1 when right. */
static void phases(Bench *b, double negative)
{
    double log_z = rbm_exact_log_z(&b->rbm, b->tape);
    small_rbm_begin(&b->rbm, b->tape);
    rbm_add_statistics(&b->rbm, batch(b->tape), -1);
    for (unsigned a = 0; a < STATES; a++) {
        Tensor *v = tensor_new_matrix(b->tape, 1, VISIBLE);
        double energy;
        small_state(a, VISIBLE, v->value);
        rbm_free_energy(&b->rbm, v, &energy);
        rbm_add_statistics(&b->rbm, v, negative * exp(-energy - log_z));
    }
}

/* Largest difference between the gradients in place and central differences of neg_log_p. */
static double gap(Bench *b)
{
    const double step = 1e-5;
    Tensor *weight[] = {b->rbm.weight, b->rbm.visible_bias, b->rbm.hidden_bias};
    double largest = 0;
    for (int w = 0; w < 3; w++)
        for (size_t i = 0; i < weight[w]->size; i++) {
            real kept = weight[w]->value[i];
            weight[w]->value[i] = kept + step;
            double up = neg_log_p(b);
            weight[w]->value[i] = kept - step;
            double slope = (up - neg_log_p(b)) / (2 * step);
            weight[w]->value[i] = kept;
            largest = fmax(largest, fabs(slope - weight[w]->grad[i]));
        }
    return largest;
}

static void test_phases(void)
{
    Bench b;
    bench_begin(&b, 6);
    phases(&b, 1);
    CU_ASSERT(gap(&b) < 1e-8);
    phases(&b, 0.9); /* planted: the machine dreams too little */
    CU_ASSERT(gap(&b) > 1e-3);
    phases(&b, 0); /* planted: no negative phase */
    CU_ASSERT(gap(&b) > 1e-2);
    bench_end(&b);
}

/* ---------------------------------------------------------------- the centred gradient */

/* Adds to W, b, c what a change of a weight of the machine written with v - mu, h - lambda amounts
 * to: E = -(v - mu)'W(h - lambda) - ..., so b holds -W lambda and c holds -W'mu. */
static void move_centered(const Rbm *rbm, int i, int j, double change)
{
    if (i >= 0 && j >= 0) {
        rbm->weight->value[i * HIDDEN + j] += change;
        rbm->visible_bias->value[i] -= change * rbm->hidden_center->value[j];
        rbm->hidden_bias->value[j] -= change * rbm->visible_center->value[i];
    } else if (i >= 0) {
        rbm->visible_bias->value[i] += change;
    } else {
        rbm->hidden_bias->value[j] += change;
    }
}

static double centered_slope(Bench *b, int i, int j)
{
    const double step = 1e-5;
    move_centered(&b->rbm, i, j, step);
    double up = neg_log_p(b);
    move_centered(&b->rbm, i, j, -2 * step);
    double down = neg_log_p(b);
    move_centered(&b->rbm, i, j, step);
    return (up - down) / (2 * step);
}

static void test_centered(void)
{
    Bench b;
    bench_begin(&b, 7);
    double slope[VISIBLE][HIDDEN], plain = 0, largest = 0;
    for (int i = 0; i < VISIBLE; i++)
        for (int j = 0; j < HIDDEN; j++)
            slope[i][j] = centered_slope(&b, i, j);
    phases(&b, 1);
    for (int i = 0; i < VISIBLE; i++)
        for (int j = 0; j < HIDDEN; j++)
            plain = fmax(plain, fabs(slope[i][j] - b.rbm.weight->grad[i * HIDDEN + j]));
    rbm_center_gradient(&b.rbm);
    for (int i = 0; i < VISIBLE; i++) {
        double along = centered_slope(&b, i, -1);
        phases(&b, 1);
        rbm_center_gradient(&b.rbm);
        for (int j = 0; j < HIDDEN; j++) {
            along -= slope[i][j] * b.rbm.hidden_center->value[j];
            largest = fmax(largest, fabs(slope[i][j] - b.rbm.weight->grad[i * HIDDEN + j]));
        }
        largest = fmax(largest, fabs(along - b.rbm.visible_bias->grad[i]));
    }
    for (int j = 0; j < HIDDEN; j++) {
        double along = centered_slope(&b, -1, j);
        phases(&b, 1);
        rbm_center_gradient(&b.rbm);
        for (int i = 0; i < VISIBLE; i++)
            along -= slope[i][j] * b.rbm.visible_center->value[i];
        largest = fmax(largest, fabs(along - b.rbm.hidden_bias->grad[j]));
    }
    CU_ASSERT(largest < 1e-8);
    CU_ASSERT(plain > 1e-3); /* the plain gradient is another one */
    bench_end(&b);
}

const Suite suite = {"chapters/rbm exact",
                     {{"free energy", test_free_energy},
                      {"Z by either layer", test_log_z},
                      {"pseudo-likelihood", test_pseudo},
                      {"the two phases", test_phases},
                      {"the centred gradient", test_centered},
                      {NULL, NULL}}};
