#include "01-boltzmann/rbm_ais.h"

#include "support/memory.h"
#include "support/vecmath.h"
#include "train/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARALLEL_FROM = 1 << 14 };

/* The spacing of Salakhutdinov & Murray (2008): of 14,500 steps 500 up to 0.5, 4,000 up to
 * 0.9 and 10,000 up to 1. */
double ais_beta(int step, int steps)
{
    const double first = 500.0 / 14500, second = 4500.0 / 14500, at = (double)step / steps;
    if (at < first)
        return 0.5 * at / first;
    if (at < second)
        return 0.5 + 0.4 * (at - first) / (second - first);
    return step == steps ? 1 : 0.9 + 0.1 * (at - second) / (1 - second);
}

static double softplus(double a)
{
    return fmax(a, 0) + log1p(exp(-fabs(a)));
}

/* b_A: the logit of the training data's mean. */
static double start_bias(const Rbm *rbm, int i)
{
    double mean = (double)rbm->visible_center->value[i];
    return log(mean / (1 - mean));
}

double ais_log_z_start(const Rbm *rbm)
{
    double log_z = rbm->hidden * log(2.0);
    for (int i = 0; i < rbm->visible; i++)
        log_z += softplus(start_bias(rbm, i));
    return log_z;
}

/* The chains and where they are. */
typedef struct Annealing {
    const Rbm *rbm;
    Tape *tape;
    Tensor *v;                        /* [chains, visible]                    */
    real *visible_bias, *hidden_bias; /* of the machine at beta               */
    double *slope;                    /* [visible]: b - b_A                   */
    double *log_w;                    /* [chains]                             */
} Annealing;

static Annealing annealing_begin(const Rbm *rbm, Tape *tape, int chains)
{
    tape_reset(tape);
    model_bind((Model *)&rbm->model, tape);
    Annealing a = {.rbm = rbm, .tape = tape, .v = tensor_new_matrix(tape, chains, rbm->visible)};
    a.visible_bias = memory_new((size_t)rbm->visible, sizeof(real));
    a.hidden_bias = memory_new((size_t)rbm->hidden, sizeof(real));
    a.slope = memory_new((size_t)rbm->visible, sizeof *a.slope);
    a.log_w = memory_new((size_t)chains, sizeof *a.log_w);
    for (int i = 0; i < rbm->visible; i++)
        a.slope[i] = (double)rbm->visible_bias->value[i] - start_bias(rbm, i);
    return a;
}

static void annealing_end(Annealing *a)
{
    free(a->visible_bias);
    free(a->hidden_bias);
    free(a->slope);
    free(a->log_w);
}

static Tempered machine_at(const Annealing *a, double beta)
{
    for (int i = 0; i < a->rbm->visible; i++)
        a->visible_bias[i] = (real)(start_bias(a->rbm, i) + beta * a->slope[i]);
    for (int j = 0; j < a->rbm->hidden; j++)
        a->hidden_bias[j] = (real)beta * a->rbm->hidden_bias->value[j];
    return (Tempered){beta, a->visible_bias, a->hidden_bias};
}

/* log w += log p*_to(v) - log p*_from(v): input is W'v. */
static void weigh(const Annealing *a, const Tensor *input, double from, double to)
{
    const int chains = tensor_rows(a->v), visible = a->rbm->visible, hidden = a->rbm->hidden;
    const real *c = a->rbm->hidden_bias->value;
    const real old_beta = (real)from, new_beta = (real)to;
#pragma omp parallel for schedule(static) if (input->size >= PARALLEL_FROM)
    for (int r = 0; r < chains; r++) {
        const real *v = a->v->value + (size_t)r * (size_t)visible;
        const real *in = input->value + (size_t)r * (size_t)hidden;
        double seen = 0, sum = 0;
#pragma omp simd reduction(+ : seen)
        for (int i = 0; i < visible; i++)
            seen += (double)v[i] * a->slope[i];
#pragma omp simd reduction(+ : sum)
        for (int j = 0; j < hidden; j++) {
            real total = in[j] + c[j];
            sum += (double)(vec_softplus(new_beta * total) - vec_softplus(old_beta * total));
        }
        a->log_w[r] += (to - from) * seen + sum;
    }
}

/* One step of the way: the weight of going from one beta to the other; then, to move on, a Gibbs
 * step that leaves the machine at the new beta as it is. */
