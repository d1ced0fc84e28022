/* Planted mistakes in normalisation, resampling and attention, each of a kind that is easily made:
 * the check that passes the library's operation must reject it. */
#include "tensor/gradient_check.h"
#include "tensor/op.h"

/* ---------------------------------------------------------------- statistics taken for constants
 */

static void norm_backward_frozen(Tensor *y)
{
    Tensor *x = y->parent[0], *gain = y->parent[1];
    int c = tensor_columns(x);
    Grad g = grad_open(x);
    for (size_t i = 0; g.data != NULL && i < x->size; i++) {
        const real *row = x->value + i / (size_t)c * (size_t)c;
        double mean = 0, variance = 0;
        for (int j = 0; j < c; j++)
            mean += row[j] / c;
        for (int j = 0; j < c; j++)
            variance += (row[j] - mean) * (row[j] - mean) / c;
        double slope = gain->value[i % (size_t)c] / sqrt(variance + 1e-5);
        g.data[i] = grad_kept(g.data, g.add, i) + slope * y->grad[i];
    }
    Tensor *copy = tensor_from(x->tape, x->rank, x->shape, x->value), *one, *zero;
    one = tensor_fill(x->tape, 1, &c, 1);
    zero = tensor_fill(x->tape, 1, &c, 0);
    const Tensor *unit = tensor_layer_norm(copy, one, zero);
    for (int p = 1; p < 3; p++) { /* gain and bias are right */
        Grad line = grad_open(y->parent[p]);
        for (int j = 0; line.data != NULL && j < c; j++) {
            double sum = 0;
            for (size_t i = (size_t)j; i < x->size; i += (size_t)c)
                sum += y->grad[i] * (p == 1 ? unit->value[i] : 1);
            line.data[j] = grad_kept(line.data, line.add, (size_t)j) + sum;
        }
    }
}

static const Op norm_frozen = {"norm_frozen", norm_backward_frozen, NULL};

static Tensor *wrong_norm(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *y = op_result(&norm_frozen, in[0]->rank, in[0]->shape, 3, in);
    bool was = tape_record(y->tape, false);
    memcpy(y->value, tensor_layer_norm(in[0], in[1], in[2])->value, y->size * sizeof(real));
    tape_record(y->tape, was);
    return y;
}

static Tensor *right_norm(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_layer_norm(in[0], in[1], in[2]);
}

/* ---------------------------------------------------------------- a mean without its 1 / f^2 */

static void pool_backward_unscaled(Tensor *y)
{
    Tensor *x = y->parent[0];
    Grad g = grad_open(x);
    const Tensor *spread = tensor_upsample(tensor_from(y->tape, 4, y->shape, y->grad), 2);
    for (size_t i = 0; i < x->size; i++)
        g.data[i] = grad_kept(g.data, g.add, i) + spread->value[i];
}

static const Op pool_unscaled = {"pool_unscaled", pool_backward_unscaled, NULL};

static Tensor *wrong_pool(Tensor *const *in, int arg)
{
    (void)arg;
    const Tensor *right = tensor_average_pool(tensor_detach(in[0]), 2);
    Tensor *y = op_result(&pool_unscaled, 4, right->shape, 1, in);
    memcpy(y->value, right->value, y->size * sizeof(real));
    return y;
}

static Tensor *right_pool(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_average_pool(in[0], 2);
}

/* ---------------------------------------------------------------- one pixel for the whole block */

static void upsample_backward_first(Tensor *y)
{
    Tensor *x = y->parent[0];
    int h = x->shape[1], w = x->shape[2], c = x->shape[3];
    Grad g = grad_open(x);
    for (size_t i = 0; i < x->size; i++) {
        size_t k = i % (size_t)c, pixel = i / (size_t)c, column = pixel % (size_t)w;
        size_t row = pixel / (size_t)w % (size_t)h, n = pixel / (size_t)w / (size_t)h;
        size_t at = ((n * 2 * (size_t)h + 2 * row) * 2 * (size_t)w + 2 * column) * (size_t)c + k;
        g.data[i] = grad_kept(g.data, g.add, i) + y->grad[at];
    }
}

static const Op upsample_first = {"upsample_first", upsample_backward_first, NULL};

