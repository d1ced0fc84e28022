/* Two gradients with respect to the recognition weights, exactly: what climbing the ELBO would ask
 * of them, and what the sleep phase asks. With a_j the logit of unit j of the layer above h,
 *
 *     of the ELBO   E_q(h'|h) [(h'_j - sigmoid a_j) f(h, h')]
 *                   f = log p(h|h') - log q(h'|h) + J(h') + S(h')
 *
 *     of sleep      E_p(h'|h) [h'_j] - sigmoid a_j
 *
 * and a layer's weights take sum_h P(h) h_i times that: P is q's marginal in the first, the
 * machine's own in the second. */
#include "01-helmholtz/helmholtz_exact.h"

#include "support/memory.h"

#include <gsl/gsl_math.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int width_below(const Helmholtz *machine, int l)
{
    return l == 0 ? machine->dims : machine->width[l - 1];
}

size_t exact_recognition_numbers(const Helmholtz *machine)
{
    size_t sum = 0;
    for (int l = 0; l < machine->layers; l++)
        sum += machine->recognition[l].weight->size + machine->recognition[l].bias->size;
    return sum;
}

bool exact_gradient_possible(const Helmholtz *machine)
{
    return exact_possible(machine) && machine->lateral[0].linear.weight == NULL &&
           machine->features.weight == NULL;
}

/* Where layer l's weight begins. */
static double *layer_part(const Helmholtz *machine, double *gradient, int l)
{
    for (int m = 0; m < l; m++)
        gradient += (size_t)(width_below(machine, m) + 1) * (size_t)machine->width[m];
    return gradient;
}

/* weight[i][j] += share h_i slope_j, bias[j] += share slope_j. */
static void add_outer(const Helmholtz *machine, int l, double share, const double *h,
                      const double *slope, double *gradient)
{
    int below = width_below(machine, l), above = machine->width[l];
    double *weight = layer_part(machine, gradient, l), *bias = weight + (size_t)(below * above);
    for (int j = 0; j < above; j++) {
        bias[j] += share * slope[j];
        for (int i = 0; i < below; i++)
            weight[i * above + j] += share * h[i] * slope[j];
    }
}

/* sum_s weight_s [s_j = 1] for all units j, and sum_s weight_s. */
static double unit_sums(const double *weight, const ExactLayer *layer, double *sum)
{
    double all = 0;
    for (int j = 0; j < layer->width; j++)
        sum[j] = 0;
    for (size_t s = 0; s < layer->states; s++) {
        all += weight[s];
        for (int j = 0; j < layer->width; j++)
            sum[j] += (s >> j & 1) != 0 ? weight[s] : 0;
    }
    return all;
}

/* The ELBO's slope at state h of layer l, weighted into the gradient; q's marginal of the layer
 * above takes share q(h'|h). weight: room for the states above. */
static void add_elbo(const Exact *exact, int l, double share, const double *h, double *weight,
                     double *marginal, double *gradient)
{
    const ExactLayer *above = &exact->layer[l];
    double on[EXACT_MOST_UNITS], probability[EXACT_MOST_UNITS];
    exact_values_of(exact, l, h);
    for (size_t s = 0; s < above->states; s++) {
        weight[s] = exp(exact->log_q[s]);
        if (marginal != NULL)
            marginal[s] += share * weight[s];
    }
    unit_sums(weight, above, probability);
    for (size_t s = 0; s < above->states; s++)
        weight[s] *= exact->log_p[s] - exact->log_q[s] + above->joint[s] + above->entropy[s];
    double all = unit_sums(weight, above, on);
    for (int j = 0; j < above->width; j++)
        on[j] -= probability[j] * all;
    add_outer(exact->machine, l, share, h, on, gradient);
}

/* q's marginals go up: of the data first, then of each layer from the one below. */
void exact_elbo_gradient(const Exact *exact, const real *x, int n, double *gradient)
{
    const Helmholtz *machine = exact->machine;
    double *below = NULL, *h = memory_new((size_t)machine->dims, sizeof *h);
    memset(gradient, 0, exact_recognition_numbers(machine) * sizeof *gradient);
    for (int l = 0; l < machine->layers; l++) {
        const ExactLayer *above = &exact->layer[l];
        double *marginal = memory_new(above->states, sizeof *marginal);
        double *weight = memory_new(above->states, sizeof *weight), state[EXACT_MOST_UNITS];
        for (int i = 0; l == 0 && i < n; i++) {
            for (int d = 0; d < machine->dims; d++)
                h[d] = (double)x[(size_t)i * (size_t)machine->dims + (size_t)d];
            add_elbo(exact, 0, 1.0 / n, h, weight, marginal, gradient);
        }
        for (size_t s = 0; l > 0 && s < exact->layer[l - 1].states; s++) {
            exact_unpack(s, exact->layer[l - 1].width, state);
            add_elbo(exact, l, below[s], state, weight, marginal, gradient);
        }
        free(below);
        free(weight);
        below = marginal;
    }
    free(below);
    free(h);
}

bool exact_sleep_possible(const Helmholtz *machine)
{
    return exact_gradient_possible(machine) && machine->dims <= EXACT_MOST_UNITS &&
           machine->dims + machine->width[0] <= EXACT_MOST_PAIR;
}

void exact_sleep_gradient(const Exact *exact, double *gradient)
{
    const Helmholtz *machine = exact->machine;
    memset(gradient, 0, exact_recognition_numbers(machine) * sizeof *gradient);
    for (int l = 0; l < machine->layers; l++) {
        const ExactLayer *above = &exact->layer[l];
        int width = width_below(machine, l);
        double *weight = memory_new(above->states, sizeof *weight);
        double state[EXACT_MOST_UNITS], on[EXACT_MOST_UNITS], guess[EXACT_MOST_UNITS];
        for (size_t s = 0; s < (size_t)1 << width; s++) {
            exact_unpack(s, width, state);
            ExactValues v = exact_values_of(exact, l, state);
            for (size_t t = 0; t < above->states; t++)
                weight[t] = exp(exact->log_q[t]);
            unit_sums(weight, above, guess);
            for (size_t t = 0; t < above->states; t++)
                weight[t] = exp(exact->log_p[t] + above->log_prob[t] - v.log_prob);
            unit_sums(weight, above, on);
            for (int j = 0; j < above->width; j++)
                on[j] -= guess[j];
            add_outer(machine, l, exp(v.log_prob), state, on, gradient);
        }
        free(weight);
    }
}

double exact_angle(const double *a, const double *b, size_t n)
{
    double aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < n; i++) {
        aa += a[i] * a[i];
        bb += b[i] * b[i];
        ab += a[i] * b[i];
    }
    return aa > 0 && bb > 0 ? acos(fmin(fmax(ab / sqrt(aa * bb), -1), 1)) * 180 / M_PI : NAN;
}