static void anneal(Annealing *a, double from, double to, bool move, Rng *rng)
{
    TapeMark mark = tape_mark(a->tape);
    Tensor *input = tensor_matmul(a->v, a->rbm->weight);
    weigh(a, input, from, to);
    if (move) {
        Tempered at = machine_at(a, to);
        rbm_draw(input, at.beta, at.hidden_bias, rng);
        Tensor *seen = tensor_matmul_transposed(input, a->rbm->weight);
        rbm_draw(seen, at.beta, at.visible_bias, rng);
        memcpy(a->v->value, seen->value, seen->size * sizeof(real));
    }
    tape_release(a->tape, mark);
}

/* From the log weights to log Z = log Z_0 + sign log mean w: sign -1 when they estimate Z_0 / Z.
 * The error is that of the means over the copies of each distinct chain, which may still be alike.
 */
static AisResult summary(const Rbm *rbm, const double *log_w, AisPlan plan, int sign)
{
    int distinct = plan.distinct > 0 && plan.distinct < plan.chains ? plan.distinct : plan.chains;
    LogMean mean = {0}, over = {0};
    for (int r = 0; r < plan.chains; r++)
        log_mean_add(&mean, log_w[r]);
    for (int first = 0; first < distinct; first++) {
        LogMean copies = {0};
        for (int r = first; r < plan.chains; r += distinct)
            log_mean_add(&copies, log_w[r]);
        log_mean_add(&over, log_mean_value(&copies));
    }
    AisResult result = {.log_z = ais_log_z_start(rbm) + sign * log_mean_value(&mean),
                        .se = log_mean_se(&over),
                        .effective = over.sum * over.sum / over.square};
    result.low = 3 * result.se < 1 ? result.log_z + log1p(-3 * result.se) : -INFINITY;
    result.high = result.log_z + log1p(3 * result.se);
    return result;
}

AisResult ais_forward(const Rbm *rbm, Tape *tape, AisPlan plan, Rng *rng)
{
    bool recording = tape_record(tape, false);
    Annealing a = annealing_begin(rbm, tape, plan.chains);
    Progress progress = progress_start("ais", "temperatures", 0, plan.temperatures, plan.quiet);
    Tensor *start = rbm_noise(rbm, tape, plan.chains, rng);
    memcpy(a.v->value, start->value, start->size * sizeof(real));
    for (int k = 1; k <= plan.temperatures; k++) {
        anneal(&a, ais_beta(k - 1, plan.temperatures), ais_beta(k, plan.temperatures),
               k < plan.temperatures, rng);
        progress_show(&progress, k, "");
    }
    progress_end(&progress, "");
    AisResult result = summary(rbm, a.log_w, plan, 1);
    annealing_end(&a);
    tape_record(tape, recording);
    return result;
}

AisResult ais_reverse(const Rbm *rbm, Tape *tape, AisPlan plan, const real *start, Rng *rng)
{
    bool recording = tape_record(tape, false);
    Annealing a = annealing_begin(rbm, tape, plan.chains);
    Progress progress =
        progress_start("reverse ais", "temperatures", 0, plan.temperatures, plan.quiet);
    memcpy(a.v->value, start, a.v->size * sizeof(real));
    for (int k = plan.temperatures; k >= 1; k--) {
        anneal(&a, ais_beta(k, plan.temperatures), ais_beta(k - 1, plan.temperatures), k > 1, rng);
        progress_show(&progress, plan.temperatures - k + 1, "");
    }
    progress_end(&progress, "");
    AisResult result = summary(rbm, a.log_w, plan, -1);
    annealing_end(&a);
    tape_record(tape, recording);
    return result;
}

bool ais_start_exact(const Rbm *rbm)
{
    return rbm->hidden <= RBM_FEW_UNITS;
}

int ais_start(const Rbm *rbm, Tape *tape, int chains, int burn_in, Rng *rng, real *start)
{
    Tensor *v;
    bool exact = ais_start_exact(rbm), recording = tape_record(tape, false);
    int kept = tensor_rows(rbm->chain);
    if (exact) {
        v = rbm_exact_sample(rbm, tape, chains, rng);
    } else {
        tape_reset(tape);
        model_bind((Model *)&rbm->model, tape);
        v = tensor_new_matrix(tape, chains, rbm->visible);
        for (size_t i = 0; i < v->size; i++)
            v->value[i] = rbm->chain->value[i % rbm->chain->size];
        rbm_gibbs(rbm, v, burn_in, rbm_at_temperature(rbm, tape, 1), rng);
    }
    memcpy(start, v->value, v->size * sizeof *start);
    tape_record(tape, recording);
    return exact || chains < kept ? chains : kept;
}
