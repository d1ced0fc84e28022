/* Distributions in float, the build that is used: agreement with double, samples by chi-square and
 * by Kolmogorov and Smirnov (false-alarm rate 1e-4 a test, fixed by the seed), and what a wrong
 * shape is told. */
#include "harness/suite.h"
#include "prob/bernoulli.h"
#include "prob/gaussian.h"
#include "prob/goodness.h"
#include "prob/logistic.h"
#include "tensor/tape.h"

#include <math.h>

/* ---------------------------------------------------------------- float and double agree */

enum { ROWS = 200, DIM = 7, LEVELS = 256, TIMES = 2 };

typedef struct Numbers {
    Tensor *a, *b, *bits, *levels;
} Numbers;

static Numbers numbers(Tape *tape)
{
    Rng rng = rng_stream(41, "agree");
    Numbers n = {tensor_new_matrix(tape, ROWS, DIM), tensor_new_matrix(tape, ROWS, DIM),
                 tensor_new_matrix(tape, ROWS / TIMES, DIM),
                 tensor_new_matrix(tape, ROWS / TIMES, DIM)};
    rng_normal(&rng, n.a->value, n.a->size);
    rng_normal(&rng, n.b->value, n.b->size);
    for (size_t i = 0; i < n.bits->size; i++) {
        n.bits->value[i] = (real)rng_below(&rng, 2);
        n.levels->value[i] = (real)rng_below(&rng, LEVELS);
    }
    return n;
}

/* A sum of DIM terms in float: each is good to some units of 6e-8 of the sum of their sizes. */
static void compare(const char *name, double got, double want, double size)
{
    bool good = fabs(got - want) <= 1e-6 * (1 + size);
    if (!good)
        printf("\n    %s: %.9g in float, %.9g in double\n", name, got, want);
    CU_ASSERT(good);
}

static void test_gaussian_agrees(void)
{
    Tape *tape = tape_create(kernels_best());
    Numbers n = numbers(tape);
    Gaussian q = {n.a, n.b};
    const Tensor *log_p = gaussian_log_prob(q, n.b), *kl = gaussian_kl_to_standard(q);
    for (int r = 0; r < ROWS; r++) {
        double want = 0, want_kl = 0, size = 0;
        for (int j = r * DIM; j < (r + 1) * DIM; j++) {
            double mean = (double)n.a->value[j], logvar = (double)n.b->value[j];
            double distance = (logvar - mean) * (logvar - mean) * exp(-logvar);
            want -= 0.5 * (distance + logvar + log(2 * M_PI));
            want_kl += 0.5 * (exp(logvar) + mean * mean - 1 - logvar);
            size += distance + exp(logvar) + mean * mean + fabs(logvar) + 2;
        }
        compare("gaussian_log_prob", (double)log_p->value[r], want, size);
        compare("gaussian_kl_to_standard", (double)kl->value[r], want_kl, size);
    }
    tape_free(tape);
}

static void test_bernoulli_agrees(void)
{
    Tape *tape = tape_create(kernels_best());
    Numbers n = numbers(tape);
    const Tensor *log_p = bernoulli_log_prob(n.bits, tensor_scale(n.a, 5));
    for (int r = 0; r < ROWS; r++) {
        double want = 0;
        for (int j = 0; j < DIM; j++) {
            double logit = (double)(5 * n.a->value[r * DIM + j]);
            want -= log1p(exp(n.bits->value[r / TIMES * DIM + j] > 0 ? -logit : logit));
        }
        compare("bernoulli_log_prob", (double)log_p->value[r], want, 10 * DIM);
    }
    tape_free(tape);
}

/* log(F(b) - F(a)) without cancellation: the two tails and log(1 - e^-width), by log1p and expm1.
 */
static double logistic_level(double level, double mean, double log_scale)
{
    double last = LEVELS - 1, scale = exp(log_scale);
    double upper = ((level + 0.5) / last - mean) / scale;
    double lower = ((level - 0.5) / last - mean) / scale;
    double log_p = 0;
    if (level < last)
        log_p -= log1p(exp(-fabs(upper))) + fmax(-upper, 0);
    if (level > 0)
        log_p -= log1p(exp(-fabs(lower))) + fmax(lower, 0);
    if (level > 0 && level < last)
        log_p += log(-expm1(-1 / last / scale));
    return log_p;
}

