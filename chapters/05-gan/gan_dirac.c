#include "05-gan/gan_dirac.h"

#include <math.h>

/* The two players as weights of one number each. */
typedef struct Dirac {
    Params *params;
    Tensor *theta, *psi; /* [1, 1] */
} Dirac;

static SlopePenalty penalty_of(const DiracRule *rule, Tensor *logit, Tensor *x, Tensor *y,
                               Tensor *psi, Rng *noise)
{
    if (rule->penalty == PENALTY_ONE) {
        Tensor *between = gan_between(x, y, 1, noise);
        return gan_penalty_one(tensor_matmul(between, psi), between, rule->weight);
    }
    return gan_penalty_zero(logit, x, rule->weight);
}

/* Both gradients at the same place, then both steps. */
static void step(const DiracRule *rule, Dirac *game, Tape *tape, Rng *noise)
{
    Tensor *gradient;
    tape_reset(tape);
    params_bind(game->params, tape);
    Tensor *x = tensor_watch(tensor_fill(tape, 2, (int[]){1, 1}, 0)); /* the data */
    Tensor *real_logit = tensor_matmul(x, game->psi);
    Tensor *fake_logit = tensor_matmul(game->theta, game->psi);
    Tensor *generator = gan_generator_loss(rule->loss, real_logit, fake_logit);
    Tensor *discriminator = gan_discriminator_loss(rule->loss, real_logit, fake_logit);
    if (rule->penalty != PENALTY_NONE)
        discriminator =
            tensor_add(discriminator,
                       penalty_of(rule, real_logit, x, game->theta, game->psi, noise).surrogate);
    tape_gradient(generator, NULL, &game->theta, 1, &gradient);
    double theta_slope = (double)tensor_item(gradient);
    tape_gradient(discriminator, NULL, &game->psi, 1, &gradient);
    double psi_slope = (double)tensor_item(gradient);
    game->theta->value[0] = (real)((double)game->theta->value[0] - rule->rate * theta_slope);
    game->psi->value[0] = (real)((double)game->psi->value[0] - rule->rate * psi_slope);
    params_touch(game->params);
}

void dirac_follow(const DiracRule *rule, int steps, double *path)
{
    Dirac game = {.params = params_create()};
    Tape *tape = tape_create(kernels_best());
    Rng noise = rng_stream(1, "dirac");
    game.theta = params_weight(game.params, "theta", 2, (int[]){1, 1});
    game.psi = params_weight(game.params, "psi", 2, (int[]){1, 1});
    game.theta->value[0] = (real)path[0];
    game.psi->value[0] = (real)path[1];
    for (int s = 1; s <= steps; s++) {
        step(rule, &game, tape, &noise);
        path[2 * s] = (double)game.theta->value[0];
        path[2 * s + 1] = (double)game.psi->value[0];
    }
    tape_free(tape);
    params_free(game.params);
}

double dirac_growth(double gamma, double rate)
{
    double inside = (gamma * gamma - 1) / 4;
    double re = -gamma / 2 + (inside > 0 ? sqrt(inside) : 0), im = inside < 0 ? sqrt(-inside) : 0;
    return hypot(1 + rate * re, rate * im);
}
