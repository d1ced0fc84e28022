#include "metric/disentangle.h"

#include "metric/rows.h"
#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = DISENTANGLE_BINS };

static void check(const char *what, int n, int least_rows, int latents, int factors)
{
    if (n < least_rows || latents < 1 || factors < 1)
        fail("%s: %d rows of %d latents and %d factors; at least %d rows, one latent, one factor",
             what, n, latents, factors, least_rows);
}

static bool all_finite(const real *x, int n, int width)
{
    for (size_t i = 0; i < (size_t)n * (size_t)width; i++)
        if (!isfinite(x[i]))
            return false;
    return true;
}

/* ---------------------------------------------------------------- mutual information */

/* Bins of equal width between the least and the greatest of column c of x [n, width]. */
static void cut_column(const real *x, int n, int width, int c, uint8_t *bin)
{
    double low = INFINITY, high = -INFINITY;
    for (int i = 0; i < n; i++) {
        double value = x[(size_t)i * (size_t)width + (size_t)c];
        low = fmin(low, value);
        high = fmax(high, value);
    }
    for (int i = 0; i < n; i++) {
        double value = x[(size_t)i * (size_t)width + (size_t)c];
        int place = high > low ? (int)(BINS * ((value - low) / (high - low))) : 0;
        bin[i] = (uint8_t)(place < BINS ? place : BINS - 1);
    }
}

/* The numbers of the distinct values of a column, or false when there are more than the bins. */
static bool number_column(const real *x, int n, int width, int c, uint8_t *bin)
{
    real seen[BINS];
    int count = 0;
    for (int i = 0; i < n; i++) {
        real value = x[(size_t)i * (size_t)width + (size_t)c];
        int place = 0;
        while (place < count && seen[place] != value)
            place++;
        if (place == BINS)
            return false;
        if (place == count)
            seen[count++] = value;
        bin[i] = (uint8_t)place;
    }
    return true;
}

static double entropy_of(const int *count, int bins, int n)
{
    double sum = 0;
    for (int b = 0; b < bins; b++)
        if (count[b] > 0)
            sum -= (double)count[b] / n * log((double)count[b] / n);
    return sum;
}

/* I(a; b) = H(a) + H(b) - H(a, b); *of_b: H(b). */
static double information_of(const uint8_t *a, const uint8_t *b, int n, double *of_b)
{
    int both[BINS * BINS] = {0}, count_a[BINS] = {0}, count_b[BINS] = {0};
    for (int i = 0; i < n; i++) {
        both[a[i] * BINS + b[i]]++;
        count_a[a[i]]++;
        count_b[b[i]]++;
    }
    *of_b = entropy_of(count_b, BINS, n);
    return fmax(0, entropy_of(count_a, BINS, n) + *of_b - entropy_of(both, BINS * BINS, n));
}

void disentangle_information(const real *code, int n, int latents, const real *factor, int factors,
                             double *information, double *entropy)
{
    check("disentangle_information", n, 1, latents, factors);
    size_t rows = (size_t)n;
    uint8_t *code_bin = memory_new((size_t)latents * rows, 1), *factor_bin = memory_new(rows, 1);
    for (int l = 0; l < latents; l++)
        cut_column(code, n, latents, l, code_bin + (size_t)l * rows);
    for (int f = 0; f < factors; f++) {
        double of_factor = 0;
        if (!number_column(factor, n, factors, f, factor_bin))
            cut_column(factor, n, factors, f, factor_bin);
        for (int l = 0; l < latents; l++)
            information[l * factors + f] =
                information_of(code_bin + (size_t)l * rows, factor_bin, n, &of_factor);
        if (entropy != NULL)
            entropy[f] = of_factor;
    }
    free(factor_bin);
    free(code_bin);
}

/* The greatest minus the second of a column of information [latents, factors]; of one latent the
 * second is 0. */
static double gap(const double *information, int latents, int factors, int f)
{
    double first = 0, second = 0;
    for (int l = 0; l < latents; l++) {
        double value = information[l * factors + f];
        if (value > first) {
            second = first;
            first = value;
        } else if (value > second)
            second = value;
    }
    return first - second;
}

double disentangle_mig(const real *code, int n, int latents, const real *factor, int factors)
{
    check("disentangle_mig", n, 1, latents, factors);
    if (!all_finite(code, n, latents) || !all_finite(factor, n, factors))
        return NAN;
    double *information = memory_new((size_t)(latents + 1) * (size_t)factors, sizeof *information);
    double *entropy = information + (size_t)latents * (size_t)factors, sum = 0;
    int varying = 0;
    disentangle_information(code, n, latents, factor, factors, information, entropy);
    for (int f = 0; f < factors; f++)
        if (entropy[f] > 0) {
            sum += gap(information, latents, factors, f) / entropy[f];
            varying++;
        }
    free(information);
    return varying > 0 ? sum / varying : NAN;
}

/* ---------------------------------------------------------------- the lasso */

