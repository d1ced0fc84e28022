/* Planted mistakes: operations defined here with a wrong rule, each of a kind that is easily made.
 * The checks that pass the library's operations must reject every one of them, and pass its right
 * twin on the same inputs. */
#include "tensor/gradient_check.h"
#include "tensor/op.h"

/* ---------------------------------------------------------------- a wrong factor */

static void square_backward_without_2(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a.data, a.add, i) + y->parent[0]->value[i] * y->grad[i];
}

static const Op square_without_2 = {"square_without_2", square_backward_without_2, NULL};

static Tensor *wrong_factor(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *y = op_unary_result(&square_without_2, in[0]);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = in[0]->value[i] * in[0]->value[i];
    return y;
}

static Tensor *right_square(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_square(in[0]);
}

/* ---------------------------------------------------------------- = for += */

static void scale_backward_overwrites(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = 3 * y->grad[i];
}

static const Op scale_overwrites = {"scale_overwrites", scale_backward_overwrites, NULL};

static Tensor *wrong_assignment(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *y = op_unary_result(&scale_overwrites, in[0]);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = 3 * in[0]->value[i];
    return y;
}

static Tensor *right_scale(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_scale(in[0], 3);
}

/* ---------------------------------------------------------------- += onto what was never written
 */

static void scale_backward_adds_always(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    for (size_t i = 0; i < y->size; i++)
        a.data[i] += 3 * y->grad[i];
}

static const Op scale_adds_always = {"scale_adds_always", scale_backward_adds_always, NULL};

static Tensor *wrong_start(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *y = op_unary_result(&scale_adds_always, in[0]);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = 3 * in[0]->value[i];
    return y;
}

/* ---------------------------------------------------------------- a gradient nobody asked for */

static void mul_backward_to_all(Tensor *y)
{
    for (int p = 0; p < 2; p++) {
        Tensor *parent = y->parent[p];
        if (parent->grad == NULL)
            parent->grad = op_memory(y, parent->size, sizeof(real));
        for (size_t i = 0; i < y->size; i++)
            parent->grad[i] =
                (parent->has_grad ? parent->grad[i] : 0) + y->grad[i] * y->parent[1 - p]->value[i];
        parent->has_grad = true;
    }
}

static const Op mul_to_all = {"mul_to_all", mul_backward_to_all, NULL};

static Tensor *wrong_receiver(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *y = op_result(&mul_to_all, in[0]->rank, in[0]->shape, 2, in);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = in[0]->value[i] * in[1]->value[i];
    return y;
}

static Tensor *right_mul(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_mul(in[0], in[1]);
}

/* ---------------------------------------------------------------- tanh' = 1 - Y */

static void tanh_backward_unsquared(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a.data, a.add, i) + (1 - y->value[i]) * y->grad[i];
}

static const Op tanh_unsquared = {"tanh_unsquared", tanh_backward_unsquared, NULL};

static Tensor *wrong_tanh(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *y = op_unary_result(&tanh_unsquared, in[0]);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = tanh(in[0]->value[i]);
    return y;
}

static Tensor *right_tanh(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_tanh(in[0]);
}

/* ---------------------------------------------------------------- A' += C' B instead of C' B^T */

static void matmul_backward_transposed(Tensor *c)
{
    Tensor *a = c->parent[0], *b = c->parent[1];
    int n = c->shape[0];
    Grad ga = grad_open(a);
    if (ga.data != NULL)
        op_gemm(c->tape, (Gemm){n, n, n, c->grad, b->value, ga.data, false, false, ga.add});
    Grad gb = grad_open(b);
    if (gb.data != NULL)
        op_gemm(c->tape, (Gemm){n, n, n, a->value, c->grad, gb.data, true, false, gb.add});
}

static const Op matmul_transposed = {"matmul_transposed", matmul_backward_transposed, NULL};

