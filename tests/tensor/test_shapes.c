/* What stops the program in the operations that compute, in making leaves and in sweeps. */
#include "tensor/op.h"
#include "tensor/shape_cases.h"

static void add(Tensor *left, Tensor *right)
{
    tensor_add(left, right);
}

static void sub(Tensor *left, Tensor *right)
{
    tensor_sub(left, right);
}

static void mul(Tensor *left, Tensor *right)
{
    tensor_mul(left, right);
}

static void divide(Tensor *left, Tensor *right)
{
    tensor_div(left, right);
}

static const ShapeCase pair_case[] = {
    {2,
     {2, 3},
     2,
     {3, 2},
     add,
     "add: 'left' is [2, 3] and 'right' is [3, 2]; both need the same number of dimensions, each "
     "equal or 1 on one side (tensor_reshape)"},
    {2,
     {8, 1},
     1,
     {8},
     sub,
     "sub: 'left' is [8, 1] and 'right' is [8]; both need the same number of dimensions, each "
     "equal or 1 on one side (tensor_reshape)"},
    {3,
     {2, 1, 4},
     3,
     {2, 3, 2},
     mul,
     "mul: 'left' is [2, 1, 4] and 'right' is [2, 3, 2]; both need the same number of dimensions, "
     "each equal or 1 on one side (tensor_reshape)"},
    {1,
     {1},
     2,
     {1, 1},
     divide,
     "div: 'left' is [1] and 'right' is [1, 1]; both need the same number of dimensions, each "
     "equal or 1 on one side (tensor_reshape)"},
};

static void clamp(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_clamp(left, 1, 0);
}

static void sum_axis(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_sum_axis(left, 2);
}

static void mean_axis(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_mean_axis(left, -1);
}

static void label_high(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_cross_entropy(left, (int[]){2, 3});
}

static void label_low(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_cross_entropy(left, (int[]){-1, 0});
}

static const ShapeCase single_case[] = {
    {2, {2, 7}, 0, {0}, clamp, "clamp: 'left' is [2, 7]; the lower bound lies above the upper one"},
    {2,
     {2, 7},
     0,
     {0},
     sum_axis,
     "sum_axis: 'left' is [2, 7]; the axis lies outside its dimensions (the first is 0)"},
    {2,
     {2, 7},
     0,
     {0},
     mean_axis,
     "sum_axis: 'left' is [2, 7]; the axis lies outside its dimensions (the first is 0)"},
    {2, {2, 3}, 0, {0}, label_high, "cross_entropy: label 3 of row 1; 'left' has classes 0 .. 2"},
    {2, {2, 3}, 0, {0}, label_low, "cross_entropy: label -1 of row 0; 'left' has classes 0 .. 2"},
};

static void matmul(Tensor *left, Tensor *right)
{
    tensor_matmul(left, right);
}

static void matmul_transposed(Tensor *left, Tensor *right)
{
    tensor_matmul_transposed(left, right);
}

static void linear(Tensor *left, Tensor *right)
{
    tensor_linear(left, right, NULL, ACTIVATION_NONE);
}

static void linear_bias(Tensor *left, Tensor *right)
{
    Tensor *x = tensor_fill(left->tape, 2, (int[]){2, 3}, 0);
    tensor_linear(x, left, right, ACTIVATION_TANH);
}

static const ShapeCase product_case[] = {
    {2,
     {2, 7},
     2,
     {8, 4},
     matmul,
     "matmul: 'left' is [2, 7] and 'right' is [8, 4]; columns of the first must equal rows of the "
     "second"},
    {2,
     {2, 7},
     2,
     {7, 4},
     matmul_transposed,
     "matmul: 'left' is [2, 7] and 'right' is [7, 4]; columns of the first must equal columns of "
     "the second (A B^T)"},
    {2,
     {2, 3},
     3,
     {1, 3, 2},
     matmul,
     "matmul: 'left' is [2, 3] and 'right' is [1, 3, 2]; both must be matrices, or both batches of "
     "matrices"},
    {1,
     {3},
     1,
     {3},
     matmul,
     "matmul: 'left' is [3] and 'right' is [3]; both must be matrices, or both batches of "
     "matrices"},
    {3,
     {2, 3, 4},
     3,
     {3, 4, 2},
     matmul,
     "matmul: 'left' is [2, 3, 4] and 'right' is [3, 4, 2]; the batches (first dimension) must be "
     "equal"},
    {2,
     {2, 7},
     2,
     {8, 4},
     linear,
     "linear: 'left' is [2, 7] and 'right' is [8, 4]; columns of the first must equal rows of the "
     "weight [in, out]"},
    {2,
     {2, 4},
     1,
     {4},
     linear,
     "linear: 'left' is [2, 4] and 'right' is [4]; columns of the first must equal rows of the "
     "weight [in, out]"},
    {2,
     {3, 4},
     1,
     {3},
     linear_bias,
     "linear: 'left' is [3, 4] and 'right' is [3]; the bias must have one number for each column "
     "of the weight"},
    {2,
     {3, 4},
     2,
     {1, 4},
     linear_bias,
     "linear: 'left' is [3, 4] and 'right' is [1, 4]; the bias must have one number for each "
     "column of the weight"},
};

