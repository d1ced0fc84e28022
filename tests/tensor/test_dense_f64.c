/* Fused operations against their unfused compositions, and what must hold for any numbers. */
#include "harness/suite.h"
#include "support/rng.h"
#include "tensor/tape.h"

#include <math.h>
#include <string.h>

static Tensor *normal(Tape *tape, int rank, const int *shape, const char *stream)
{
    Rng rng = rng_stream(9, stream);
    Tensor *a = tensor_new(tape, rank, shape);
    rng_normal(&rng, a->value, a->size);
    return a;
}

static double gap(const Tensor *a, const Tensor *b)
{
    double worst = a->size == b->size ? 0 : INFINITY;
    for (size_t i = 0; i < a->size && i < b->size; i++)
        worst = fmax(worst, fabs(a->value[i] - b->value[i]));
    return worst;
}

/* One head by matmul and softmax. */
static Tensor *composed(Tensor *q, Tensor *k, Tensor *v)
{
    Tensor *scores = tensor_scale(tensor_matmul_transposed(q, k), 1 / sqrt(tensor_columns(q)));
    return tensor_matmul(tensor_softmax(scores), v);
}

static void test_attention(void)
{
    enum { HEADS = 3, DEPTH = 7, WIDTH = HEADS * DEPTH };
    Tape *tape = tape_create(&kernels_portable);
    Tensor *q = normal(tape, 3, (int[]){2, 5, WIDTH}, "q");
    Tensor *k = normal(tape, 3, (int[]){2, 18, WIDTH}, "k");
    Tensor *v = normal(tape, 3, (int[]){2, 18, WIDTH}, "v"), *head[HEADS];
    for (int h = 0; h < HEADS; h++) {
        int from = h * DEPTH, to = from + DEPTH;
        head[h] = composed(tensor_slice(q, 2, from, to), tensor_slice(k, 2, from, to),
                           tensor_slice(v, 2, from, to));
    }
    Tensor *want = tensor_concat(head, HEADS, 2);
    CU_ASSERT(gap(tensor_attention(q, k, v, HEADS, false, NULL), want) < 1e-12);
    tape_free(tape);
}

/* Masked keys are as good as not there; packed operands are the same operation. */
static void test_masked_and_packed(void)
{
    enum { WIDTH = 8, KEYS = 6, SEEN = 4 };
    Tape *tape = tape_create(&kernels_portable);
    Tensor *q = normal(tape, 3, (int[]){1, KEYS, WIDTH}, "q");
    Tensor *k = normal(tape, 3, (int[]){1, KEYS, WIDTH}, "k");
    Tensor *v = normal(tape, 3, (int[]){1, KEYS, WIDTH}, "v");
    const int mask[KEYS] = {1, 1, 1, 1, 0, 0};
    Tensor *masked = tensor_attention(q, k, v, 2, false, mask);
    Tensor *fewer = tensor_attention(q, tensor_slice(k, 1, 0, SEEN), tensor_slice(v, 1, 0, SEEN), 2,
                                     false, NULL);
    CU_ASSERT(gap(masked, fewer) < 1e-14);
    Tensor *packed = tensor_concat((Tensor *[]){q, k, v}, 3, 2);
    CU_ASSERT(gap(tensor_attention_packed(packed, 2, true, NULL),
                  tensor_attention(q, k, v, 2, true, NULL)) == 0);
    tape_free(tape);
}

/* A later position changes no earlier one, not by a bit. */
static void test_causal(void)
{
    enum { LENGTH = 19, WIDTH = 12 };
    Tape *tape = tape_create(&kernels_portable);
    Tensor *a = normal(tape, 3, (int[]){1, LENGTH, 3 * WIDTH}, "qkv"), *b = tensor_like(a);
    for (int changed = 1; changed < LENGTH; changed++) {
        memcpy(b->value, a->value, a->size * sizeof(real));
        for (size_t i = (size_t)changed * 3 * WIDTH; i < b->size; i++)
            b->value[i] += 1;
        Tensor *before = tensor_attention_packed(a, 3, true, NULL);
        Tensor *after = tensor_attention_packed(b, 3, true, NULL);
        size_t same = (size_t)changed * WIDTH;
        CU_ASSERT(memcmp(before->value, after->value, same * sizeof(real)) == 0);
        CU_ASSERT(before->value[same] != after->value[same]);
    }
    tape_free(tape);
}