static void test_logistic_agrees(void)
{
    Tape *tape = tape_create(kernels_best());
    Numbers n = numbers(tape);
    const Tensor *log_p =
        logistic_log_prob((Logistic){n.a, tensor_shift(n.b, -2)}, n.levels, LEVELS);
    for (int r = 0; r < ROWS; r++) {
        double want = 0, size = 0;
        for (int j = 0; j < DIM; j++) {
            double mean = (double)n.a->value[r * DIM + j];
            double log_scale = (double)(n.b->value[r * DIM + j] - 2);
            double each =
                logistic_level((double)n.levels->value[r / TIMES * DIM + j], mean, log_scale);
            want += each;
            size += fabs(each);
        }
        compare("logistic_log_prob", (double)log_p->value[r], want, size);
    }
    tape_free(tape);
}

/* ---------------------------------------------------------------- samples */

static void test_gaussian_samples(void)
{
    enum { N = 50000 };
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(42, "gaussian");
    int shape[2] = {N, 1};
    Gaussian q = {tensor_fill(tape, 2, shape, 3), tensor_fill(tape, 2, shape, -1)};
    const Tensor *z = gaussian_sample(q, &rng);
    CU_ASSERT(kolmogorov_normal(z->value, N, 3, exp(-0.5)) < KOLMOGOROV_LIMIT);
    CU_ASSERT(kolmogorov_normal(z->value, N, 3.03, exp(-0.5)) > KOLMOGOROV_LIMIT); /* can fail */
    tape_free(tape);
}

/* One column a logit; ones and zeros of a column are two cells. */
static void test_bernoulli_samples(void)
{
    enum { N = 20000, CASES = 5 };
    const double logit[CASES] = {-4, -1, 0, 0.3, 5};
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(42, "bernoulli");
    for (int c = 0; c < CASES; c++) {
        Tensor *x = bernoulli_sample(tensor_fill(tape, 2, (int[]){N, 1}, (real)logit[c]), &rng);
        long count[2] = {0, 0};
        for (int i = 0; i < N; i++) {
            if (x->value[i] != 0 && x->value[i] != 1)
                CU_FAIL_FATAL("a draw is neither 0 nor 1");
            count[(int)x->value[i]]++;
        }
        double one = 1 / (1 + exp(-logit[c])), off = 1 / (1 + exp(-logit[c] - 0.5));
        CU_ASSERT(chi_square_tail(count, (double[]){1 - one, one}, 2, N) > 1e-4);
        CU_ASSERT(chi_square_tail(count, (double[]){1 - off, off}, 2, N) < 1e-4); /* can fail */
    }
    Tensor *sure = tensor_fill(tape, 2, (int[]){100, 1}, 200);
    const Tensor *ones = bernoulli_sample(sure, &rng);
    const Tensor *zeros = bernoulli_sample(tensor_neg(sure), &rng);
    for (int i = 0; i < 100; i++)
        CU_ASSERT(ones->value[i] == 1 && zeros->value[i] == 0);
    tape_free(tape);
}

/* Seventeen units that are sure, then three that see each other and some of the sure ones, so that
 * sums cross the pieces they are made in. What lies on and below the diagonal must not count. */
