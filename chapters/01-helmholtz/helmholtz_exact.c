#include "01-helmholtz/helmholtz_exact.h"

#include "support/fail.h"
#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

bool exact_possible(const Helmholtz *machine)
{
    for (int l = 0; l < machine->layers; l++) {
        if (machine->width[l] > EXACT_MOST_UNITS)
            return false;
        if (l > 0 && machine->width[l - 1] + machine->width[l] > EXACT_MOST_PAIR)
            return false;
    }
    return true;
}

double exact_pairs(const Helmholtz *machine, int examples)
{
    double pairs = (machine->dims + examples) * ldexp(1, machine->width[0]);
    for (int l = 1; l < machine->layers; l++)
        pairs += ldexp(1, machine->width[l - 1] + machine->width[l]);
    return pairs;
}

static double softplus(double a)
{
    return a > 0 ? a + log1p(exp(-a)) : log1p(exp(a));
}

/* base + sum_j s_j term_j for all states s of n units: each unit doubles what is there. */
static void all_sums(double base, const double *term, int n, double *sum)
{
    sum[0] = base;
    for (int j = 0; j < n; j++)
        for (size_t s = 0; s < (size_t)1 << j; s++)
            sum[s + ((size_t)1 << j)] = sum[s] + term[j];
}

/* The same of units in order: unit j doubles the states of those before it, each of which gives it
 * a logit of its own. */
static void all_in_order(const double *logit, const real *lateral, int n, double *log_q)
{
    double *own = memory_new((size_t)1 << (n - 1), sizeof *own), from[EXACT_MOST_UNITS];
    log_q[0] = 0;
    for (int j = 0; j < n; j++) {
        size_t before = (size_t)1 << j;
        for (int i = 0; i < j; i++)
            from[i] = (double)lateral[i * n + j];
        all_sums(logit[j], from, j, own);
        for (size_t s = 0; s < before; s++) {
            log_q[s] -= softplus(own[s]);
            log_q[s + before] = log_q[s] + own[s];
        }
    }
    free(own);
}

static int width_below(const Helmholtz *machine, int l)
{
    return l == 0 ? machine->dims : machine->width[l - 1];
}

/* tanh(x W + b) [features], to be freed. */
static double *features_of(const Helmholtz *machine, const double *x)
{
    const Linear *layer = &machine->features;
    int dims = layer->weight->shape[0], n = layer->weight->shape[1];
    double *feature = memory_new((size_t)n, sizeof *feature);
    for (int j = 0; j < n; j++) {
        double sum = (double)layer->bias->value[j];
        for (int i = 0; i < dims; i++)
            sum += x[i] * (double)layer->weight->value[i * n + j];
        feature[j] = tanh(sum);
    }
    return feature;
}

/* log q(h' | h) for all states h' of the layer above h, which is layer l. */
static void all_log_q(const Helmholtz *machine, int l, const double *h, double *log_q)
{
    const Linear *up = &machine->recognition[l];
    int below = up->weight->shape[0], above = machine->width[l];
    double logit[EXACT_MOST_UNITS], base = 0, *feature = NULL;
    if (l == 0 && machine->features.weight != NULL)
        h = feature = features_of(machine, h);
    for (int j = 0; j < above; j++) {
        logit[j] = (double)up->bias->value[j];
        for (int i = 0; i < below; i++)
            logit[j] += h[i] * (double)up->weight->value[i * above + j];
        base -= softplus(logit[j]);
    }
    if (machine->lateral[l].linear.weight == NULL)
        all_sums(base, logit, above, log_q);
    else
        all_in_order(logit, machine->lateral[l].linear.weight->value, above, log_q);
    free(feature);
}

/* log p(h | h') for all states h' of the layer above: h . logits is linear in h'. */
static void all_log_p(const Exact *exact, int l, const double *h, double *log_p)
{
    const Helmholtz *machine = exact->machine;
    const Linear *down = &machine->generative[l];
    int below = width_below(machine, l), above = machine->width[l];
    double term[EXACT_MOST_UNITS], base = 0;
    for (int i = 0; i < below; i++)
        base += h[i] * (double)down->bias->value[i];
    for (int j = 0; j < above; j++) {
        term[j] = 0;
        for (int i = 0; i < below; i++)
            term[j] += h[i] * (double)down->weight->value[j * below + i];
    }
    all_sums(base, term, above, log_p);
    for (size_t s = 0; s < exact->layer[l].states; s++)
        log_p[s] -= exact->normaliser[l][s];
}

void exact_unpack(size_t s, int width, double *h)
{
    for (int i = 0; i < width; i++)
        h[i] = (double)(s >> i & 1);
}

