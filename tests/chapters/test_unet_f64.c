/* The U-Net: shapes, its start as zero, and gradients of some of its weights against differences.
 */
#include "04-ddpm/denoiser.h"
#include "harness/suite.h"

#include <math.h>
#include <string.h>

enum { BATCH = 2, SIDE = 8, EMBEDDING = 12 };

static UNetShape small_shape(int fold)
{
    return (UNetShape){
        .fold = fold, .channels = 1, .levels = 2, .width = {8, 16}, .embedding = EMBEDDING};
}

/* Every weight gets some size, those that start at zero too. */
static void stir(Params *params)
{
    Rng rng = rng_stream(2, "stir");
    for (int i = 0; i < params->count; i++)
        for (size_t j = 0; j < params->tensor[i]->size; j++)
            params->tensor[i]->value[j] += 0.1 * rng_normal_one(&rng);
    params_touch(params);
}

static Tensor *draw(Tape *tape, int rank, const int *shape, const char *name)
{
    Rng rng = rng_stream(7, name);
    Tensor *a = tensor_new(tape, rank, shape);
    rng_normal(&rng, a->value, a->size);
    return a;
}

static Tensor *run(Tape *tape, Params *params, const UNet *net, int rows)
{
    tape_reset(tape);
    params_bind(params, tape);
    Tensor *x = draw(tape, 4, (int[]){BATCH, SIDE, SIDE, 1}, "x");
    return unet_forward(net, x, draw(tape, 2, (int[]){rows, EMBEDDING}, "e"));
}

static void test_start(void)
{
    for (int fold = 1; fold <= 2; fold++) {
        Params *params = params_create();
        Rng rng = rng_stream(1, "weights");
        UNet net = unet_create(params, "net", small_shape(fold), &rng);
        Tape *tape = tape_create(kernels_best());
        Tensor *y = run(tape, params, &net, BATCH);
        double largest = 0;
        CU_ASSERT(y->rank == 4 && y->size == BATCH * SIDE * SIDE && y->shape[3] == 1);
        for (size_t i = 0; i < y->size; i++)
            largest = fmax(largest, fabs(y->value[i]));
        CU_ASSERT_EQUAL(largest, 0);
        stir(params);
        y = run(tape, params, &net, BATCH);
        for (size_t i = 0; i < y->size; i++)
            largest = fmax(largest, fabs(y->value[i]));
        CU_ASSERT(largest > 1e-3);
        tape_free(tape);
        params_free(params);
    }
}

static double value_of(Tape *tape, Params *params, const UNet *net, Tensor **loss)
{
    Tensor *y = run(tape, params, net, 1);
    Tensor *uneven = draw(tape, 4, y->shape, "uneven");
    *loss = tensor_sum(tensor_mul(y, uneven));
    return tensor_item(*loss);
}

/* Three entries of every weight; the embedding of one row serves both images. */
static void test_gradients(void)
{
    Params *params = params_create();
    Rng rng = rng_stream(1, "weights");
    UNet net = unet_create(params, "net", small_shape(2), &rng);
    Tape *tape = tape_create(kernels_best());
    Tensor *loss;
    int checked = 0;
    double worst = 0;
    stir(params);
    for (int i = 0; i < params->count; i++)
        for (size_t k = 0; k < 3; k++, checked++) {
            Tensor *weight = params->tensor[i];
            size_t j = (k * 2654435761u) % weight->size;
            value_of(tape, params, &net, &loss);
            tape_backward(loss);
            double gradient = weight->grad[j], kept = weight->value[j];
            weight->value[j] = kept + 1e-5;
            double up = value_of(tape, params, &net, &loss);
            weight->value[j] = kept - 1e-5;
            double down = value_of(tape, params, &net, &loss);
            weight->value[j] = kept;
            double slope = (up - down) / 2e-5;
            worst = fmax(worst, fabs(slope - gradient) / fmax(1, fabs(slope)));
        }
    CU_ASSERT(checked > 150);
    CU_ASSERT(worst < 1e-6);
    tape_free(tape);
    params_free(params);
}

const Suite suite = {
    "chapters/unet",
    {{"starts as zero", test_start}, {"gradients of its weights", test_gradients}, {NULL, NULL}}};