/* Least squares with a price on the sum of |coefficients|:
 *
 *     min_w  1/2 w' G w - c' w + penalty sum |w_i|,   G = X'X / n, c = X'y / n
 *
 * by coordinate descent, one w_i after the other, each exactly: w_i = soft(c_i - sum_{k != i} G_ik
 * w_k, penalty) / G_ii. Source: Friedman, Hastie, Tibshirani (2010), "Regularization paths for
 * generalized linear models via coordinate descent", section 2. */
typedef struct Lasso {
    int latents;
    double *gram, *cross; /* G [latents, latents], c [latents]       */
    double *weight;       /* w [latents]: start and result           */
} Lasso;

static double soft(double x, double penalty)
{
    return copysign(fmax(0, fabs(x) - penalty), x);
}

static void lasso_fit(Lasso *lasso, double penalty)
{
    enum { MOST_ROUNDS = 1000 };
    int latents = lasso->latents;
    double moved = 1;
    for (int round = 0; round < MOST_ROUNDS && moved > 1e-9; round++) {
        moved = 0;
        for (int i = 0; i < latents; i++) {
            const double *row = lasso->gram + (size_t)i * (size_t)latents;
            if (row[i] == 0) /* a latent that never varies */
                continue;
            double rest =
                lasso->cross[i] - rows_dot(row, lasso->weight, latents) + row[i] * lasso->weight[i];
            double weight = soft(rest, penalty) / row[i];
            moved = fmax(moved, fabs(weight - lasso->weight[i]));
            lasso->weight[i] = weight;
        }
    }
}

/* Rows of standardised latents and of the factor to explain. */
typedef struct Part {
    const double *code;   /* [n, latents] */
    const double *factor; /* [n, factors] */
    int n;
} Part;

/* Mean squared error for factor f; *se: its standard error. */
static double error_of(const double *weight, const Part *part, int latents, int factors, int f,
                       double *se)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < part->n; i++) {
        const double *code = part->code + (size_t)i * (size_t)latents;
        double miss =
            part->factor[(size_t)i * (size_t)factors + (size_t)f] - rows_dot(code, weight, latents);
        sum += miss * miss;
        squares += miss * miss * miss * miss;
    }
    double mean = sum / part->n, variance = squares / part->n - mean * mean;
    *se = sqrt(fmax(0, variance) / part->n);
    return mean;
}

/* Along penalties from that which leaves nothing downwards; keeps the greatest one whose error is
 * within a standard error of the least: what chance adds to a regression is not worth its price.
 * Source: the rule of one standard error, Hastie, Tibshirani, Friedman (2009), section 7.10. */
static void lasso_choose(Lasso *lasso, const Part *chooser, int factors, int f)
{
    enum { PENALTIES = 40 };
    static const double STEP = 0.75; /* 40 of them go down to 1e-5 of the first */
    int latents = lasso->latents, best = 0;
    double error[PENALTIES], se[PENALTIES], penalty = 0;
    double *path = memory_new((size_t)PENALTIES * (size_t)latents, sizeof *path);
    for (int i = 0; i < latents; i++)
        penalty = fmax(penalty, fabs(lasso->cross[i]));
    memset(lasso->weight, 0, (size_t)latents * sizeof *lasso->weight);
    for (int p = 0; p < PENALTIES; p++, penalty *= STEP) {
        lasso_fit(lasso, penalty);
        error[p] = error_of(lasso->weight, chooser, latents, factors, f, &se[p]);
        memcpy(path + p * latents, lasso->weight, (size_t)latents * sizeof *path);
        best = error[p] < error[best] ? p : best;
    }
    int kept = 0;
    while (error[kept] > error[best] + se[best])
        kept++;
    memcpy(lasso->weight, path + kept * latents, (size_t)latents * sizeof *path);
    free(path);
}

/* ---------------------------------------------------------------- DCI */

/* Columns of x [n, width] to mean 0 and variance 1 over the first `fitted` rows; a column that
 * never varies there becomes 0. */
static double *standardise(const real *x, int n, int width, int fitted)
{
    double *copy = rows_copy(x, n, width);
    for (int c = 0; c < width; c++) {
        double mean = 0, square = 0;
        for (int i = 0; i < fitted; i++)
            mean += copy[(size_t)i * (size_t)width + (size_t)c] / fitted;
        for (int i = 0; i < fitted; i++) {
            double off = copy[(size_t)i * (size_t)width + (size_t)c] - mean;
            square += off * off / fitted;
        }
        bool constant = square < 1e-12 * mean * mean || square == 0; /* rounding alone */
        for (int i = 0; i < n; i++) {
            double *value = copy + (size_t)i * (size_t)width + (size_t)c;
            *value = constant ? 0 : (*value - mean) / sqrt(square);
        }
    }
    return copy;
}

static void fill_gram(double *gram, const Part *part, int latents)
{
    for (int i = 0; i < part->n; i++) {
        const double *code = part->code + (size_t)i * (size_t)latents;
        for (int a = 0; a < latents; a++)
            for (int b = 0; b < latents; b++)
                gram[(size_t)a * (size_t)latents + (size_t)b] += code[a] * code[b] / part->n;
    }
}

