#include "04-ddpm/ddpm_bound.h"

#include "support/memory.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>

/* Rows that the network is asked about at once. */
enum { ROWS_AT_ONCE = 512 };

/* A row to be asked about: example and step, and what its term counts for. */
typedef struct Question {
    int example, t;
    double weight;
} Question;

/* What a row needs on its way through the network. */
typedef struct Block {
    const BoundRule *rule;
    Tape *tape;
    const real *x0;
    const int *label;
    Question question[ROWS_AT_ONCE];
    double level[ROWS_AT_ONCE];
    int own_label[ROWS_AT_ONCE];
    real *noised; /* [ROWS_AT_ONCE, dims] */
    int rows;
    Bound *bound;
} Block;

/* -log p(x0 | x_1), the mean of p from the guess of x0. */
static double decoder_term(const BoundRule *rule, const real *x0, const real *x, const real *guess)
{
    const NoiseSchedule *schedule = rule->schedule;
    Posterior q = diffusion_posterior(schedule, 1);
    double variance = diffusion_variance(schedule, 1, rule->variance), sum = 0;
    for (int d = 0; d < rule->predictor->dims; d++) {
        double mean = q.from_x0 * (double)guess[d] + q.from_x * (double)x[d];
        double gap = (double)x0[d] - mean;
        sum += rule->levels > 0
                   ? -diffusion_bin_log_prob((double)x0[d], mean, sqrt(variance), rule->levels)
                   : 0.5 * (gap * gap / variance + log(variance) + M_LN2 + M_LNPI);
    }
    return sum;
}

/* KL(q(x_{t-1}|x_t,x0) || p(x_{t-1}|x_t)): both means take the same part of x_t. */
static double step_term(const BoundRule *rule, int t, const real *x0, const real *guess)
{
    double from_x0 = diffusion_posterior(rule->schedule, t).from_x0, sum = 0;
    for (int d = 0; d < rule->predictor->dims; d++) {
        double gap = from_x0 * ((double)x0[d] - (double)guess[d]);
        sum += diffusion_step_kl(rule->schedule, t, rule->variance, gap);
    }
    return sum;
}

/* Asks the network about the rows gathered so far. */
static void ask(Block *block)
{
    const BoundRule *rule = block->rule;
    const Predictor *predictor = rule->predictor;
    size_t dims = (size_t)predictor->dims;
    TapeMark mark = tape_mark(block->tape);
    Tensor *x = tensor_from(block->tape, 2, (int[]){block->rows, (int)dims}, block->noised);
    Guess guess = predictor_guess(predictor, x, block->level,
                                  block->label != NULL ? block->own_label : NULL, rule->clip);
    for (int i = 0; i < block->rows; i++) {
        Question q = block->question[i];
        const real *x0 = block->x0 + (size_t)q.example * dims;
        const real *x0_guess = guess.x0->value + (size_t)i * dims;
        double term = q.t == 1 ? decoder_term(rule, x0, x->value + (size_t)i * dims, x0_guess)
                               : step_term(rule, q.t, x0, x0_guess);
        if (q.t == 1)
            block->bound->decoder[q.example] = term;
        else
            block->bound->middle[q.example] += q.weight * term;
        block->bound->step_sum[q.t] += term;
        block->bound->step_count[q.t]++;
    }
    tape_release(block->tape, mark);
    block->rows = 0;
}

/* x_t = alpha x0 + sigma eps joins the block. */
static void put(Block *block, Question q, Rng *noise)
{
    const NoiseSchedule *schedule = block->rule->schedule;
    size_t dims = (size_t)block->rule->predictor->dims;
    real *x = block->noised + (size_t)block->rows * dims;
    double alpha = noise_alpha(schedule, q.t), sigma = noise_sigma(schedule, q.t);
    rng_normal(noise, x, dims);
    for (size_t d = 0; d < dims; d++)
        x[d] =
            (real)(alpha * (double)block->x0[(size_t)q.example * dims + d] + sigma * (double)x[d]);
    block->question[block->rows] = q;
    block->level[block->rows] = noise_level(schedule, q.t);
    if (block->label != NULL)
        block->own_label[block->rows] = block->label[q.example];
    if (++block->rows == ROWS_AT_ONCE)
        ask(block);
}

/* Where part s of `strata` begins, counted from step 2. A step's KL falls about as 1 / t, so parts
 * that grow geometrically carry about the same share of the sum each. */
static int part_begin(int s, int strata, int middle)
{
    int geometric = (int)lround(pow(middle + 1, (double)s / strata) - 1);
    return geometric > s ? geometric : s; /* no part is empty */
}

/* Steps 2 .. T in parts, one step at random in each, which stands for its part. */
static void put_example(Block *block, int example, Rng noise)
{
    int middle = block->rule->schedule->steps - 1, strata = block->rule->strata;
    strata = strata == 0 || strata > middle ? middle : strata;
    put(block, (Question){example, 1, 1}, &noise);
    for (int s = 0; s < strata; s++) {
        int first = part_begin(s, strata, middle), last = part_begin(s + 1, strata, middle);
        int t = 2 + first + (int)rng_below(&noise, (uint64_t)(last - first));
        put(block, (Question){example, t, last - first}, &noise);
    }
}

static double prior_term(const BoundRule *rule, const real *x0)
{
    double sum = 0;
    for (int d = 0; d < rule->predictor->dims; d++)
        sum += diffusion_prior_kl(rule->schedule, (double)x0[d]);
    return sum;
}

static Bound bound_new(int n, int steps)
{
    Bound bound = {.n = n, .steps = steps};
    bound.prior = memory_new((size_t)n, sizeof *bound.prior);
    bound.middle = memory_new((size_t)n, sizeof *bound.middle);
    bound.decoder = memory_new((size_t)n, sizeof *bound.decoder);
    bound.step_sum = memory_new((size_t)steps + 1, sizeof *bound.step_sum);
    bound.step_count = memory_new((size_t)steps + 1, sizeof *bound.step_count);
    return bound;
}

Bound bound_measure(const BoundRule *rule, Tape *tape, Rng noise, const real *x0, const int *label,
                    int n)
{
    size_t dims = (size_t)rule->predictor->dims;
    Bound bound = bound_new(n, rule->schedule->steps);
    Block *block = memory_new(1, sizeof *block);
    bool recording = tape_record(tape, false);
    block->rule = rule;
    block->tape = tape;
    block->x0 = x0;
    block->label = label;
    block->bound = &bound;
    block->noised = memory_new(ROWS_AT_ONCE * dims, sizeof *block->noised);
    for (int i = 0; i < n; i++) {
        bound.prior[i] = prior_term(rule, x0 + (size_t)i * dims);
        put_example(block, i, rng_at(noise, noise.step + (uint64_t)i));
    }
    if (block->rows > 0)
        ask(block);
    tape_record(tape, recording);
    free(block->noised);
    free(block);
    return bound;
}

double bound_total(const Bound *bound, int i)
{
    return bound->prior[i] + bound->middle[i] + bound->decoder[i];
}

void bound_free(Bound *bound)
{
    free(bound->prior);
    free(bound->middle);
    free(bound->decoder);
    free(bound->step_sum);
    free(bound->step_count);
}