static void make_rank_6(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_new(left->tape, 6, (int[]){1, 1, 1, 1, 1, 1});
}

static void make_empty(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_fill(left->tape, 2, (int[]){3, 0}, 1);
}

static void item(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_item(left);
}

static void watch(Tensor *left, Tensor *right)
{
    (void)right;
    tensor_watch(tensor_name(tensor_square(left), "result"));
}

static void unbound(Tensor *left, Tensor *right)
{
    left->tape = NULL;
    right->tape = NULL;
    tensor_add(left, right);
}

static void direction(Tensor *left, Tensor *right)
{
    tape_tangent(tensor_square(left), left, right);
}

static void tangent_unwatched(Tensor *left, Tensor *right)
{
    tape_tangent(tensor_mul(left, right), right, right);
}

static void gradient_unwatched(Tensor *left, Tensor *right)
{
    Tensor *gradient;
    tape_gradient(tensor_sum(tensor_mul(left, right)), NULL, &right, 1, &gradient);
}

static void no_tangent_rule(Tensor *left, Tensor *right)
{
    static const Op plain = {"plain", NULL, NULL};
    tape_tangent(op_unary_result(&plain, left), left, right);
}

static const ShapeCase tape_case[] = {
    {1, {1}, 0, {0}, make_rank_6, "tensor: a tensor has 1 to 5 dimensions, not 6"},
    {1,
     {1},
     0,
     {0},
     make_empty,
     "tensor: dimension 1 of a result would be 0; every dimension is at least 1"},
    {2, {2, 1}, 0, {0}, item, "tensor_item: 'left' is [2, 1]; it must hold one number"},
    {1,
     {3},
     0,
     {0},
     watch,
     "tensor_watch: 'result' is [3]; only a leaf can be watched; it is the result of an operation"},
    {1, {3}, 1, {3}, unbound, "add: 'left' is on no tape; bind the weights first (params_bind)"},
    {2,
     {2, 3},
     2,
     {3, 2},
     direction,
     "tangent: 'left' is [2, 3] and 'right' is [3, 2]; a direction has the shape of what it moves"},
    {1,
     {3},
     1,
     {3},
     tangent_unwatched,
     "tangent: 'right' needs no gradient, so its history is not kept (tensor_watch it first)"},
    {1,
     {3},
     1,
     {3},
     gradient_unwatched,
     "tape_gradient: 'right' is [3]; it wants no gradient (tensor_watch it first)"},
    {1, {3}, 1, {3}, no_tangent_rule, "tangent: 'plain' has no rule for forward mode"},
};

static void test_pairs(void)
{
    shape_cases_check(SHAPE_CASES(pair_case));
}

static void test_singles(void)
{
    shape_cases_check(SHAPE_CASES(single_case));
}

static void test_products(void)
{
    shape_cases_check(SHAPE_CASES(product_case));
}

static void test_tape(void)
{
    shape_cases_check(SHAPE_CASES(tape_case));
}

/* The cases above would prove nothing if any call ended like this. */
static void right_shapes(Tensor *left, Tensor *right)
{
    tensor_add(left, right);
    tensor_linear(left, tensor_fill(left->tape, 2, (int[]){3, 2}, 0), NULL, ACTIVATION_NONE);
}

static void test_right_shapes_pass(void)
{
    ShapeCase fine = {2, {2, 3}, 2, {1, 3}, right_shapes, ""};
    ChildResult result = child_run(shape_case_run, &fine);
    CU_ASSERT(child_said(&result, 0, "") && strlen(result.text) == 0);
}

static void test_shape_text(void)
{
    Tape *tape = tape_create(&kernels_portable);
    char text[TENSOR_SHAPE_TEXT];
    Tensor *a = tensor_new(tape, 1, (int[]){7});
    CU_ASSERT_STRING_EQUAL(tensor_shape_text(a, text), "[7]");
    CU_ASSERT(tensor_rows(a) == 1 && tensor_columns(a) == 7);
    Tensor *b = tensor_new(tape, 5, (int[]){2, 1, 3, 1, 4});
    CU_ASSERT_STRING_EQUAL(tensor_shape_text(b, text), "[2, 1, 3, 1, 4]");
    CU_ASSERT(tensor_rows(b) == 6 && tensor_columns(b) == 4 && b->size == 24);
    CU_ASSERT(tensor_same_shape(b, tensor_like(b)) && !tensor_same_shape(a, b));
    CU_ASSERT(!tensor_same_shape(a, tensor_new_matrix(tape, 1, 7)));
    for (int i = 0; i < 5; i++) /* too large to hold, but a shape all the same */
        b->shape[i] = 2147483647;
    CU_ASSERT_STRING_EQUAL(tensor_shape_text(b, text),
                           "[2147483647, 2147483647, 2147483647, 2147483647, 2147483647]");
    tape_free(tape);
}

const Suite suite = {"tensor/shapes",
                     {{"two operands", test_pairs},
                      {"one operand", test_singles},
                      {"products", test_products},
                      {"leaves and sweeps", test_tape},
                      {"right shapes pass", test_right_shapes_pass},
                      {"a shape as text", test_shape_text},
                      {NULL, NULL}}};