static Tensor *wrong_upsample(Tensor *const *in, int arg)
{
    (void)arg;
    const Tensor *right = tensor_upsample(tensor_detach(in[0]), 2);
    Tensor *y = op_result(&upsample_first, 4, right->shape, 1, in);
    memcpy(y->value, right->value, y->size * sizeof(real));
    return y;
}

static Tensor *right_upsample(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_upsample(in[0], 2);
}

/* ---------------------------------------------------------------- blocks turned the wrong way */

static void depth_backward_turned(Tensor *y)
{
    Tensor *x = y->parent[0];
    Grad g = grad_open(x);
    Tensor *dy = tensor_from(y->tape, 4, y->shape, y->grad);
    Tensor *six = tensor_reshape(dy, 5, (int[]){-1, y->shape[2], 2, 2, x->shape[3]});
    Tensor *turned = tensor_permute(six, (int[]){0, 1, 3, 2, 4}); /* rows and columns of a block */
    const Tensor *fine = tensor_depth_to_space(tensor_reshape(turned, 4, y->shape), 2);
    for (size_t i = 0; i < x->size; i++)
        g.data[i] = grad_kept(g.data, g.add, i) + fine->value[i];
}

static const Op depth_turned = {"depth_turned", depth_backward_turned, NULL};

static Tensor *wrong_depth(Tensor *const *in, int arg)
{
    (void)arg;
    const Tensor *right = tensor_space_to_depth(tensor_detach(in[0]), 2);
    Tensor *y = op_result(&depth_turned, 4, right->shape, 1, in);
    memcpy(y->value, right->value, y->size * sizeof(real));
    return y;
}

static Tensor *right_depth(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_space_to_depth(in[0], 2);
}

/* ---------------------------------------------------------------- attention whose weights are
 * constants: values learn, queries and keys get nothing */

static Tensor *wrong_attention(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *q = tensor_detach(in[0]), *k = tensor_detach(in[1]);
    Tensor *y = tensor_attention(q, k, in[2], 2, false, NULL);
    Tensor *none = tensor_scale(tensor_add(in[0], in[1]), 0);
    return tensor_add(y, none);
}

static Tensor *right_attention(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_attention(in[0], in[1], in[2], 2, false, NULL);
}

/* ---------------------------------------------------------------- the verdicts */

typedef struct Planted {
    const char *mistake;
    CheckBuild right;
    CheckRow row; /* of the wrong one */
} Planted;

static const Planted planted[] = {
    {"statistics taken for constants",
     right_norm,
     {"norm", "planted", wrong_norm, 0, -2, 2, 3, {{2, {3, 5}}, {1, {5}}, {1, {5}}}}},
    {"a mean without its factor",
     right_pool,
     {"pool", "planted", wrong_pool, 0, -2, 2, 1, {{4, {2, 4, 2, 3}}}}},
    {"one pixel for the whole block",
     right_upsample,
     {"upsample", "planted", wrong_upsample, 0, -2, 2, 1, {{4, {2, 2, 3, 2}}}}},
    {"rows and columns of a block exchanged",
     right_depth,
     {"depth", "planted", wrong_depth, 0, -2, 2, 1, {{4, {1, 4, 4, 2}}}}},
    {"attention weights taken for constants",
     right_attention,
     {"attention",
      "planted",
      wrong_attention,
      0,
      -2,
      2,
      3,
      {{3, {2, 3, 4}}, {3, {2, 3, 4}}, {3, {2, 3, 4}}}}},
};

enum { PLANTED = sizeof planted / sizeof *planted };

static void test_rejected(void)
{
    for (int i = 0; i < PLANTED; i++) {
        double gap = check_reverse(&planted[i].row);
        if (gap < CHECK_GAP)
            printf("\n    %s was not found: gap %.3g\n", planted[i].mistake, gap);
        CU_ASSERT(!(gap < CHECK_GAP));
    }
}

static void test_right_twin_passes(void)
{
    for (int i = 0; i < PLANTED; i++) {
        CheckRow row = planted[i].row;
        row.build = planted[i].right;
        check_table(&row, 1, check_reverse);
    }
}

const Suite suite = {"tensor/planted mistakes in normalisation, images and attention",
                     {{"every mistake is rejected", test_rejected},
                      {"its right twin passes", test_right_twin_passes},
                      {NULL, NULL}}};
