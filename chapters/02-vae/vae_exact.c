#include "02-vae/vae_exact.h"

#include "support/memory.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_PIXELS = 36, MOST_LATENTS = 2, ROWS_AT_ONCE = 1024 };
static const double REACH = 6;

bool vae_exact_possible(const Vae *vae)
{
    return vae->kind == DATA_BINARY && vae->dims <= MOST_PIXELS && vae->layers == 1 &&
           vae->width[0] <= MOST_LATENTS;
}

/* Rows first .. first + rows - 1 of the grid, the first latent changing fastest: z [rows, width],
 * and |z|^2 / 2 of each. */
static void grid_rows(int first, int rows, int width, int side, real *z, double *half_square)
{
    for (int r = 0; r < rows; r++) {
        int place = first + r;
        half_square[r] = 0;
        for (int d = 0; d < width; d++) {
            double at = REACH * (2.0 * (place % side) / (side - 1) - 1);
            z[r * width + d] = (real)at;
            half_square[r] += 0.5 * at * at;
            place /= side;
        }
    }
}

/* sum_d log(1 + exp(l_d)), so that log p(x|z) = x . l - that. */
static double sum_softplus(const real *logit, int dims)
{
    double sum = 0;
    for (int d = 0; d < dims; d++) {
        double l = (double)logit[d];
        sum += fmax(l, 0) + log1p(exp(-fabs(l)));
    }
    return sum;
}

void vae_exact(const Vae *vae, const real *x, int n, double step, double *log_prob)
{
    int width = vae->width[0], dims = vae->dims, side = 2 * (int)lround(REACH / step) + 1;
    int points = width == 1 ? side : side * side;
    LogMean *mean = memory_new((size_t)n, sizeof *mean), all = {0};
    double *half_square = memory_new(ROWS_AT_ONCE, sizeof *half_square);
    Tape *tape = tape_create(kernels_best());
    tape_record(tape, false);
    for (int first = 0; first < points; first += ROWS_AT_ONCE) {
        int rows = points - first < ROWS_AT_ONCE ? points - first : ROWS_AT_ONCE;
        tape_reset(tape);
        params_bind(vae->model.part[0].params, tape);
        Tensor *z = tensor_new_matrix(tape, rows, width);
        grid_rows(first, rows, width, side, z->value, half_square);
        Tensor *logit = linear_forward(&vae->out, mlp_forward(&vae->decoder, z));
        for (int r = 0; r < rows; r++) {
            const real *l = logit->value + (size_t)r * (size_t)dims;
            double base = -half_square[r] - sum_softplus(l, dims);
            log_mean_add(&all, -half_square[r]);
            for (int i = 0; i < n; i++) {
                double log_joint = base;
                for (int d = 0; d < dims; d++)
                    log_joint += (double)(x[(size_t)i * (size_t)dims + (size_t)d] * l[d]);
                log_mean_add(&mean[i], log_joint);
            }
        }
    }
    for (int i = 0; i < n; i++)
        log_prob[i] = log_mean_value(&mean[i]) - log_mean_value(&all);
    tape_free(tape);
    free(half_square);
    free(mean);
}
