#include "prob/categorical.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int best_of(const real *score, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (score[i] > score[best])
            best = i;
    return best;
}

static void soften(const real *score, int n, double temperature, double *probability)
{
    double largest = (double)score[best_of(score, n)], sum = 0;
    for (int i = 0; i < n; i++) {
        probability[i] = exp(((double)score[i] - largest) / temperature);
        sum += probability[i];
    }
    for (int i = 0; i < n; i++)
        probability[i] /= sum;
}

typedef struct Ranked {
    double probability;
    int number;
} Ranked;

static int likeliest_first(const void *a, const void *b)
{
    const Ranked *x = a, *y = b;
    if (x->probability != y->probability)
        return x->probability < y->probability ? 1 : -1;
    return x->number - y->number;
}

/* Zeroes all but the likeliest and scales what is left. */
static void cut_tail(double *probability, int n, int top_k, double top_p)
{
    Ranked *rank = memory_new((size_t)n, sizeof *rank);
    int kept = top_k > 0 && top_k < n ? top_k : n, left = 0;
    double among = 0, sum = 0;
    for (int i = 0; i < n; i++)
        rank[i] = (Ranked){probability[i], i};
    qsort(rank, (size_t)n, sizeof *rank, likeliest_first);
    for (int i = 0; i < kept; i++)
        among += rank[i].probability;
    while (left < kept && (left == 0 || sum < top_p * among))
        sum += rank[left++].probability;
    memset(probability, 0, (size_t)n * sizeof *probability);
    for (int i = 0; i < left; i++)
        probability[rank[i].number] = rank[i].probability / sum;
    free(rank);
}

void categorical_cut(const real *score, int n, CategoricalCut cut, double *probability)
{
    if (cut.temperature < 0 || cut.top_k < 0 || !(cut.top_p > 0 && cut.top_p <= 1))
        fail("categorical_cut: temperature %g, top_k %d, top_p %g; they must be at least 0, at "
             "least 0, and in (0, 1]",
             cut.temperature, cut.top_k, cut.top_p);
    if (cut.temperature == 0) {
        memset(probability, 0, (size_t)n * sizeof *probability);
        probability[best_of(score, n)] = 1;
        return;
    }
    soften(score, n, cut.temperature, probability);
    if ((cut.top_k > 0 && cut.top_k < n) || cut.top_p < 1)
        cut_tail(probability, n, cut.top_k, cut.top_p);
}

int categorical_pick(const double *probability, int n, double u)
{
    double sum = 0;
    int last = 0;
    for (int i = 0; i < n; i++) {
        if (probability[i] == 0)
            continue;
        last = i;
        sum += probability[i];
        if (sum > u)
            return i;
    }
    return last; /* rounding left the sum just below u */
}

double categorical_entropy(const double *probability, int n)
{
    double entropy = 0;
    for (int i = 0; i < n; i++)
        if (probability[i] > 0)
            entropy -= probability[i] * log(probability[i]);
    return entropy;
}

double categorical_energy_variance(const real *score, const double *probability, int n)
{
    double mean = 0, variance = 0;
    for (int i = 0; i < n; i++)
        mean -= probability[i] * (double)score[i];
    for (int i = 0; i < n; i++) {
        double gap = -(double)score[i] - mean;
        variance += probability[i] * gap * gap;
    }
    return variance;
}