static void test_norms(void)
{
    enum { GROUPS = 3, CHANNELS = 12 };
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = normal(tape, 4, (int[]){4, 5, 3, CHANNELS}, "x");
    Tensor *gain = normal(tape, 1, (int[]){CHANNELS}, "gain");
    Tensor *bias = normal(tape, 1, (int[]){CHANNELS}, "bias");
    Tensor *groups = tensor_permute(tensor_reshape(x, 4, (int[]){4, 15, GROUPS, CHANNELS / GROUPS}),
                                    (int[]){0, 2, 1, 3});
    Tensor *flat = tensor_reshape(groups, 2, (int[]){4 * GROUPS, -1});
    Tensor *off = tensor_sub(flat, tensor_mean_axis(flat, 1));
    Tensor *variance = tensor_mean_axis(tensor_square(off), 1);
    Tensor *unit = tensor_div(off, tensor_sqrt(tensor_shift(variance, 1e-5)));
    Tensor *back = tensor_permute(
        tensor_reshape(unit, 4, (int[]){4, GROUPS, 15, CHANNELS / GROUPS}), (int[]){0, 2, 1, 3});
    Tensor *rows = tensor_reshape(back, 2, (int[]){-1, CHANNELS});
    Tensor *line = tensor_add(tensor_mul(rows, tensor_reshape(gain, 2, (int[]){1, CHANNELS})),
                              tensor_reshape(bias, 2, (int[]){1, CHANNELS}));
    Tensor *z = tensor_group_norm(x, gain, bias, GROUPS);
    CU_ASSERT(gap(z, line) < 1e-12);
    CU_ASSERT(gap(tensor_group_norm_silu(x, gain, bias, GROUPS), tensor_silu(z)) < 1e-14);
    CU_ASSERT(gap(tensor_layer_norm(flat, tensor_fill(tape, 1, (int[]){60}, 1),
                                    tensor_fill(tape, 1, (int[]){60}, 0)),
                  tensor_group_norm(flat, tensor_fill(tape, 1, (int[]){60}, 1),
                                    tensor_fill(tape, 1, (int[]){60}, 0), 1)) < 1e-12);
    tape_free(tape);
}

/* Numbers 0, 1, 2 ... of a 4 x 4 image of one channel, where every result can be read off. */
static void test_resampling(void)
{
    static const real folded[16] = {0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15};
    static const real pooled[4] = {2.5, 4.5, 10.5, 12.5};
    Tape *tape = tape_create(&kernels_portable);
    Tensor *x = tensor_new(tape, 4, (int[]){1, 4, 4, 1});
    for (int i = 0; i < 16; i++)
        x->value[i] = i;
    Tensor *cells = tensor_space_to_depth(x, 2);
    CU_ASSERT(cells->shape[1] == 2 && cells->shape[2] == 2 && cells->shape[3] == 4);
    CU_ASSERT(memcmp(cells->value, folded, sizeof folded) == 0);
    Tensor *again = tensor_depth_to_space(cells, 2);
    CU_ASSERT(tensor_same_shape(again, x) && memcmp(again->value, x->value, sizeof folded) == 0);
    Tensor *small = tensor_average_pool(x, 2);
    CU_ASSERT(memcmp(small->value, pooled, sizeof pooled) == 0);
    Tensor *large = tensor_upsample(small, 2);
    for (int i = 0; i < 16; i++)
        CU_ASSERT_EQUAL(large->value[i], pooled[i / 8 * 2 + i % 4 / 2]);
    CU_ASSERT(gap(tensor_average_pool(large, 2), small) == 0);
    Tensor *colours = normal(tape, 4, (int[]){2, 6, 9, 5}, "colours");
    CU_ASSERT(gap(tensor_depth_to_space(tensor_space_to_depth(colours, 3), 3), colours) == 0);
    tape_free(tape);
}

const Suite suite = {"tensor/dense operations",
                     {{"attention is its composition", test_attention},
                      {"masked keys, packed operands", test_masked_and_packed},
                      {"a later position changes no earlier one", test_causal},
                      {"norms are their composition", test_norms},
                      {"resampling by hand", test_resampling},
                      {NULL, NULL}}};