static double *normaliser_of(const Helmholtz *machine, int l)
{
    const Linear *down = &machine->generative[l];
    int below = width_below(machine, l), above = machine->width[l];
    size_t states = (size_t)1 << above;
    double *sum = memory_new(states, sizeof *sum), *logit = memory_new(states, sizeof *logit);
    double term[EXACT_MOST_UNITS];
    for (int i = 0; i < below; i++) {
        for (int j = 0; j < above; j++)
            term[j] = (double)down->weight->value[j * below + i];
        all_sums((double)down->bias->value[i], term, above, logit);
        for (size_t s = 0; s < states; s++)
            sum[s] += softplus(logit[s]);
    }
    free(logit);
    return sum;
}

ExactValues exact_values_of(const Exact *exact, int l, const double *h)
{
    const ExactLayer *above = &exact->layer[l];
    ExactValues v = {0};
    double largest = -INFINITY, sum = 0, kl = 0;
    all_log_q(exact->machine, l, h, exact->log_q);
    all_log_p(exact, l, h, exact->log_p);
    for (size_t s = 0; s < above->states; s++)
        largest = fmax(largest, exact->log_p[s] + above->log_prob[s]);
    for (size_t s = 0; s < above->states; s++)
        sum += exp(exact->log_p[s] + above->log_prob[s] - largest);
    v.log_prob = largest + log(sum);
    for (size_t s = 0; s < above->states; s++) {
        double log_q = exact->log_q[s], log_p = exact->log_p[s], q = exp(log_q);
        v.joint += q * (log_p + above->joint[s]);
        v.entropy += q * (above->entropy[s] - log_q);
        kl += q * (log_q - (log_p + above->log_prob[s] - v.log_prob));
        for (int m = l + 1; m < exact->machine->layers; m++)
            v.kl[m] += q * above->kl[m][s];
    }
    v.kl[l] = kl;
    return v;
}

static ExactLayer layer_new(int width, int layers)
{
    ExactLayer layer = {.width = width, .states = (size_t)1 << width};
    layer.log_prob = memory_new(layer.states, sizeof(double));
    layer.joint = memory_new(layer.states, sizeof(double));
    layer.entropy = memory_new(layer.states, sizeof(double));
    for (int m = 0; m < layers; m++)
        layer.kl[m] = memory_new(layer.states, sizeof(double));
    return layer;
}

/* p(h_L) is all there is above nothing: joint and log_prob are the same, q has no more to say. */
static void fill_top(const Helmholtz *machine, ExactLayer *top)
{
    double logit[EXACT_MOST_UNITS], base = 0;
    for (int j = 0; j < top->width; j++) {
        logit[j] = (double)machine->top->value[j];
        base -= softplus(logit[j]);
    }
    all_sums(base, logit, top->width, top->log_prob);
    for (size_t s = 0; s < top->states; s++)
        top->joint[s] = top->log_prob[s];
}

Exact *exact_create(const Helmholtz *machine)
{
    if (!exact_possible(machine))
        fail("exact: at most %d units in a layer and %d in two neighbours", EXACT_MOST_UNITS,
             EXACT_MOST_PAIR);
    Exact *exact = memory_new(1, sizeof *exact);
    int top = machine->layers - 1, widest = 0;
    exact->machine = machine;
    for (int l = 0; l <= top; l++) {
        exact->layer[l] = layer_new(machine->width[l], machine->layers);
        exact->normaliser[l] = normaliser_of(machine, l);
        widest = machine->width[l] > widest ? machine->width[l] : widest;
    }
    exact->log_q = memory_new((size_t)1 << widest, sizeof(double));
    exact->log_p = memory_new((size_t)1 << widest, sizeof(double));
    fill_top(machine, &exact->layer[top]);
    for (int l = top; l > 0; l--) { /* layer l is h_l, at layer[l - 1] */
        ExactLayer *layer = &exact->layer[l - 1];
        double h[EXACT_MOST_UNITS];
        for (size_t s = 0; s < layer->states; s++) {
            exact_unpack(s, layer->width, h);
            ExactValues v = exact_values_of(exact, l, h);
            layer->log_prob[s] = v.log_prob;
            layer->joint[s] = v.joint;
            layer->entropy[s] = v.entropy;
            for (int m = l; m < machine->layers; m++)
                layer->kl[m][s] = v.kl[m];
        }
    }
    return exact;
}

void exact_free(Exact *exact)
{
    for (int l = 0; l < exact->machine->layers; l++) {
        free(exact->layer[l].log_prob);
        free(exact->layer[l].joint);
        free(exact->layer[l].entropy);
        free(exact->normaliser[l]);
        for (int m = 0; m < exact->machine->layers; m++)
            free(exact->layer[l].kl[m]);
    }
    free(exact->log_q);
    free(exact->log_p);
    free(exact);
}

ExactValues exact_values(const Exact *exact, const real *x)
{
    int dims = exact->machine->dims;
    double *h = memory_new((size_t)dims, sizeof *h);
    for (int i = 0; i < dims; i++)
        h[i] = (double)x[i];
    ExactValues values = exact_values_of(exact, 0, h);
    free(h);
    return values;
}

double exact_elbo(const ExactValues *values)
{
    return values->joint + values->entropy;
}
