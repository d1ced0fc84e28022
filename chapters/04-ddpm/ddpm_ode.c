#include "04-ddpm/ddpm_ode.h"

#include "04-ddpm/diffusion.h"
#include "support/fail.h"
#include "support/memory.h"

#include <gsl/gsl_errno.h>
#include <gsl/gsl_math.h>
#include <gsl/gsl_odeiv2.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 500, MOST_STEPS = 20000 };

/* A batch of trajectories as one system: y = x [n, dims], then the integral of the divergence [n].
 */
typedef struct Trajectories {
    const OdeRule *rule;
    Tape *tape;
    const int *label;
    real *probe; /* [n, dims] of -1 and 1; NULL: the divergence is exact */
    double *level;
    int n;
    long evaluations;
} Trajectories;

/* div of the noise guess, row by row: its trace, one sweep a dimension, or probe . J probe. */
static void add_divergence(const Trajectories *all, Tensor *noise, Tensor *x, double *divergence)
{
    int dims = all->rule->predictor->dims, sweeps = all->probe == NULL ? dims : 1;
    for (int sweep = 0; sweep < sweeps; sweep++) {
        Tensor *seed = tensor_fill(all->tape, 2, noise->shape, 0), *slope;
        for (int i = 0; i < all->n; i++)
            seed->value[i * dims + sweep] = 1;
        if (all->probe != NULL)
            memcpy(seed->value, all->probe, seed->size * sizeof(real));
        tape_gradient(noise, seed->value, &x, 1, &slope);
        for (size_t i = 0; i < slope->size; i++)
            divergence[i / (size_t)dims] += (double)slope->value[i] * (double)seed->value[i];
    }
}

/* dx/du = sigma (eps - sigma x);  d(log p)/du = -div = -sigma (div eps - sigma dims). */
static int slope_of(double u, const double y[], double dy[], void *context)
{
    Trajectories *all = context;
    const Predictor *predictor = all->rule->predictor;
    int n = all->n, dims = predictor->dims;
    size_t numbers = (size_t)n * (size_t)dims;
    double sigma = level_sigma(u);
    TapeMark mark = tape_mark(all->tape);
    Tensor *x = tensor_watch(tensor_name(tensor_new_matrix(all->tape, n, dims), "x"));
    for (size_t i = 0; i < numbers; i++)
        x->value[i] = (real)y[i];
    for (int i = 0; i < n; i++) {
        all->level[i] = u;
        dy[numbers + (size_t)i] = 0;
    }
    Tensor *noise = predictor->guess(predictor, x, all->level, all->label).noise;
    add_divergence(all, noise, x, dy + numbers);
    for (size_t i = 0; i < numbers; i++)
        dy[i] = sigma * ((double)noise->value[i] - sigma * y[i]);
    bool finite = true;
    for (int i = 0; i < n; i++) {
        double *divergence = &dy[numbers + (size_t)i];
        *divergence = sigma * (*divergence - sigma * dims);
        finite = finite && isfinite(*divergence) && isfinite(dy[(size_t)i * (size_t)dims]);
    }
    tape_release(all->tape, mark);
    all->evaluations++;
    return finite ? GSL_SUCCESS : GSL_EBADFUNC;
}

/* From the least level to the most. */
static void integrate(Trajectories *all, double *y)
{
    const OdeRule *rule = all->rule;
    const Predictor *predictor = rule->predictor;
    size_t size = (size_t)all->n * (size_t)(predictor->dims + 1);
    gsl_odeiv2_system system = {slope_of, NULL, size, all};
    gsl_odeiv2_driver *driver = gsl_odeiv2_driver_alloc_y_new(&system, gsl_odeiv2_step_rkf45, 0.1,
                                                              rule->tolerance, rule->tolerance);
    double u = predictor->least;
    gsl_error_handler_t *before = gsl_set_error_handler_off();
    gsl_odeiv2_driver_set_nmax(driver, MOST_STEPS);
    int status = gsl_odeiv2_driver_apply(driver, &u, predictor->most, y);
    gsl_set_error_handler(before);
    gsl_odeiv2_driver_free(driver);
    if (status == GSL_EBADFUNC)
        refuse(
            "ode: the network's output is not a number at level %.3f; the weights are damaged or "
            "diverged, train again with a lower --lr",
            u);
    if (status != GSL_SUCCESS)
        refuse(
            "ode: the solver gave up at level %.3f (%s); choose a larger --ode-tolerance than %g",
            u, gsl_strerror(status), rule->tolerance);
}

/* One batch: x0 [n, dims] from row `first` of them all. */
static long measure(const OdeRule *rule, Tape *tape, Rng noise, const real *x0, const int *label,
                    int first, int n, double *log_prob, real *latent)
{
    const Predictor *predictor = rule->predictor;
    size_t dims = (size_t)predictor->dims, numbers = (size_t)n * dims;
    double alpha = level_alpha(predictor->least);
    double *y = memory_new(numbers + (size_t)n, sizeof *y);
    Trajectories all = {.rule = rule, .tape = tape, .label = label, .n = n};
    all.level = memory_new((size_t)n, sizeof *all.level);
    all.probe = rule->exact ? NULL : memory_new(numbers, sizeof *all.probe);
    for (int i = 0; i < n && !rule->exact; i++) {
        Rng own = rng_at(noise, noise.step + (uint64_t)(first + i));
        for (size_t d = 0; d < dims; d++)
            all.probe[(size_t)i * dims + d] = (rng_word(&own) & 1) != 0 ? 1 : -1;
    }
    for (size_t i = 0; i < numbers; i++)
        y[i] = alpha * (double)x0[i];
    integrate(&all, y);
    for (size_t i = 0; i < (size_t)n; i++) {
        log_prob[i] = y[numbers + i] + (double)dims * log(alpha);
        for (size_t d = 0; d < dims; d++) {
            double end = y[i * dims + d];
            log_prob[i] -= 0.5 * (end * end + M_LN2 + M_LNPI);
            if (latent != NULL)
                latent[i * dims + d] = (real)end;
        }
    }
    free(all.level);
    free(all.probe);
    free(y);
    return all.evaluations;
}

OdeCost ode_log_prob(const OdeRule *rule, Tape *tape, Rng noise, const real *x0, const int *label,
                     int n, double *log_prob, real *latent)
{
    int at_once = rule->batch > 0 ? rule->batch : BATCH;
    size_t dims = (size_t)rule->predictor->dims;
    OdeCost cost = {0};
    bool recording = tape_record(tape, true);
    for (int first = 0; first < n; first += at_once) {
        int rows = n - first < at_once ? n - first : at_once;
        long evaluations = measure(
            rule, tape, noise, x0 + (size_t)first * dims, label != NULL ? label + first : NULL,
            first, rows, log_prob + first, latent != NULL ? latent + (size_t)first * dims : NULL);
        cost.evaluations += (double)evaluations * rows / n;
    }
    tape_record(tape, recording);
    return cost;
}