static void test_bernoulli_in_order(void)
{
    enum { N = 20000, SURE = 17, DIM_ALL = SURE + 3 };
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(42, "in order");
    Tensor *logits = tensor_new_matrix(tape, N, DIM_ALL);
    Tensor *lateral = tensor_fill(tape, 2, (int[]){DIM_ALL, DIM_ALL}, 1000);
    for (int i = 0; i < DIM_ALL; i++)
        for (int j = i + 1; j < DIM_ALL; j++)
            lateral->value[i * DIM_ALL + j] = j < SURE ? 0 : (real)0.5 * (real)((i + j) % 5 - 2);
    for (size_t i = 0; i < logits->size; i++) {
        int j = (int)i % DIM_ALL;
        logits->value[i] = j >= SURE ? (real)0.2 * (real)(j - SURE) : j % 3 == 0 ? 100 : -100;
    }
    const Tensor *x = bernoulli_sample_in_order(logits, lateral, &rng);
    long count[8] = {0};
    for (int r = 0; r < N; r++) {
        const real *row = x->value + r * DIM_ALL;
        for (int j = 0; j < SURE; j++)
            CU_ASSERT(row[j] == (j % 3 == 0 ? 1 : 0));
        count[(int)row[SURE] + 2 * (int)row[SURE + 1] + 4 * (int)row[SURE + 2]]++;
    }
    double p[8], apart[8]; /* apart: the three do not see each other */
    for (int s = 0; s < 8; s++) {
        p[s] = apart[s] = 1;
        for (int j = SURE; j < DIM_ALL; j++) {
            double logit = (double)logits->value[j], among = 0;
            for (int i = 0; i < j; i++) {
                double weight = (double)lateral->value[i * DIM_ALL + j];
                if (i < SURE)
                    logit += i % 3 == 0 ? weight : 0;
                else
                    among += (s >> (i - SURE) & 1) != 0 ? weight : 0;
            }
            int sign = (s >> (j - SURE) & 1) != 0 ? -1 : 1;
            p[s] /= 1 + exp(sign * (logit + among));
            apart[s] /= 1 + exp(sign * logit);
        }
    }
    CU_ASSERT(chi_square_tail(count, p, 8, N) > 1e-4);
    CU_ASSERT(chi_square_tail(count, apart, 8, N) < 1e-4); /* can fail */
    tape_free(tape);
}

/* Against the probabilities that logistic_log_prob gives. */
static void level_probabilities(Tape *tape, int levels, double mean, double log_scale, double *p)
{
    Tensor *x = tensor_new_matrix(tape, levels, 1);
    for (int i = 0; i < levels; i++)
        x->value[i] = (real)i;
    Logistic all = {tensor_fill(tape, 2, (int[]){levels, 1}, (real)mean),
                    tensor_fill(tape, 2, (int[]){levels, 1}, (real)log_scale)};
    const Tensor *log_p = logistic_log_prob(all, x, levels);
    for (int i = 0; i < levels; i++)
        p[i] = exp((double)log_p->value[i]);
}

static void test_logistic_samples(void)
{
    enum { N = 40000, CASES = 4 };
    const double mean[CASES] = {0.5, 0, 0.9, 1.3}, log_scale[CASES] = {-2, -1, -3.5, -1.5};
    const int levels[CASES] = {16, 9, 32, 5};
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(42, "logistic");
    for (int c = 0; c < CASES; c++) {
        double p[32], off[32];
        long count[32] = {0};
        int shape[2] = {N, 1};
        Logistic all = {tensor_fill(tape, 2, shape, (real)mean[c]),
                        tensor_fill(tape, 2, shape, (real)log_scale[c])};
        const Tensor *x = logistic_sample(all, levels[c], &rng);
        for (int i = 0; i < N; i++) {
            real level = x->value[i];
            if (!(level >= 0 && level < (real)levels[c] && level == floorf(level)))
                CU_FAIL_FATAL("a draw is no level");
            count[(int)level]++;
        }
        level_probabilities(tape, levels[c], mean[c], log_scale[c], p);
        level_probabilities(tape, levels[c], mean[c] + 0.03, log_scale[c] + 0.1, off);
        CU_ASSERT(chi_square_tail(count, p, levels[c], N) > 1e-4);
        CU_ASSERT(chi_square_tail(count, off, levels[c], N) < 1e-4); /* can fail */
    }
    tape_free(tape);
}

/* ---------------------------------------------------------------- extremes and mistakes */

static void test_logistic_extremes(void)
{
    static const real scale[] = {-60, -30, 30, 60};
    Tape *tape = tape_create(kernels_best());
    for (int s = 0; s < 4; s++)
        for (int level = 0; level < 256; level += 51) {
            Tensor *mean = tensor_watch(tensor_fill(tape, 2, (int[]){1, 1}, (real)0.4));
            Tensor *log_scale = tensor_watch(tensor_fill(tape, 2, (int[]){1, 1}, scale[s]));
            Tensor *x = tensor_fill(tape, 2, (int[]){1, 1}, (real)level);
            Tensor *log_p = logistic_log_prob((Logistic){mean, log_scale}, x, 256);
            tape_backward(log_p);
            CU_ASSERT(isfinite(log_p->value[0]) && log_p->value[0] <= 0);
            CU_ASSERT(isfinite(mean->grad[0]) && isfinite(log_scale->grad[0]));
        }
    tape_free(tape);
}