static Tensor *wrong_matmul(Tensor *const *in, int arg)
{
    (void)arg;
    int n = in[0]->shape[0];
    Tensor *c = op_result(&matmul_transposed, 2, in[0]->shape, 2, in);
    op_gemm(c->tape, (Gemm){n, n, n, in[0]->value, in[1]->value, c->value, false, false, false});
    return c;
}

static Tensor *right_matmul(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_matmul(in[0], in[1]);
}

/* ---------------------------------------------------------------- a broadcast row not summed */

static void add_row_backward_last(Tensor *y)
{
    size_t d = y->parent[1]->size;
    Grad a = grad_open(y->parent[0]);
    for (size_t i = 0; a.data != NULL && i < y->size; i++)
        a.data[i] = grad_kept(a.data, a.add, i) + y->grad[i];
    Grad row = grad_open(y->parent[1]);
    for (size_t j = 0; row.data != NULL && j < d; j++)
        row.data[j] = grad_kept(row.data, row.add, j) + y->grad[y->size - d + j];
}

static const Op add_row_last = {"add_row_last", add_row_backward_last, NULL};

static Tensor *wrong_broadcast(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *y = op_result(&add_row_last, 2, in[0]->shape, 2, in);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = in[0]->value[i] + in[1]->value[i % in[1]->size];
    return y;
}

static Tensor *right_broadcast(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_add(in[0], in[1]);
}

/* ---------------------------------------------------------------- softmax without its sum */

static void softmax_backward_diagonal(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a.data, a.add, i) + y->value[i] * y->grad[i];
}

static const Op softmax_diagonal = {"softmax_diagonal", softmax_backward_diagonal, NULL};

static Tensor *wrong_softmax(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *y = op_unary_result(&softmax_diagonal, in[0]);
    memcpy(y->value, tensor_softmax(in[0])->value, y->size * sizeof *y->value);
    return y;
}

static Tensor *right_softmax(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_softmax(in[0]);
}

/* ---------------------------------------------------------------- a NaN */

static void scale_backward_nan(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a.data, a.add, i) + (i == 0 ? NAN : 3 * y->grad[i]);
}

static const Op scale_nan = {"scale_nan", scale_backward_nan, NULL};

static Tensor *wrong_number(Tensor *const *in, int arg)
{
    (void)arg;
    Tensor *y = op_unary_result(&scale_nan, in[0]);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = 3 * in[0]->value[i];
    return y;
}

/* ---------------------------------------------------------------- wrong tangents of exp */

static void exp_backward(Tensor *y)
{
    Grad a = grad_open(y->parent[0]);
    for (size_t i = 0; i < y->size; i++)
        a.data[i] = grad_kept(a.data, a.add, i) + y->value[i] * y->grad[i];
}

static Tensor *exp_tangent_without_y(Tensor *y, Tensor *const *da)
{
    (void)y;
    return tensor_scale(da[0], 1);
}

/* Right in value; but that Y depends on A is forgotten, so the second derivative is wrong. */
static Tensor *exp_tangent_frozen(Tensor *y, Tensor *const *da)
{
    return tensor_mul(tensor_detach(y), da[0]);
}

static const Op exp_without_y = {"exp_without_y", exp_backward, exp_tangent_without_y};
static const Op exp_frozen = {"exp_frozen", exp_backward, exp_tangent_frozen};

static Tensor *wrong_exp(Tensor *const *in, int frozen)
{
    Tensor *y = op_unary_result(frozen ? &exp_frozen : &exp_without_y, in[0]);
    for (size_t i = 0; i < y->size; i++)
        y->value[i] = exp(in[0]->value[i]);
    return y;
}

static Tensor *right_exp(Tensor *const *in, int arg)
{
    (void)arg;
    return tensor_exp(in[0]);
}

/* ---------------------------------------------------------------- the verdicts */

typedef struct Planted {
    const char *mistake;
    CheckBuild right;
    double (*check)(const CheckRow *row); /* what must find it */
    CheckRow row;                         /* of the wrong one  */
} Planted;

