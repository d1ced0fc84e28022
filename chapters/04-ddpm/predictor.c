#include "04-ddpm/predictor.h"

#include "04-ddpm/diffusion.h"

#include <math.h>

bool levels_equal(const double *level, int n)
{
    for (int i = 1; i < n; i++)
        if (level[i] != level[0])
            return false;
    return true;
}

Tensor *rows_mixed(Tensor *from_x, Tensor *x, Tensor *from_y, Tensor *y)
{
    return tensor_add(tensor_mul(x, from_x), tensor_mul(y, from_y));
}

/* noise = (x - alpha x0) / sigma for the x0 that was kept inside. */
Guess predictor_guess(const Predictor *predictor, Tensor *x, const double *level, const int *label,
                      double clip)
{
    Guess guess = predictor->guess(predictor, x, level, label);
    if (clip == 0)
        return guess;
    int n = levels_equal(level, tensor_rows(x)) ? 1 : tensor_rows(x);
    Tensor *from_x = tensor_new_matrix(x->tape, n, 1), *from_x0 = tensor_new_matrix(x->tape, n, 1);
    for (int i = 0; i < n; i++) {
        from_x->value[i] = (real)(1 / level_sigma(level[i]));
        from_x0->value[i] = (real)-exp(-level[i]); /* alpha / sigma */
    }
    guess.x0 = tensor_clamp(guess.x0, (real)-clip, (real)clip);
    guess.noise = rows_mixed(from_x, x, from_x0, guess.x0);
    return guess;
}

Tensor *predictor_score(const Predictor *predictor, Tensor *x, const double *level,
                        const int *label)
{
    Guess guess = predictor->guess(predictor, x, level, label);
    int n = levels_equal(level, tensor_rows(x)) ? 1 : tensor_rows(x);
    Tensor *factor = tensor_new_matrix(x->tape, n, 1);
    for (int i = 0; i < n; i++)
        factor->value[i] = (real)(-1 / level_sigma(level[i]));
    return tensor_mul(guess.noise, factor);
}