typedef enum Mistake {
    BERNOULLI_COLUMNS,
    BERNOULLI_ROWS,
    BERNOULLI_GRADIENT,
    BERNOULLI_LATERAL,
    LOGISTIC_PARTS,
    LOGISTIC_ROWS,
    LOGISTIC_LEVELS,
    GAUSSIAN_COLUMNS
} Mistake;

static void make_mistake(void *context)
{
    Tape *tape = tape_create(kernels_best());
    Tensor *a = tensor_name(tensor_fill(tape, 2, (int[]){2, 3}, 1), "a");
    Tensor *b = tensor_name(tensor_fill(tape, 2, (int[]){2, 4}, 1), "b");
    Tensor *c = tensor_name(tensor_fill(tape, 2, (int[]){3, 3}, 1), "c");
    switch (*(Mistake *)context) {
    case BERNOULLI_COLUMNS:
        bernoulli_log_prob(a, b);
        break;
    case BERNOULLI_ROWS:
        bernoulli_log_prob(a, c);
        break;
    case BERNOULLI_GRADIENT:
        bernoulli_log_prob(tensor_watch(a), a);
        break;
    case BERNOULLI_LATERAL:
        bernoulli_sample_in_order(a, b, NULL);
        break;
    case LOGISTIC_PARTS:
        logistic_log_prob((Logistic){a, b}, a, 2);
        break;
    case LOGISTIC_ROWS:
        logistic_log_prob((Logistic){c, c}, a, 2);
        break;
    case LOGISTIC_LEVELS:
        logistic_log_prob((Logistic){a, a}, a, 1);
        break;
    case GAUSSIAN_COLUMNS:
        gaussian_log_prob((Gaussian){a, a}, b);
        break;
    }
    tape_free(tape);
}

static void test_mistakes(void)
{
    enum { ABORTED = 128 + 6 };
    static const struct {
        Mistake mistake;
        const char *said;
    } row[] = {{BERNOULLI_COLUMNS, "bernoulli_log_prob: 'a' is [2, 3] and 'b' is [2, 4]"},
               {BERNOULLI_ROWS, "bernoulli_log_prob: 'a' is [2, 3] and 'c' is [3, 3]"},
               {BERNOULLI_GRADIENT, "no gradient flows to the data"},
               {BERNOULLI_LATERAL, "bernoulli_sample_in_order: 'a' is [2, 3] and 'b' is [2, 4]"},
               {LOGISTIC_PARTS, "logistic_log_prob: 'a' is [2, 3] and 'b' is [2, 4]"},
               {LOGISTIC_ROWS, "logistic_log_prob: 'a' is [2, 3] and 'c' is [3, 3]"},
               {LOGISTIC_LEVELS, "levels of at least 2"},
               {GAUSSIAN_COLUMNS, "'b' is [2, 4] and 'a' is [2, 3]"}};
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        Mistake mistake = row[i].mistake;
        ChildResult result = child_run(make_mistake, &mistake);
        CU_ASSERT(child_said(&result, ABORTED, row[i].said));
    }
}

const Suite suite = {"prob/float",
                     {{"gaussian: float and double agree", test_gaussian_agrees},
                      {"bernoulli: float and double agree", test_bernoulli_agrees},
                      {"logistic: float and double agree", test_logistic_agrees},
                      {"gaussian samples", test_gaussian_samples},
                      {"bernoulli samples", test_bernoulli_samples},
                      {"bernoulli samples in order", test_bernoulli_in_order},
                      {"logistic samples", test_logistic_samples},
                      {"logistic at extreme scales", test_logistic_extremes},
                      {"wrong shapes are told", test_mistakes},
                      {NULL, NULL}}};
