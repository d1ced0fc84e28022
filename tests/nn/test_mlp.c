/* Linear layers and perceptrons: names, shapes, and values against the definition. */
#include "harness/suite.h"
#include "nn/mlp.h"

#include <math.h>
#include <signal.h>

enum { ABORTED = 128 + SIGABRT };

static void test_linear(void)
{
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(1, "weights");
    Linear linear = linear_create(params, "layer", 3, 2, ACTIVATION_TANH, &rng);
    CU_ASSERT_PTR_EQUAL(params_find(params, "layer.weight"), linear.weight);
    CU_ASSERT_PTR_EQUAL(params_find(params, "layer.bias"), linear.bias);
    CU_ASSERT_EQUAL(params->count, 2);
    CU_ASSERT_EQUAL(params_numbers(params), 3 * 2 + 2);
    CU_ASSERT(linear.weight->shape[0] == 3 && linear.weight->shape[1] == 2);
    CU_ASSERT(linear.bias->rank == 1 && linear.bias->shape[0] == 2);
    CU_ASSERT(linear.bias->value[0] == 0 && linear.bias->value[1] == 0);
    linear.bias->value[1] = (real)0.5;
    params_bind(params, tape);
    Tensor *x = tensor_from(tape, 2, (int[]){2, 3}, (real[]){1, -2, 3, 0, 1, (real)0.25});
    Tensor *y = linear_forward(&linear, x);
    CU_ASSERT(y->rank == 2 && y->shape[0] == 2 && y->shape[1] == 2);
    for (int r = 0; r < 2; r++)
        for (int c = 0; c < 2; c++) {
            double sum = (double)linear.bias->value[c];
            for (int k = 0; k < 3; k++)
                sum += (double)x->value[r * 3 + k] * (double)linear.weight->value[k * 2 + c];
            CU_ASSERT(fabs((double)y->value[r * 2 + c] - tanh(sum)) < 1e-6);
        }
    tape_free(tape);
    params_free(params);
}

/* The same draws, times sqrt 2 before a ReLU. */
static void test_gain(void)
{
    const Activation kinds[] = {ACTIVATION_NONE, ACTIVATION_TANH, ACTIVATION_SIGMOID,
                                ACTIVATION_RELU, ACTIVATION_LEAKY_RELU};
    Params *params = params_create();
    Rng rng = rng_stream(1, "weights");
    Linear plain = linear_create(params, "plain", 20, 30, ACTIVATION_NONE, &rng);
    for (int i = 0; i < 5; i++) {
        const double gain = i < 3 ? 1 : sqrt(2.0);
        char name[] = {'k', (char)('0' + i), '\0'};
        Rng same = rng_stream(1, "weights");
        Linear linear = linear_create(params, name, 20, 30, kinds[i], &same);
        double worst = 0;
        for (size_t j = 0; j < plain.weight->size; j++)
            worst = fmax(worst, fabs((double)linear.weight->value[j] -
                                     gain * (double)plain.weight->value[j]));
        CU_ASSERT(worst < 1e-7);
    }
    params_free(params);
}

static void test_mlp(void)
{
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(1, "weights");
    const int hidden[] = {5, 4, 2};
    Mlp mlp = mlp_create(params, "net", 3, hidden, 3, ACTIVATION_RELU, &rng);
    CU_ASSERT_EQUAL(mlp.layers, 3);
    CU_ASSERT_EQUAL(params->count, 6);
    CU_ASSERT_EQUAL(params_numbers(params), 3 * 5 + 5 + 5 * 4 + 4 + 4 * 2 + 2);
    CU_ASSERT_PTR_EQUAL(params_find(params, "net.2.weight"), mlp.layer[2].weight);
    CU_ASSERT_EQUAL(mlp_width(3, hidden, 3), 2);
    CU_ASSERT_EQUAL(mlp_width(3, hidden, 1), 5);
    params_bind(params, tape);
    Tensor *x = tensor_from(tape, 2, (int[]){1, 3}, (real[]){1, 2, 3});
    Tensor *layers = x;
    for (int i = 0; i < 3; i++)
        layers = linear_forward(&mlp.layer[i], layers);
    Tensor *y = mlp_forward(&mlp, x);
    CU_ASSERT(y->shape[1] == 2 && y->value[0] == layers->value[0] &&
              y->value[1] == layers->value[1]);
    tape_free(tape);
    params_free(params);
}

/* No hidden layer: the input goes through. */
static void test_empty(void)
{
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(1, "weights");
    Mlp mlp = mlp_create(params, "net", 3, NULL, 0, ACTIVATION_TANH, &rng);
    Tensor *x = tensor_new_matrix(tape, 2, 3);
    CU_ASSERT_PTR_EQUAL(mlp_forward(&mlp, x), x);
    CU_ASSERT_EQUAL(params->count, 0);
    CU_ASSERT_EQUAL(mlp_width(3, NULL, 0), 3);
    tape_free(tape);
    params_free(params);
}

static void eighteen_layers(void *context)
{
    (void)context;
    int hidden[MLP_MOST_LAYERS + 1];
    Rng rng = rng_stream(1, "weights");
    for (int i = 0; i <= MLP_MOST_LAYERS; i++)
        hidden[i] = 1;
    mlp_create(params_create(), "net", 1, hidden, MLP_MOST_LAYERS + 1, ACTIVATION_TANH, &rng);
}

static void wrong_input(void *context)
{
    (void)context;
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(1, "weights");
    Mlp mlp = mlp_create(params, "net", 3, (int[]){4}, 1, ACTIVATION_TANH, &rng);
    params_bind(params, tape);
    mlp_forward(&mlp, tensor_new_matrix(tape, 2, 5));
}

static void test_mistakes(void)
{
    ChildResult deep = child_run(eighteen_layers, NULL);
    ChildResult wide = child_run(wrong_input, NULL);
    CU_ASSERT(child_said(&deep, ABORTED, "error: mlp: 'net' would have 18 layers; at most 17\n"));
    CU_ASSERT(child_said(&wide, ABORTED, "'net.0.weight' is [3, 4]"));
}

const Suite suite = {"nn/mlp",
                     {{"a linear layer", test_linear},
                      {"gain before a ReLU", test_gain},
                      {"a perceptron", test_mlp},
                      {"no layers", test_empty},
                      {"mistakes", test_mistakes},
                      {NULL, NULL}}};