static const Planted planted[] = {
    {"a factor of 2 forgotten",
     right_square,
     check_reverse,
     {"square", "planted", wrong_factor, 0, -2, 2, 1, {{2, {3, 4}}}}},
    {"= for +=",
     right_scale,
     check_shared,
     {"scale", "planted", wrong_assignment, 0, -2, 2, 1, {{2, {3, 4}}}}},
    {"+= onto what was never written",
     right_scale,
     check_reverse,
     {"scale", "planted", wrong_start, 0, -2, 2, 1, {{2, {3, 4}}}}},
    {"a gradient nobody asked for",
     right_mul,
     check_alone,
     {"mul", "planted", wrong_receiver, 0, -2, 2, 2, {{2, {3, 4}}, {2, {3, 4}}}}},
    {"tanh' = 1 - Y",
     right_tanh,
     check_reverse,
     {"tanh", "planted", wrong_tanh, 0, -2, 2, 1, {{2, {3, 4}}}}},
    {"A' += C' B",
     right_matmul,
     check_reverse,
     {"matmul", "planted", wrong_matmul, 0, -2, 2, 2, {{2, {3, 3}}, {2, {3, 3}}}}},
    {"a broadcast row not summed",
     right_broadcast,
     check_reverse,
     {"add", "planted", wrong_broadcast, 0, -2, 2, 2, {{2, {3, 4}}, {2, {1, 4}}}}},
    {"softmax without its sum",
     right_softmax,
     check_reverse,
     {"softmax", "planted", wrong_softmax, 0, -2, 2, 1, {{2, {3, 4}}}}},
    {"a NaN in a gradient",
     right_scale,
     check_reverse,
     {"scale", "planted", wrong_number, 0, -2, 2, 1, {{2, {3, 4}}}}},
    {"exp' = 1 in forward mode",
     right_exp,
     check_forward,
     {"exp", "planted", wrong_exp, 0, -2, 2, 1, {{2, {3, 4}}}}},
    {"a tangent without its history",
     right_exp,
     check_second,
     {"exp", "planted", wrong_exp, 1, -2, 2, 1, {{2, {3, 4}}}}},
};

enum { PLANTED = sizeof planted / sizeof *planted };

static void test_rejected(void)
{
    for (int i = 0; i < PLANTED; i++) {
        double gap = planted[i].check(&planted[i].row);
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
        check_table(&row, 1, planted[i].check);
    }
}

/* Some mistakes only one of the checks can see: it is not the others that find them. */
static void test_why_five_checks(void)
{
    CheckRow overwrites = {"scale", "=", wrong_assignment, 0, -2, 2, 1, {{2, {3, 4}}}};
    CU_ASSERT(check_reverse(&overwrites) < CHECK_GAP);
    CheckRow receiver = {"mul", "all", wrong_receiver, 0, -2, 2, 2, {{1, {4}}, {1, {4}}}};
    CU_ASSERT(check_reverse(&receiver) < CHECK_GAP);
    CU_ASSERT(check_shared(&receiver) < CHECK_GAP);
    CheckRow without_y = {"exp", "1", wrong_exp, 0, -2, 2, 1, {{2, {3, 4}}}};
    CU_ASSERT(check_reverse(&without_y) < CHECK_GAP);
    CheckRow frozen = {"exp", "frozen", wrong_exp, 1, -2, 2, 1, {{2, {3, 4}}}};
    CU_ASSERT(check_reverse(&frozen) < CHECK_GAP);
    CU_ASSERT(check_forward(&frozen) < CHECK_GAP);
}

const Suite suite = {"tensor/planted mistakes",
                     {{"every mistake is rejected", test_rejected},
                      {"its right twin passes", test_right_twin_passes},
                      {"why there are five checks", test_why_five_checks},
                      {NULL, NULL}}};