static void fill_cross(double *cross, const Part *part, int latents, int factors, int f)
{
    memset(cross, 0, (size_t)latents * sizeof *cross);
    for (int i = 0; i < part->n; i++)
        for (int a = 0; a < latents; a++)
            cross[a] += part->code[(size_t)i * (size_t)latents + (size_t)a] *
                        part->factor[(size_t)i * (size_t)factors + (size_t)f] / part->n;
}

/* 1 - mean squared error / variance over the rows, at least 0; NaN without variance. */
static double share_explained(const double *weight, const Part *part, int latents, int factors,
                              int f)
{
    double mean = 0, square = 0, se;
    for (int i = 0; i < part->n; i++) {
        double value = part->factor[(size_t)i * (size_t)factors + (size_t)f];
        mean += value / part->n;
        square += value * value / part->n;
    }
    double variance = square - mean * mean;
    if (variance <= 0)
        return NAN;
    return fmax(0, 1 - error_of(weight, part, latents, factors, f, &se) / variance);
}

/* 1 - H(p) / ln n of the shares of n numbers, `stride` apart; 0 where all are 0, 1 of a single one.
 */
static double concentration(const double *x, int n, int stride)
{
    double sum = 0, entropy = 0;
    for (int i = 0; i < n; i++)
        sum += x[i * stride];
    if (sum == 0)
        return 0;
    for (int i = 0; i < n; i++)
        if (x[i * stride] > 0)
            entropy -= x[i * stride] / sum * log(x[i * stride] / sum);
    return n > 1 ? 1 - entropy / log(n) : 1;
}

static double disentanglement_of(const double *importance, int latents, int factors)
{
    double all = 0, sum = 0;
    for (int l = 0; l < latents; l++) {
        double own = 0;
        for (int f = 0; f < factors; f++)
            own += importance[l * factors + f];
        sum += own * concentration(importance + l * factors, factors, 1);
        all += own;
    }
    return all > 0 ? sum / all : 0;
}

/* importance [latents, factors], explained [factors], NaN of a factor that doesn't vary. */
static Dci scores(const double *importance, const double *explained, int latents, int factors)
{
    Dci dci = {disentanglement_of(importance, latents, factors), 0, 0};
    int varying = 0;
    for (int f = 0; f < factors; f++) {
        if (isnan(explained[f]))
            continue;
        dci.completeness += concentration(importance + f, latents, factors);
        dci.informativeness += explained[f];
        varying++;
    }
    if (varying == 0)
        return (Dci){NAN, NAN, NAN};
    dci.completeness /= varying;
    dci.informativeness /= varying;
    return dci;
}

static void regress(const double *x, int n, int latents, const double *y, int factors, int fitted,
                    double *importance, double *explained)
{
    int choosing = (n - fitted) / 2;
    size_t second = (size_t)fitted, third = (size_t)(fitted + choosing);
    Part fit = {x, y, fitted};
    Part chooser = {x + second * (size_t)latents, y + second * (size_t)factors, choosing};
    Part judge = {x + third * (size_t)latents, y + third * (size_t)factors, n - fitted - choosing};
    size_t square = (size_t)latents * (size_t)latents;
    double *room = memory_new(square + 2 * (size_t)latents, sizeof *room);
    Lasso lasso = {latents, room, room + square, room + square + latents};
    fill_gram(lasso.gram, &fit, latents);
    for (int f = 0; f < factors; f++) {
        fill_cross(lasso.cross, &fit, latents, factors, f);
        lasso_choose(&lasso, &chooser, factors, f);
        explained[f] = share_explained(lasso.weight, &judge, latents, factors, f);
        for (int l = 0; l < latents; l++)
            importance[l * factors + f] = fabs(lasso.weight[l]);
    }
    free(room);
}

Dci disentangle_dci(const real *code, int n, int latents, const real *factor, int factors,
                    double *importance, double *explained)
{
    check("disentangle_dci", n, 10, latents, factors);
    size_t cells = (size_t)latents * (size_t)factors;
    bool finite = all_finite(code, n, latents) && all_finite(factor, n, factors);
    double *own = memory_new(cells + (size_t)factors, sizeof *own), *share = own + cells;
    for (size_t i = 0; i < cells + (size_t)factors; i++)
        own[i] = NAN;
    if (finite) {
        int fitted = (int)(0.6 * n);
        double *x = standardise(code, n, latents, fitted);
        double *y = standardise(factor, n, factors, fitted);
        regress(x, n, latents, y, factors, fitted, own, share);
        free(y);
        free(x);
    }
    Dci dci = finite ? scores(own, share, latents, factors) : (Dci){NAN, NAN, NAN};
    if (importance != NULL)
        memcpy(importance, own, cells * sizeof *own);
    if (explained != NULL)
        memcpy(explained, share, (size_t)factors * sizeof *share);
    free(own);
    return dci;
}
