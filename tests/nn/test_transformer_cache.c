/* The cache and the packed layer in float: the same bits with any number of threads and rows. */
#include "cache_cases.h"
#include "harness/suite.h"
#include "nn/packed_linear.h"

/* Long enough that all threads have been tried several times. */
static const Shape SHAPE[] = {{4, 1, 4, 128, 64, true},  {2, 3, 2, 24, 64, false},
                              {2, 8, 4, 64, 64, true},   {2, 16, 4, 128, 64, false},
                              {1, 5, 3, 48, 100, false}, {1, 13, 1, 16, 64, true}};
enum { SHAPES = sizeof SHAPE / sizeof *SHAPE };

static void test_threads(void)
{
    const int before = kernels_threads();
    for (int i = 0; i < SHAPES; i++) {
        Stack s = stack_make(SHAPE[i], "threads");
        real *y[4];
        for (int threads = 1; threads <= 4; threads++) {
            kernels_set_threads(threads);
            y[threads - 1] = memory_new(s.x->size, sizeof(real));
            TransformerCache *cache = stack_cache(&s);
            cache_run(cache, s.is, s.x->value, 0, s.is.length, y[threads - 1]);
            transformer_cache_free(cache);
            CU_ASSERT(memcmp(y[0], y[threads - 1], s.x->size * sizeof(real)) == 0);
        }
        kernels_set_threads(before);
        CU_ASSERT(stack_alone_same(&s, y[0]));
        const real *whole = stack_forward(&s, s.x)->value;
        CU_ASSERT(stack_gap(s.is, y[0], whole, 0, s.is.length) < 2e-5);
        for (int t = 0; t < 4; t++)
            free(y[t]);
        stack_free(&s);
    }
}

/* y = x W + b and y = x E^T against the operations, and row by row to the bit. */
static void check_packed(const PackedLinear *packed, Tensor *x, const Tensor *wanted)
{
    const int rows = x->shape[0], in = x->shape[1], out = wanted->shape[1];
    real *y = memory_new(wanted->size + 1, sizeof *y), *row = memory_new((size_t)out, sizeof *row);
    double worst = 0;
    y[wanted->size] = 7; /* what lies behind stays as it is */
    packed_linear_forward(packed, x->value, rows, y);
    CU_ASSERT(y[wanted->size] == 7);
    for (size_t i = 0; i < wanted->size; i++)
        worst = fmax(worst, fabs((double)y[i] - (double)wanted->value[i]));
    CU_ASSERT(worst < 1e-4);
    for (int r = 0; r < rows; r++) {
        packed_linear_forward(packed, x->value + r * in, 1, row);
        CU_ASSERT(memcmp(row, y + r * out, (size_t)out * sizeof *row) == 0);
    }
    free(y);
    free(row);
}

static void test_packed_linear(void)
{
    static const int size[][3] = {
        {1, 5, 3}, {3, 128, 65}, {16, 128, 65}, {7, 33, 64}, {13, 8, 100}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        const int rows = size[i][0], in = size[i][1], out = size[i][2];
        Params *params = params_create();
        Tape *tape = tape_create(kernels_best());
        Rng rng = rng_stream(1, "packed");
        Linear linear = linear_create(params, "out", in, out, ACTIVATION_NONE, &rng);
        Embedding table = embedding_create(params, "symbol", out, in, &rng);
        PackedLinear *own = packed_linear_create(&linear);
        PackedLinear *tied = packed_linear_create_tied(&table);
        rng_normal(&rng, linear.bias->value, (size_t)out);
        rng_normal(&rng, table.table->value, table.table->size);
        packed_linear_weights(own);
        packed_linear_weights(tied);
        params_bind(params, tape);
        Tensor *x = tensor_new(tape, 2, (int[]){rows, in});
        rng_normal(&rng, x->value, x->size);
        check_packed(own, x, linear_forward(&linear, x));
        check_packed(tied, x, tensor_matmul_transposed(x, table.table));
        packed_linear_free(own);
        packed_linear_free(tied);
        tape_free(tape);
        params_free(params);
    }
}

/* As the operation, to the bit. */
static void test_norm_row(void)
{
    Params *params = params_create();
    Tape *tape = tape_create(kernels_best());
    Rng rng = rng_stream(1, "norm");
    LayerNorm norm = layer_norm_create(params, "norm", 37);
    rng_normal(&rng, norm.gain->value, 37);
    rng_normal(&rng, norm.bias->value, 37);
    params_bind(params, tape);
    Tensor *x = tensor_new(tape, 2, (int[]){1, 37});
    rng_normal(&rng, x->value, x->size);
    real y[37];
    layer_norm_row(&norm, x->value, y);
    CU_ASSERT(memcmp(y, layer_norm_forward(&norm, x)->value, sizeof y) == 0);
    tape_free(tape);
    params_free(params);
}

const Suite suite = {"nn/transformer_cache (float)",
                     {{"the same bits with any number of threads", test_threads},
                      {"a packed layer = the operations", test_packed_linear},
                      {"a row's normalisation = the operation", test_norm_row},
                      {NULL, NULL}}};
